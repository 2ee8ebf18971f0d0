import { defineConfig } from 'vitest/config';

// Tests read the sources of sibling packages through this export condition; nothing is built first.
const conditions = ['procache:source', 'module', 'node', 'import', 'default'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'packages/*/test/**/*.test.ts', 'apps/*/src/**/*.test.ts', 'apps/*/test/**/*.test.ts'],
    testTimeout: 120_000,
    maxWorkers: 2,
    pool: 'forks',
  },
});
