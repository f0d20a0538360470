import type { CondensedTree } from './condensed-tree.js';

export interface SelectionOptions {
  readonly method: 'eom' | 'leaf';
  readonly epsilon: number;
  readonly allowSingleCluster: boolean;
  readonly maxClusterSize: number | null;
}

/** What is known of each cluster of a condensed tree, by number from the root (0) on. */
export interface ClusterNodes {
  /** −1 of the root. */
  readonly parents: Int32Array;
  readonly children: readonly (readonly number[])[];
  /** The density at which it parted from its parent; 0 of the root. */
  readonly births: Float64Array;
  readonly sizes: Int32Array;
  /** Σ over its rows of how much denser it got before they left. */
  readonly stabilities: Float64Array;
  /** The greatest density at which anything left it. */
  readonly deaths: Float64Array;
}

export function clusterNodes(tree: CondensedTree): ClusterNodes {
  const { rows, clusterCount } = tree;
  const parents = new Int32Array(clusterCount).fill(-1);
  const children: number[][] = Array.from({ length: clusterCount }, () => []);
  const births = new Float64Array(clusterCount);
  const sizes = new Int32Array(clusterCount);
  const stabilities = new Float64Array(clusterCount);
  const deaths = new Float64Array(clusterCount);
  sizes[0] = rows;
  tree.children.forEach((child, entry) => {
    if (child < rows) return;
    const [parent, cluster] = [tree.parents[entry]! - rows, child - rows];
    parents[cluster] = parent;
    children[parent]!.push(cluster);
    births[cluster] = tree.lambdas[entry]!;
    sizes[cluster] = tree.sizes[entry]!;
  });
  tree.parents.forEach((cluster, entry) => {
    const [parent, lambda] = [cluster - rows, tree.lambdas[entry]!];
    // A cluster that is born at distance 0 gets no denser.
    const gained = lambda === births[parent] ? 0 : lambda - births[parent]!;
    stabilities[parent]! += gained * tree.sizes[entry]!;
    deaths[parent] = Math.max(deaths[parent]!, lambda);
  });
  return { parents, children, births, sizes, stabilities, deaths };
}

/** The clusters that are taken, ascending; no two of them lie within each other. */
export function selectClusters(nodes: ClusterNodes, options: SelectionOptions): number[] {
  const taken = options.method === 'leaf' ? leavesOf(nodes) : excessOfMass(nodes, options);
  const onlyRoot = taken.length === 1 && taken[0] === 0;
  if (onlyRoot) return options.allowSingleCluster ? taken : [];
  return options.epsilon > 0 ? mergedBelow(nodes, taken, options) : taken;
}

/** From the leaves up: a cluster is taken where it is no less stable than what was taken below it. */
function excessOfMass(
  { children, sizes, stabilities }: ClusterNodes,
  { allowSingleCluster, maxClusterSize }: SelectionOptions,
): number[] {
  const best = stabilities.slice();
  const isTaken = new Uint8Array(best.length);
  for (let cluster = best.length - 1; cluster >= (allowSingleCluster ? 0 : 1); cluster--) {
    const below = children[cluster]!.reduce((sum, child) => sum + best[child]!, 0);
    if (below > best[cluster]! || sizes[cluster]! > (maxClusterSize ?? Number.POSITIVE_INFINITY)) best[cluster] = below;
    else isTaken[cluster] = 1;
  }
  // What lies within a cluster that is taken is not.
  const taken: number[] = [];
  const stack = [0];
  while (stack.length > 0) {
    const cluster = stack.pop()!;
    if (isTaken[cluster]) taken.push(cluster);
    else stack.push(...children[cluster]!);
  }
  return taken.sort((a, b) => a - b);
}

function leavesOf({ children }: ClusterNodes): number[] {
  return [...children.keys()].filter((cluster) => children[cluster]!.length === 0);
}

/** In place of a cluster that parted at less than epsilon: the first above it that parted at more (Malzer and Baum, 2020). */
function mergedBelow(
  { parents, births }: ClusterNodes,
  clusters: readonly number[],
  { epsilon, allowSingleCluster }: SelectionOptions,
): number[] {
  const taken = new Set<number>();
  for (const cluster of clusters) {
    let at = cluster;
    while (1 / births[at]! < epsilon) {
      const parent = parents[at]!;
      if (parent === 0) {
        if (allowSingleCluster) at = 0;
        break;
      }
      at = parent;
    }
    taken.add(at);
  }
  // One may have gone up above another.
  const within = (cluster: number) => {
    for (let at = parents[cluster]!; at >= 0; at = parents[at]!) if (taken.has(at)) return true;
    return false;
  };
  return [...taken].filter((cluster) => !within(cluster)).sort((a, b) => a - b);
}
