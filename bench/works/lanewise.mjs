// One work of Lanewise: `lanewise.mjs '{"suite", "work", "engine", "folder", "threads", "small"}'` prints one line of JSON, as peers.py
// does for the peers.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createEngine } from '../../dist/index.js';
import { peak, readData, version } from '../files.mjs';

const { suite, work, engine: backend, folder, threads, small } = JSON.parse(process.argv[2]);
const engine = await createEngine({ backend, threads });
const { measure } = await import(pathToFileURL(join(suite, 'works', `${work}.mjs`)));
const measured = await measure({ data: readData(folder), engine, small, fastest });
await engine.close();
console.log(JSON.stringify({ version, ...measured, memory: peak() }));

/** Seconds of the fastest of some runs, and what the last gave. The first runs in code that is not optimised yet. */
async function fastest(work, times = 3) {
  let [least, result] = [Number.POSITIVE_INFINITY];
  for (let run = 0; run < times; run++) {
    const begin = performance.now();
    result = await work();
    least = Math.min(least, (performance.now() - begin) / 1000);
  }
  return [least, result];
}
