// `npm run bench -- [words]`: a suite beside its peers where a word names one, else the kernels (`lanewise bench`).
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const args = process.argv.slice(2);
const suite = args
  .map((word) => new URL(`${word}/index.mjs`, import.meta.url))
  .find((url, i) => /^[a-z-]+$/.test(args[i]) && existsSync(url));
const program = fileURLToPath(suite ?? new URL('../dist/cli/index.js', import.meta.url));
const { status } = spawnSync(process.execPath, suite ? [program, ...args] : [program, 'bench', ...args], {
  stdio: 'inherit',
});
process.exit(status ?? 1);
