import { createHash, type Hash } from 'node:crypto';
import { checkpointKey } from '../../../training/checkpoint.js';
import type { StreamBatch, StreamReader } from './stream.js';

/**
 * What a checkpoint of rows in chunks must be of to go on from it: every value that is learnt from, digested as it passes
 * by. Categories go by their texts, so that chunks do not matter.
 */
export class StreamKey {
  readonly #reader: StreamReader;
  readonly #columns: readonly Hash[];
  readonly #texts = new Map<string, number>();

  constructor(reader: StreamReader) {
    this.#reader = reader;
    const count = reader.features.length + reader.targets.length + 2;
    this.#columns = Array.from({ length: count }, () => createHash('sha256'));
  }

  add({ features, targets, weights, groups }: StreamBatch): void {
    const { features: columns, targets: names } = this.#reader;
    const hashes = this.#columns.values();
    const put = (values: Float64Array) => hashes.next().value!.update(new Uint8Array(values.slice().buffer));
    features.forEach((values, index) => {
      const column = columns[index]!;
      put(column.type === 'category' ? this.#byText(values, (code) => column.textOf(code)) : values);
    });
    targets.forEach((values, index) => {
      const labels = names[index]!.arrived();
      put(labels.length > 0 ? this.#byText(values, (code) => labels[code]) : values);
    });
    if (weights) put(weights);
    const lists = this.#reader.groups;
    if (lists && groups) put(lists.type === 'category' ? this.#byText(groups, (code) => lists.textOf(code)) : groups);
  }

  /** Codes that are functions of the texts alone: 52 bits of their digests. */
  #byText(values: Float64Array, textOf: (code: number) => string | undefined): Float64Array {
    const known = new Map<number, number>();
    return values.map((code) => {
      let found = known.get(code);
      if (found === undefined) known.set(code, (found = this.#codeOf(textOf(code))));
      return found;
    });
  }

  #codeOf(text: string | undefined): number {
    if (text === undefined) return Number.NaN;
    let code = this.#texts.get(text);
    if (code === undefined) {
      code = Number.parseInt(createHash('sha256').update(text).digest('hex').slice(0, 13), 16);
      this.#texts.set(text, code);
    }
    return code;
  }

  /** After a whole pass. `arrays`: what else is learnt from. */
  finish(what: Readonly<Record<string, unknown>>, arrays: readonly (Float64Array | Uint8Array)[]): Promise<string> {
    const columns = this.#columns.map((hash) => hash.digest('hex'));
    return checkpointKey({ ...what, columns }, arrays);
  }
}
