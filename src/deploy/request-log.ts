import { createWriteStream } from 'node:fs';
import type { Program } from '../scoring/program.js';
import { decodeValue } from '../scoring/rows.js';
import type { Registers } from './protocol.js';

/** Requests and their predictions, a JSON line a row, so that labels which come later can be joined to them. */
export interface RequestLog {
  append(requestId: string, registers: Registers, outputs: readonly Float64Array[]): void;
  close(): Promise<void>;
}

/** Appends to `file`; null keeps nothing. The log holds the rows themselves: it is off unless asked for. */
export function openRequestLog(file: string | undefined, program: Program): RequestLog {
  if (file === undefined) return { append: () => {}, close: async () => {} };
  const stream = createWriteStream(file, { flags: 'a' });
  let failure: Error | undefined;
  stream.on('error', (error) => {
    failure = error;
  });
  return {
    append(requestId, { rowCount, columns, texts }, outputs) {
      if (failure) throw failure;
      const time = new Date().toISOString();
      for (let row = 0; row < rowCount; row++) {
        const inputs = program.inputs.map(({ name, type, labels }, i) => [
          name,
          decodeValue({ type, labels: texts[i] ?? labels }, columns[i]![row]!),
        ]);
        const answers = program.outputs.map((output, i) => [output.name, decodeValue(output, outputs[i]![row]!)]);
        const line = { time, requestId, row, inputs: Object.fromEntries(inputs), outputs: Object.fromEntries(answers) };
        stream.write(`${JSON.stringify(line)}\n`);
      }
    },
    close: () => new Promise((resolve) => stream.end(() => resolve())),
  };
}
