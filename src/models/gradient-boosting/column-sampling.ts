import { shuffle, stream } from '../../engine/random.js';

/** Shares of the features that are looked at; each is drawn from what the one before left. */
export interface ColumnShares {
  readonly byTree: number;
  readonly byLevel: number;
  readonly byNode: number;
}

/** Which features the nodes of one tree may be split by, keyed by seed, round, output, depth and the way to the node. */
export class ColumnSampling {
  readonly #shares: ColumnShares;
  readonly #key: readonly number[];
  readonly #seed: number;
  readonly #featureCount: number;
  readonly #tree: readonly number[];
  readonly #levels: (readonly number[])[] = [];

  constructor(shares: ColumnShares, featureCount: number, seed: number, iteration: number, output: number) {
    this.#shares = shares;
    this.#seed = seed;
    this.#featureCount = featureCount;
    this.#key = [iteration, output];
    const all = Array.from({ length: featureCount }, (_, index) => index);
    this.#tree = this.#draw(all, shares.byTree, 'columns of tree', 0);
  }

  /** Do all nodes of the tree look at the same features? */
  get everywhere(): boolean {
    return this.#shares.byLevel >= 1 && this.#shares.byNode >= 1;
  }

  /** The features of a node as a mask; `mask`: those that it may use at all. */
  allowed(depth: number, path: number, mask?: Uint8Array): Uint8Array {
    const level = (this.#levels[depth] ??= this.#draw(this.#tree, this.#shares.byLevel, 'columns of level', depth));
    const open = mask ? level.filter((feature) => mask[feature] === 1) : level;
    const allowed = new Uint8Array(this.#featureCount);
    for (const feature of this.#draw(open, this.#shares.byNode, 'columns of node', path)) allowed[feature] = 1;
    return allowed;
  }

  #draw(features: readonly number[], share: number, purpose: string, index: number): readonly number[] {
    if (share >= 1 || features.length <= 1) return features;
    const count = Math.max(1, Math.round(share * features.length));
    return shuffle([...features], stream(this.#seed, purpose, ...this.#key, index)).slice(0, count);
  }
}
