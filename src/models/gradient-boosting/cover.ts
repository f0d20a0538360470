import type { RowWindow } from '../../engine/trees/row-store.js';
import type { TreeWorkspace } from '../../engine/trees/tree-workspace.js';
import { type GrownNode, leavesOf } from './grower.js';

/**
 * Notes in every node of a grown tree how many training rows it holds, weighted. To be called before the workspace begins
 * the next tree. `weightsOf`: the weights of a window's rows.
 */
export async function measureCover(
  root: GrownNode,
  workspace: TreeWorkspace,
  weightsOf: ((window: RowWindow) => Float64Array) | undefined,
): Promise<void> {
  const nodes = [root];
  for (let at = 0; at < nodes.length; at++) {
    const { left, right } = nodes[at]!;
    if (left && right) nodes.push(left, right);
  }
  if (!weightsOf) {
    for (const node of nodes) node.cover = node.rows.count;
    return;
  }
  const leaves = leavesOf(root);
  for (const leaf of leaves) leaf.cover = 0;
  const rows = leaves.map((leaf) => leaf.rows);
  const add = (leaf: number, order: Uint32Array, window: RowWindow) => {
    const weights = weightsOf(window);
    let sum = leaves[leaf]!.cover!;
    for (let i = 0; i < order.length; i++) sum += weights[order[i]!]!;
    leaves[leaf]!.cover = sum;
  };
  await workspace.visitRows(rows, add, 'weights');
  // Children stand behind their parents: backwards, every parent finds its children measured.
  for (const node of nodes.reverse()) {
    if (node.left && node.right) node.cover = node.left.cover! + node.right.cover!;
  }
}
