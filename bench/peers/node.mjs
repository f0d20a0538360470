// The peers from npm: installed once into bench/.cache, from the versions named here.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cache } from './python.mjs';

const wanted = {
  '@tensorflow/tfjs': '4.22.0',
  '@tensorflow/tfjs-backend-wasm': '4.22.0',
  'libsvm-js': '0.2.1',
  'libsvm-wasm': '0.0.8',
  'ml-kmeans': '7.0.1',
  'ml-knn': '3.0.0',
};

/** The folder whose node_modules has the peers. */
export function nodePeers() {
  const folder = join(cache, 'node-peers');
  const description = JSON.stringify({ name: 'peers', private: true, dependencies: wanted }, null, 1);
  const file = join(folder, 'package.json');
  const stamp = join(folder, 'installed.json');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === description) return folder;
  console.error('Installing the peers from npm into bench/.cache (once) …');
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, description);
  const { status, stderr } = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts'], {
    cwd: folder,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`Expected npm to install the peers of the bench but: ${stderr.slice(-1000)}`);
  writeFileSync(stamp, description);
  return folder;
}
