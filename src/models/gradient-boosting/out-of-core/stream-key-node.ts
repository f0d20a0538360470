import { createHash, type Hash } from 'node:crypto';
import { type ColumnDigests, TextCodes } from '../fit-key.js';
import type { StreamBatch, StreamReader } from './stream.js';

/** Digests of every value that is learnt from, which passes by in chunks. */
export class StreamDigests {
  readonly #reader: StreamReader;
  readonly #features: readonly Hash[];
  readonly #targets: readonly Hash[];
  #weights: Hash | undefined;
  #groups: Hash | undefined;
  readonly #texts = new TextCodes();

  constructor(reader: StreamReader) {
    this.#reader = reader;
    this.#features = reader.features.map(newHash);
    this.#targets = reader.targets.map(newHash);
  }

  add({ features, targets, weights, groups }: StreamBatch): void {
    const { features: columns, targets: names, groups: lists } = this.#reader;
    features.forEach((values, index) => {
      const column = columns[index]!;
      const isText = column.type === 'category';
      put(this.#features[index]!, isText ? this.#texts.of(values, (code) => column.textOf(code)) : values);
    });
    targets.forEach((values, index) => {
      const labels = names[index]!.arrived();
      put(this.#targets[index]!, labels.length > 0 ? this.#texts.of(values, (code) => labels[code]) : values);
    });
    if (weights) put((this.#weights ??= newHash()), weights);
    if (lists && groups) {
      const isText = lists.type === 'category';
      put((this.#groups ??= newHash()), isText ? this.#texts.of(groups, (code) => lists.textOf(code)) : groups);
    }
  }

  /** After a whole pass. */
  finish(): ColumnDigests {
    const [weights, groups] = [this.#weights?.digest('hex'), this.#groups?.digest('hex')];
    return {
      features: this.#features.map((hash) => hash.digest('hex')),
      targets: this.#targets.map((hash) => hash.digest('hex')),
      ...(weights !== undefined && { weights }),
      ...(groups !== undefined && { groups }),
    };
  }
}

const newHash = (): Hash => createHash('sha256');

function put(hash: Hash, values: Float64Array): void {
  hash.update(new Uint8Array(values.slice().buffer));
}
