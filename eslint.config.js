import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Names that only some hosts have, and why the package must do without. */
const hostGlobals = [
  'window',
  'document',
  'navigator',
  'process',
  'Buffer',
  'performance',
  'fetch',
  'setTimeout',
  'console',
];
const without = (names, why) => ({
  'no-restricted-globals': ['error', ...names.map((name) => ({ name, message: why }))],
});

/** A value that is said to be of a type that it cannot be: type it properly, or read it (`untrusted`). */
const noCastThroughUnknown = {
  selector: 'TSAsExpression > TSAsExpression[typeAnnotation.type="TSUnknownKeyword"]',
  message: 'type the value as what it is, or read it with the readers of @procache/core/untrusted',
};

const noDeepImports = {
  group: ['@procache/*/src', '@procache/*/src/*', '@procache/*/dist/*', '../../*/src/*'],
  message: 'import what the package exports from its root',
};
/** Import fences: `package` may depend on nothing of the family but `allowed` (ARCHITECTURE.md, "Packages"). */
const fence = (folder, forbidden) => ({
  files: [`${folder.includes('/') ? folder : `packages/${folder}`}/src/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          noDeepImports,
          { group: forbidden, message: `${folder} does not depend on this; see ARCHITECTURE.md` },
        ],
      },
    ],
  },
});

export default tseslint.config(
  {
    ignores: ['**/dist/**', '**/node_modules/**', '**/fixtures/**', '.turbo/**', 'tools/**', 'out/**', 'reference/**'],
  },
  js.configs.recommended,
  { files: ['**/*.{ts,js,mjs}'], rules: { 'max-len': ['error', { code: 120, ignoreUrls: true }] } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['vitest.config.ts'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-non-null-assertion': 'off', // typed arrays under noUncheckedIndexedAccess need `!`
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      'no-restricted-syntax': [
        'error',
        { selector: 'TSEnumDeclaration', message: 'use a union of string literals' },
        { selector: 'ExportAllDeclaration', message: 'the index is a table of contents: export by name' },
        { selector: 'ExportDefaultDeclaration', message: 'export by name' },
        noCastThroughUnknown,
      ],
      'no-restricted-imports': ['error', { patterns: [noDeepImports] }],
      'max-lines': ['error', { max: 250, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true }],
      complexity: ['error', 12],
      'max-depth': ['error', 3],
      'max-params': ['error', 5],
    },
  },
  fence('core', ['@procache/*', 'onnxruntime-*', 'node:*']),
  fence('metrics', ['@procache/*', 'onnxruntime-*', 'node:*']),
  fence('text', ['@procache/*', 'onnxruntime-*', 'node:*']),
  fence('pictures', ['@procache/*', '!@procache/core', '!@procache/text', 'onnxruntime-*', 'node:*']),
  fence('compare', [
    '@procache/*',
    '!@procache/core',
    '!@procache/metrics',
    '!@procache/text',
    'onnxruntime-*',
    'node:*',
  ]),
  fence('files', ['@procache/*', '!@procache/core', 'onnxruntime-*']),
  fence('pipeline', ['@procache/*', '!@procache/core', '!@procache/model', 'onnxruntime-*', 'node:*']),
  fence('report', ['@procache/{backend-*,model,ort,files,zoo,pipeline}', 'onnxruntime-*', 'node:*']),
  fence('search', ['@procache/*', '!@procache/core', 'onnxruntime-*', 'node:*']),
  fence('objectives', ['@procache/backend-*', '@procache/ort', 'onnxruntime-*', 'node:*']),
  fence('model', ['@procache/backend-*', '@procache/ort', 'onnxruntime-*', 'node:*']),
  fence('apps/cli', ['onnxruntime-*']),
  fence('ort', ['@procache/backend-*', 'onnxruntime-node', 'onnxruntime-web', 'node:*']),
  {
    files: ['packages/{core,search,metrics,compare,objectives,pictures,pipeline,report,text}/src/**/*.ts'],
    rules: without([...hostGlobals, 'Date'], 'clock, files, host and output are arguments here'),
  },
  {
    files: ['packages/{model,ort}/src/**/*.ts'],
    rules: without(hostGlobals, 'this package runs in Node and in the browser: take it as an argument'),
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } },
  },
  {
    files: ['**/*.test.ts', 'packages/conformance/src/**/*.ts', 'vitest.config.ts'],
    rules: {
      'max-lines': 'off',
      'max-lines-per-function': 'off',
      complexity: 'off',
      'no-restricted-globals': 'off',
      'no-restricted-imports': 'off',
      'no-restricted-syntax': ['error', noCastThroughUnknown],
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
    },
  },
);
