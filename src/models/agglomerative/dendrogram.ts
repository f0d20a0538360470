import type { Merges } from '../../engine/neighbors/merge-chain.js';
import { numberedByFirstRow } from '../clustering/labels.js';

/**
 * The whole tree of a hierarchical clustering, as scipy.cluster.hierarchy has it. Node i < rows is row i; node rows + m is the
 * m-th merge; merges come by distance, ascending.
 */
export interface Dendrogram {
  readonly rows: number;
  /** (rows − 1) × 2, row-major: the two nodes of each merge, the lower first. */
  readonly children: Int32Array;
  /** By merge: how far apart the two were. */
  readonly distances: Float64Array;
  /** By merge: rows below it. */
  readonly sizes: Int32Array;
}

/** Sorts merges by distance, those of equal distance in the order in which they come, and names the nodes they make. */
export function dendrogramOf({ left, right, distances }: Merges): Dendrogram {
  const count = left.length;
  const order = Int32Array.from({ length: count }, (_, merge) => merge).sort(
    (a, b) => distances[a]! - distances[b]! || a - b,
  );
  const roots = new Roots(count + 1);
  const children = new Int32Array(2 * count);
  const sizes = new Int32Array(count);
  order.forEach((merge, at) => {
    const [a, b] = [roots.rootOf(left[merge]!), roots.rootOf(right[merge]!)];
    children[2 * at] = Math.min(a, b);
    children[2 * at + 1] = Math.max(a, b);
    const rowsBelow = (node: number) => (node <= count ? 1 : sizes[node - count - 1]!);
    sizes[at] = rowsBelow(a) + rowsBelow(b);
    roots.join(a, b, count + 1 + at);
  });
  return { rows: count + 1, children, distances: Float64Array.from(order, (merge) => distances[merge]!), sizes };
}

/** The topmost node of each row, as merges are made. */
class Roots {
  readonly #parents: Int32Array;

  constructor(rows: number) {
    this.#parents = Int32Array.from({ length: 2 * rows - 1 }, (_, node) => node);
  }

  rootOf(node: number): number {
    const parents = this.#parents;
    let root = node;
    while (parents[root] !== root) root = parents[root]!;
    for (let at = node; at !== root; ) {
      const next = parents[at]!;
      parents[at] = root;
      at = next;
    }
    return root;
  }

  join(a: number, b: number, into: number): void {
    this.#parents[a] = into;
    this.#parents[b] = into;
  }
}

/** The clusters that there are after the first `merges` merges, numbered by their first rows. */
function labelsAfter({ rows, children }: Dendrogram, merges: number): Int32Array {
  const roots = new Roots(rows);
  for (let merge = 0; merge < merges; merge++) roots.join(children[2 * merge]!, children[2 * merge + 1]!, rows + merge);
  return numberedByFirstRow(Int32Array.from({ length: rows }, (_, row) => roots.rootOf(row)));
}

/** The tree cut into so many clusters: the last clusterCount − 1 merges are undone. */
export function cutInto(dendrogram: Dendrogram, clusterCount: number): Int32Array {
  return labelsAfter(dendrogram, Math.max(0, dendrogram.rows - clusterCount));
}

/** The tree cut at a distance: merges at this distance and above are undone. */
export function cutAt(dendrogram: Dendrogram, distance: number): Int32Array {
  let merges = 0;
  while (merges < dendrogram.distances.length && dendrogram.distances[merges]! < distance) merges++;
  return labelsAfter(dendrogram, merges);
}
