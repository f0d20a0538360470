import { NOISE } from '../clustering/labels.js';
import type { CondensedTree } from './condensed-tree.js';
import type { ClusterNodes } from './selection.js';

export interface Memberships {
  readonly labels: Int32Array;
  readonly probabilities: Float64Array;
  readonly outlierScores: Float64Array;
  /** By label: the cluster's number in the tree. */
  readonly clusters: readonly number[];
  /** By label: the least density at which a row belongs to it. */
  readonly densities: readonly number[];
}

/** To which of the clusters that were taken each row belongs, numbered by their first rows, how surely, and how far out it is. */
export function membershipsOf(
  tree: CondensedTree,
  nodes: ClusterNodes,
  taken: readonly number[],
  epsilon: number,
): Memberships {
  const { rows } = tree;
  const owners = ownersOf(nodes, taken);
  const owned = new Int32Array(rows).fill(NOISE);
  const lambdas = new Float64Array(rows);
  const outlierScores = new Float64Array(rows);
  const deaths = deathsBelow(nodes);
  // Where all rows are one cluster, those that leave it early are noise.
  const rootDensity = epsilon > 0 ? 1 / epsilon : nodes.deaths[0]!;
  tree.children.forEach((row, entry) => {
    if (row >= rows) return;
    const [cluster, lambda] = [tree.parents[entry]! - rows, tree.lambdas[entry]!];
    lambdas[row] = lambda;
    outlierScores[row] = outlierScore(lambda, deaths[cluster]!);
    const owner = owners[cluster]!;
    owned[row] = owner === 0 && lambda < rootDensity ? NOISE : owner;
  });
  const clusters: number[] = [];
  const labels = new Int32Array(rows).fill(NOISE);
  const probabilities = new Float64Array(rows);
  owned.forEach((cluster, row) => {
    if (cluster === NOISE) return;
    let label = clusters.indexOf(cluster);
    if (label < 0) label = clusters.push(cluster) - 1;
    labels[row] = label;
    const [lambda, death] = [lambdas[row]!, nodes.deaths[cluster]!];
    probabilities[row] = death === 0 || lambda >= death ? 1 : death === Number.POSITIVE_INFINITY ? 0 : lambda / death;
  });
  const densities = clusters.map((cluster) => (cluster === 0 ? rootDensity : nodes.births[cluster]!));
  return { labels, probabilities, outlierScores, clusters, densities };
}

/** By cluster of the tree: the cluster that was taken within which it lies, −1 where there is none. */
function ownersOf({ parents }: ClusterNodes, taken: readonly number[]): Int32Array {
  const isTaken = new Set(taken);
  const owners = new Int32Array(parents.length);
  // A parent comes before its children.
  parents.forEach((parent, cluster) => {
    owners[cluster] = isTaken.has(cluster) ? cluster : parent < 0 ? NOISE : owners[parent]!;
  });
  return owners;
}

/** By cluster: the greatest density in it and in all within it. */
function deathsBelow({ parents, deaths }: ClusterNodes): Float64Array {
  const greatest = deaths.slice();
  for (let cluster = parents.length - 1; cluster > 0; cluster--) {
    const parent = parents[cluster]!;
    greatest[parent] = Math.max(greatest[parent]!, greatest[cluster]!);
  }
  return greatest;
}

function outlierScore(lambda: number, death: number): number {
  if (lambda >= death) return 0;
  return death === Number.POSITIVE_INFINITY ? 1 : (death - lambda) / death;
}
