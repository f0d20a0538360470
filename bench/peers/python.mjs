// The Python of the peers: a virtual environment under bench/.cache, made once from requirements.txt.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
export const cache = fileURLToPath(new URL('../.cache/', import.meta.url));

function run(command, args) {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status === 0) return;
  const why = error?.message ?? stderr.trim().split('\n').slice(-5).join('\n');
  throw new Error(`Expected "${command} ${args.join(' ')}" to work for the peers of the bench, but: ${why}`);
}

/** Path of the interpreter that has the peers. `LANEWISE_PEERS_PYTHON` names one that has them already. */
export function peersPython() {
  if (process.env.LANEWISE_PEERS_PYTHON) return process.env.LANEWISE_PEERS_PYTHON;
  const wanted = readFileSync(join(here, 'requirements.txt'), 'utf8');
  const stamp = join(cache, 'venv', 'requirements.txt');
  const python = join(cache, 'venv', 'bin', 'python');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return python;
  console.error('Installing the peers into bench/.cache (once) …');
  mkdirSync(cache, { recursive: true });
  run('python3', ['-m', 'venv', join(cache, 'venv')]);
  run(python, ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', '-r', join(here, 'requirements.txt')]);
  writeFileSync(stamp, wanted);
  return python;
}
