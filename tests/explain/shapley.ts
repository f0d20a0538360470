import type { EnsembleOperation } from '#lanewise/scoring/program.js';

/** Shapley values by their definition, over all coalitions: for few inputs and small trees. */

type Trees = EnsembleOperation;
type Game = (coalition: number) => number;

const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));

function wentLeft(trees: Trees, node: number, value: number): boolean {
  const offset = trees.categoryOffset[node]!;
  if (Number.isNaN(value)) return trees.missingGoesLeft[node] === 1;
  if (offset < 0) return value <= trees.threshold[node]!;
  const known = value >= 0 && value < 32 * trees.categoryWords[node]! && Number.isInteger(value);
  if (!known) return trees.missingGoesLeft[node] === 1;
  return ((trees.categories[offset + (value >>> 5)]! >>> (value & 31)) & 1) === 1;
}

/** The output where the coalition's inputs are known and the others are averaged by cover. */
export function pathDependentGame(trees: Trees, row: readonly number[], output: number): Game {
  const { feature, left, right, cover, leafValues, leafWidth, outputs } = trees;
  const column = leafWidth === 1 ? 0 : output;
  const valueAt = (node: number, coalition: number): number => {
    const input = feature[node]!;
    if (input < 0) return leafValues[left[node]! * leafWidth + column]!;
    if ((coalition >> input) & 1) {
      return valueAt(wentLeft(trees, node, row[input]!) ? left[node]! : right[node]!, coalition);
    }
    const share = (child: number) => (cover![node]! > 0 ? cover![child]! / cover![node]! : 0.5);
    return [left[node]!, right[node]!].reduce((sum, child) => sum + share(child) * valueAt(child, coalition), 0);
  };
  return (coalition) => {
    const all = trees.roots.filter((_, tree) => leafWidth > 1 || tree % outputs.length === output);
    const sum = all.reduce((total, root) => total + valueAt(root, coalition), trees.base[output]!);
    return trees.average ? sum / trees.roots.length : sum;
  };
}

/** The output where the others are a background row's, averaged over the background. */
export function interventionalGame(
  predict: (row: readonly number[]) => number,
  row: readonly number[],
  background: readonly (readonly number[])[],
): Game {
  return (coalition) => {
    const mixed = background.map((other) => predict(other.map((value, j) => ((coalition >> j) & 1 ? row[j]! : value))));
    return mixed.reduce((sum, value) => sum + value, 0) / mixed.length;
  };
}

export function shapleyValues(game: Game, inputs: number): number[] {
  return Array.from({ length: inputs }, (_, j) => {
    let value = 0;
    for (let coalition = 0; coalition < 1 << inputs; coalition++) {
      if ((coalition >> j) & 1) continue;
      const size = sizeOf(coalition);
      const weight = (factorial(size) * factorial(inputs - size - 1)) / factorial(inputs);
      value += weight * (game(coalition | (1 << j)) - game(coalition));
    }
    return value;
  });
}

/** Half of the Shapley interaction index of two inputs, as shap gives it to (i, j) and to (j, i). */
export function shapleyInteraction(game: Game, inputs: number, i: number, j: number): number {
  let value = 0;
  const both = (1 << i) | (1 << j);
  for (let coalition = 0; coalition < 1 << inputs; coalition++) {
    if (coalition & both) continue;
    const size = sizeOf(coalition);
    const weight = (factorial(size) * factorial(inputs - size - 2)) / (2 * factorial(inputs - 1));
    const change = game(coalition | both) - game(coalition | (1 << i)) - game(coalition | (1 << j)) + game(coalition);
    value += weight * change;
  }
  return value;
}

function sizeOf(coalition: number): number {
  return coalition === 0 ? 0 : (coalition & 1) + sizeOf(coalition >> 1);
}
