// What the suites share: processes, turns, tables, and the sentence that says under what conditions was measured.
import { spawn } from 'node:child_process';
import { createEngine } from '../dist/index.js';

export const list = (text) => text?.split(',').map((word) => word.trim());
export const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

/** The backends that run here; why another does not is told. */
export async function usableBackends() {
  const backends = [];
  for (const backend of ['native', 'wasm']) {
    try {
      await (await createEngine({ backend, strict: false })).close();
      backends.push(backend);
    } catch (error) {
      console.error(`not measured: ${backend}: ${error.message}`);
    }
  }
  return backends;
}

/** Runs a child program; its standard output. */
export function child(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const process_ = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    const [out, err] = [[], []];
    process_.stdout.on('data', (part) => out.push(part));
    process_.stderr.on('data', (part) => err.push(part));
    process_.on('error', reject);
    process_.on('close', (status) => {
      if (status === 0) resolve(Buffer.concat(out).toString());
      else reject(new Error(`${command} ${args[0]} failed (${status}): ${Buffer.concat(err).toString().slice(-2000)}`));
    });
  });
}

/** All engines in turns, `runs` times; the order is turned round every time. What each gave, by engine. */
export async function inTurns(engines, runs, work) {
  const found = new Map(engines.map((engine) => [engine, []]));
  for (let run = 0; run < runs; run++) {
    for (const engine of run % 2 === 0 ? engines : engines.toReversed())
      found.get(engine).push(await work(engine, run));
  }
  return found;
}

export const ours = (engine) => engine === 'native' || engine === 'wasm';
export const nameOf = (engine) =>
  engine === 'native' ? 'Lanewise native' : engine === 'wasm' ? 'Lanewise WASM' : engine;
export const seconds = (value) => (value == null ? '–' : value.toPrecision(3));
export const megabytes = (value) => (value == null ? '–' : (value / 1e6).toFixed(0));

export function aligned(lines) {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines.map((line) =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
      .join('  ')
      .trimEnd(),
  );
}

export const markdown = (lines) =>
  [lines[0], lines[0].map(() => '---'), ...lines.slice(1)].map((cells) => `| ${cells.join(' | ')} |`);

/** Command, machine, versions and load of a report, and `how` it was measured. */
export function conditionsOf({ machine, command, loadAtEnd, timed }, how) {
  const versions = [...new Map(timed.map(({ engine, version }) => [ours(engine) ? 'Lanewise' : engine, version]))].map(
    // Scores that were kept from earlier have none.
    (pair) => pair.filter(Boolean).join(' '),
  );
  return `\`${command}\`: ${machine.processor}, ${machine.cores} cores, ${machine.platform}, ${machine.runtime}; load ${machine.loadAverage?.toFixed(2)} at the start, ${loadAtEnd?.toFixed(2)} at the end (the bench itself is part of it). ${versions.join(', ')}. ${how}`;
}
