// Sets up a checkout that has only Node and npm: packages, then the build, each only when it is out of date.
// `npm start` and `npm test` call it first.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Lanewise needs Node 20.19 or newer; this is ${process.versions.node}. Newer versions: nodejs.org`);
  process.exit(1);
}

function run(command, args) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
  if (result.status !== 0) process.exit(result.status ?? 1);
}

function hashOf(paths) {
  const hash = createHash('sha256');
  const visit = (path) => {
    for (const entry of readdirSync(join(root, path), { withFileTypes: true }).sort((a, b) =>
      a.name < b.name ? -1 : 1,
    )) {
      const child = `${path}/${entry.name}`;
      if (entry.isDirectory()) visit(child);
      else hash.update(child).update(readFileSync(join(root, child)));
    }
  };
  for (const path of paths) {
    if (/\.\w+$/.test(path)) hash.update(readFileSync(join(root, path)));
    else visit(path);
  }
  return hash.digest('hex');
}

/** Runs `work` unless the stamp says that it was done for the same sources. */
function once(stamp, sources, work) {
  const file = join(root, stamp);
  const hash = hashOf(sources);
  if (existsSync(file) && readFileSync(file, 'utf8') === hash) return;
  work();
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, hash);
}

once('node_modules/.lanewise-setup', ['package.json', 'package-lock.json'], () => {
  console.error('Installing packages (once) …');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
});
once(
  'dist/.lanewise-setup',
  ['package-lock.json', 'tsconfig.json', '.ci/build.mjs', '.ci/report/charts.mjs', 'assembly', 'src'],
  () => {
    console.error('Building (once) …');
    run(process.execPath, ['.ci/build.mjs']);
  },
);
