import type { Dendrogram } from '../agglomerative/dendrogram.js';

/**
 * A hierarchy less all groups that are too small: an entry for each cluster that parts from another, and for each row that
 * leaves its cluster. Rows are 0 … rows − 1; clusters are rows (all rows), rows + 1 …, each after its parent.
 * λ = 1/distance: the greater, the denser. Campello, Moulavi, Zimek and Sander, 2015.
 */
export interface CondensedTree {
  readonly rows: number;
  readonly parents: Int32Array;
  /** Clusters and rows. */
  readonly children: Int32Array;
  /** The density at which each parts from its parent; Infinity: at distance 0. */
  readonly lambdas: Float64Array;
  /** Rows of each child: 1 of a row. */
  readonly sizes: Int32Array;
  /** Clusters, the root among them. */
  readonly clusterCount: number;
}

/** The condensed tree of a hierarchy. `minClusterSize`: smaller parts are no clusters; their rows leave one by one. */
export function condense({ rows, children, distances, sizes }: Dendrogram, minClusterSize: number): CondensedTree {
  const root = 2 * rows - 2;
  const entries = { parents: [] as number[], children: [] as number[], lambdas: [] as number[], sizes: [] as number[] };
  const clusterOf = new Int32Array(root + 1);
  let next = rows;
  clusterOf[root] = next++;
  const enter = (parent: number, child: number, lambda: number, size: number) => {
    entries.parents.push(parent);
    entries.children.push(child);
    entries.lambdas.push(lambda);
    entries.sizes.push(size);
  };
  const sizeOf = (node: number) => (node < rows ? 1 : sizes[node - rows]!);
  const leave = (node: number, cluster: number, lambda: number) => {
    for (const row of rowsBelow(node)) enter(cluster, row, lambda, 1);
  };
  /** By levels, so that a cluster's entries come before those of the clusters within it. */
  let level = rows > 1 ? [root] : [];
  while (level.length > 0) {
    const below: number[] = [];
    for (const node of level) {
      const merge = node - rows;
      const parts = [children[2 * merge]!, children[2 * merge + 1]!] as const;
      const lambda = distances[merge]! > 0 ? 1 / distances[merge]! : Number.POSITIVE_INFINITY;
      const large = parts.filter((part) => sizeOf(part) >= minClusterSize);
      const cluster = clusterOf[node]!;
      for (const part of parts) {
        if (sizeOf(part) < minClusterSize) {
          leave(part, cluster, lambda);
          continue;
        }
        if (large.length === 2) {
          clusterOf[part] = next++;
          enter(cluster, clusterOf[part]!, lambda, sizeOf(part));
        } else clusterOf[part] = cluster;
        below.push(part);
      }
    }
    level = below;
  }
  return {
    rows,
    parents: Int32Array.from(entries.parents),
    children: Int32Array.from(entries.children),
    lambdas: Float64Array.from(entries.lambdas),
    sizes: Int32Array.from(entries.sizes),
    clusterCount: next - rows,
  };

  function* rowsBelow(top: number): Generator<number> {
    const stack = [top];
    while (stack.length > 0) {
      const node = stack.pop()!;
      if (node < rows) yield node;
      else stack.push(children[2 * (node - rows) + 1]!, children[2 * (node - rows)]!);
    }
  }
}
