import { defineConfig } from 'vitest/config';

// What needs the native addon (`npm run build:native` first); .ci/run runs it. A missing addon is a failure here.
export default defineConfig({
  cacheDir: 'dist/.vitest-native',
  test: {
    include: ['tests/native/**/*.native.ts'],
    env: { LANEWISE_CHECKED: '1' },
    cache: process.env['CI'] ? false : undefined,
    testTimeout: 300_000,
    hookTimeout: 60_000,
    pool: 'forks',
    execArgv: ['--expose-gc'],
    maxWorkers: 2,
    server: { deps: { external: [/\/dist\//] } },
  },
});
