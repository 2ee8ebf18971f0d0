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
/**
 * A fence around a package: of the family it may import `allowed` alone, and nothing of `hosts` (ARCHITECTURE.md,
 * "Packages").
 */
const fence = (name, allowed, hosts = ['onnxruntime-*', 'node:*']) => ({
  files: [`packages/${name}/src/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          noDeepImports,
          {
            group: ['@procache/*', ...allowed.map((other) => `!@procache/${other}`), ...hosts],
            message: `${name} does not depend on this; see ARCHITECTURE.md`,
          },
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
  fence('core', []),
  fence('metrics', []),
  fence('text', []),
  fence('zoo', [], ['onnxruntime-*']),
  fence('search', ['core']),
  fence('pictures', ['core', 'text']),
  fence('compare', ['core', 'metrics', 'text']),
  fence('objectives', ['core', 'metrics', 'model', 'search']),
  fence('report', ['core', 'pictures', 'search', 'text']),
  fence('pipeline', ['core', 'model']),
  fence('files', ['core'], ['onnxruntime-*']),
  fence('model', ['core']),
  fence('tokenizer', ['core']),
  fence('ort', ['core', 'model'], ['onnxruntime-node', 'onnxruntime-web', 'node:*']),
  fence('backend-node', ['core', 'files', 'model', 'ort', 'pipeline', 'tokenizer'], []),
  fence('backend-web', ['core', 'model', 'ort', 'pipeline'], ['onnxruntime-node', 'node:*']),
  fence(
    'search-node',
    ['backend-node', 'core', 'files', 'metrics', 'model', 'objectives', 'pipeline', 'report', 'search', 'zoo'],
    ['onnxruntime-*'],
  ),
  {
    files: ['apps/cli/src/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            noDeepImports,
            { group: ['onnxruntime-*'], message: 'the command line reaches ONNX Runtime through backend-node' },
          ],
        },
      ],
    },
  },
  {
    files: ['packages/{core,search,metrics,compare,objectives,pictures,pipeline,report,text}/src/**/*.ts'],
    rules: without([...hostGlobals, 'Date'], 'clock, files, host and output are arguments here'),
  },
  {
    files: ['packages/{model,ort,tokenizer}/src/**/*.ts'],
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
