import type { Registers } from './interpreter.js';
import type { EnsembleOperation } from './program.js';

/** Walks every tree for every row; see EnsembleOperation for the layout and where NaN goes. */
export function scoreEnsemble(operation: EnsembleOperation, registers: Registers, rowCount: number): void {
  const { roots, outputs, base, average, leafWidth, leafValues } = operation;
  const inputs = operation.inputs.map((register) => registers[register]!);
  const sums = outputs.map((register) => registers[register]!);
  sums.forEach((sum, k) => {
    sum.fill(base[k]!, 0, rowCount);
  });
  for (let row = 0; row < rowCount; row++) {
    for (let tree = 0; tree < roots.length; tree++) {
      const leaf = findLeaf(operation, roots[tree]!, inputs, row);
      if (leafWidth === 1) {
        const sum = sums[tree % sums.length]!;
        sum[row] = sum[row]! + leafValues[leaf]!;
      } else {
        for (let k = 0; k < leafWidth; k++) sums[k]![row] = sums[k]![row]! + leafValues[leaf * leafWidth + k]!;
      }
    }
    if (average) for (const sum of sums) sum[row] = sum[row]! / roots.length;
  }
}

/** The row of leafValues in which a sample ends. */
export function findLeaf(
  operation: EnsembleOperation,
  root: number,
  inputs: readonly Float64Array[],
  row: number,
): number {
  return operation.left[findLeafNode(operation, root, inputs, row)]!;
}

/** The leaf in which a sample ends, as a node. */
export function findLeafNode(
  operation: EnsembleOperation,
  root: number,
  inputs: readonly Float64Array[],
  row: number,
): number {
  const { feature, left, right } = operation;
  let node = root;
  while (feature[node]! >= 0)
    node = goesLeft(operation, node, inputs[feature[node]!]![row]!) ? left[node]! : right[node]!;
  return node;
}

/** The nodes of a tree, parents first, left before right: leaves come from left to right. */
export function preorder({ feature, left, right }: EnsembleOperation, root: number): readonly number[] {
  const order: number[] = [];
  const stack = [root];
  while (stack.length > 0) {
    const node = stack.pop()!;
    order.push(node);
    if (feature[node]! >= 0) stack.push(right[node]!, left[node]!);
  }
  return order;
}

/** By tree, the number of the leaf in which each row ends: 0 the leftmost. */
export function findLeaves(operation: EnsembleOperation, registers: Registers, rowCount: number): Int32Array[] {
  const inputs = operation.inputs.map((register) => registers[register]!);
  return Array.from(operation.roots, (root) => {
    const leaves = preorder(operation, root).filter((node) => operation.feature[node]! < 0);
    const numbers = new Map(leaves.map((node, number) => [node, number]));
    return Int32Array.from({ length: rowCount }, (_, row) => numbers.get(findLeafNode(operation, root, inputs, row))!);
  });
}

function goesLeft(operation: EnsembleOperation, node: number, value: number): boolean {
  const offset = operation.categoryOffset[node]!;
  if (Number.isNaN(value)) return operation.missingGoesLeft[node] === 1;
  if (offset < 0) return value <= operation.threshold[node]!;
  const known = value >= 0 && value < 32 * operation.categoryWords[node]! && Number.isInteger(value);
  if (!known) return operation.missingGoesLeft[node] === 1;
  return ((operation.categories[offset + (value >>> 5)]! >>> (value & 31)) & 1) === 1;
}
