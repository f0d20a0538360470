import { defineConfig } from 'vitest/config';

// The tests import the built package (`#lanewise/*` is dist/*): workers and addons are only found there, and what is
// tested is what ships.
export default defineConfig({
  cacheDir: 'dist/.vitest',
  test: {
    include: ['tests/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
    server: { deps: { external: [/\/dist\//] } },
  },
});
