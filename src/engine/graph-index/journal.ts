import type { GraphStore } from './graph-store.js';

/** Lists of links as they were before an insertion, so that one that is cancelled leaves the graph as it was. */
export class Journal {
  readonly #store: GraphStore;
  readonly #count: number;
  readonly #entry: number;
  readonly #topLevel: number;
  readonly #saved: Uint8Array;
  readonly #lists: { readonly place: number; readonly links: Int32Array }[] = [];
  readonly #upperLists = new Map<number, Int32Array>();

  constructor(store: GraphStore) {
    this.#store = store;
    this.#count = store.count;
    this.#entry = store.entry;
    this.#topLevel = store.topLevel;
    this.#saved = new Uint8Array(store.count);
  }

  /** Notes the list of an old node on level 0 before it is changed for the first time. */
  note(node: number): void {
    if (node >= this.#count || this.#saved[node] === 1) return;
    this.#saved[node] = 1;
    const { m } = this.#store.shape;
    const place = node * 2 * m;
    this.#lists.push({ place, links: this.#store.arrays.links.slice(place, place + 2 * m) });
  }

  /** As `note`, of a list above level 0. */
  noteUpper(node: number, place: number): void {
    if (node >= this.#count || this.#upperLists.has(place)) return;
    this.#upperLists.set(place, this.#store.arrays.upper.slice(place, place + this.#store.shape.m));
  }

  /** Puts everything back. `reused`: rows below the old count that were filled again. */
  undo(reused: Iterable<number>): void {
    const store = this.#store;
    for (const { place, links } of this.#lists) store.arrays.links.set(links, place);
    for (const [place, links] of this.#upperLists) store.arrays.upper.set(links, place);
    for (const node of reused) store.unlink(node);
    store.truncate(this.#count);
    store.entry = this.#entry;
    store.topLevel = this.#topLevel;
  }
}
