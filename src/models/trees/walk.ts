import type { ColumnToCode } from '../../engine/trees/codes.js';
import type { ForestTree } from '../../engine/trees/forest.js';

/** The leaf in which a row of coded columns ends. */
export function leafOf(tree: ForestTree, columns: readonly ColumnToCode[], row: number): number {
  const { feature, child } = tree;
  let node = 0;
  while (feature[node]! >= 0) {
    const { values, categorical } = columns[feature[node]!]!;
    node = child[node]! + (goesLeft(tree, node, values[row]!, categorical) ? 0 : 1);
  }
  return node;
}

function goesLeft(tree: ForestTree, node: number, value: number, categorical: boolean): boolean {
  if (Number.isNaN(value)) return tree.missingLeft[node] === 1;
  if (!categorical) return value <= tree.threshold[node]!;
  return ((tree.categories[8 * node + (value >>> 5)]! >>> (value & 31)) & 1) === 1;
}
