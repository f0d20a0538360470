import type { TreeWorkspace } from '../../engine/tree-workspace.js';
import type { GrownNode } from './grower.js';

/**
 * Notes in every node of a grown tree how many training rows it holds, weighted. To be called before the workspace begins
 * the next tree.
 */
export async function measureCover(
  root: GrownNode,
  workspace: TreeWorkspace,
  weights: Float64Array | undefined,
): Promise<void> {
  const nodes = [root];
  for (let at = 0; at < nodes.length; at++) {
    const { left, right } = nodes[at]!;
    if (left && right) nodes.push(left, right);
  }
  // Children stand behind their parents: backwards, every parent finds its children measured.
  for (const node of nodes.reverse()) {
    const { left, right, rows } = node;
    if (!weights) node.cover = rows.count;
    else node.cover = left && right ? left.cover! + right.cover! : await weightOf(node, workspace, weights);
  }
}

async function weightOf({ rows }: GrownNode, workspace: TreeWorkspace, weights: Float64Array): Promise<number> {
  let sum = 0;
  await workspace.visitRows(rows, (order, firstRow) => {
    for (const row of order) sum += weights[firstRow + row]!;
  });
  return sum;
}
