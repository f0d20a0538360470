import { defineConfig } from 'vitest/config';

// The tests import the built package (`#lanewise/*` is dist/*): workers and addons are only found there, and what is
// tested is what ships.
export default defineConfig({
  cacheDir: 'dist/.vitest',
  test: {
    include: ['tests/**/*.test.ts'],
    // Kernel calls are held to the memory that was allocated for them.
    env: { LANEWISE_CHECKED: '1' },
    // In CI several run beside each other, and none is there to be faster the next time.
    cache: process.env['CI'] ? false : undefined,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
    // The files of a worker share its process: the package is loaded, and its kernels are compiled, once.
    isolate: false,
    server: { deps: { external: [/\/dist\//] } },
  },
});
