import type { Registers } from './interpreter.js';
import type { CentroidsOperation, NeighborsOperation } from './program.js';

/** See NeighborsOperation. A row with a NaN input has no neighbours: its outputs are NaN. */
export function scoreNeighbors(operation: NeighborsOperation, registers: Registers, rowCount: number): void {
  const { outputs, targets, weights } = operation;
  const inputs = operation.inputs.map((register) => registers[register]!);
  const pointCount = targets.length / outputs.length;
  for (let row = 0; row < rowCount; row++) {
    const nearest = nearestPoints(operation, inputs, row, pointCount);
    const exact = weights === 'distance' && nearest.some(({ distance }) => distance === 0);
    const sums = outputs.map(() => 0);
    let total = 0;
    for (const { index, distance } of nearest) {
      const weight = weights === 'uniform' ? 1 : exact ? (distance === 0 ? 1 : 0) : 1 / Math.sqrt(distance);
      total += weight;
      for (let k = 0; k < sums.length; k++) sums[k]! += weight * targets[index * sums.length + k]!;
    }
    outputs.forEach((register, k) => {
      registers[register]![row] = sums[k]! / total;
    });
  }
}

function nearestPoints(
  operation: NeighborsOperation,
  inputs: readonly Float64Array[],
  row: number,
  pointCount: number,
) {
  const nearest: { index: number; distance: number }[] = [];
  for (let index = 0; index < pointCount; index++) {
    const distance = squaredDistance(operation.points, index, inputs, row);
    if (Number.isNaN(distance)) return [];
    if (nearest.length === operation.k && distance >= nearest.at(-1)!.distance) continue;
    let place = nearest.length;
    while (place > 0 && nearest[place - 1]!.distance > distance) place--;
    nearest.splice(place, 0, { index, distance });
    if (nearest.length > operation.k) nearest.pop();
  }
  return nearest;
}

/** See CentroidsOperation. A row with a NaN input gets cluster NaN. */
export function scoreCentroids(operation: CentroidsOperation, registers: Registers, rowCount: number): void {
  const inputs = operation.inputs.map((register) => registers[register]!);
  for (let row = 0; row < rowCount; row++) {
    let [best, bestDistance] = [Number.NaN, Number.POSITIVE_INFINITY];
    operation.distances.forEach((register, k) => {
      const distance = squaredDistance(operation.centers, k, inputs, row);
      registers[register]![row] = Math.sqrt(distance);
      if (distance < bestDistance) [best, bestDistance] = [k, distance];
    });
    registers[operation.out]![row] = best;
  }
}

function squaredDistance(points: Float64Array, index: number, inputs: readonly Float64Array[], row: number): number {
  let sum = 0;
  for (let j = 0; j < inputs.length; j++) {
    const difference = inputs[j]![row]! - points[index * inputs.length + j]!;
    sum += difference * difference;
  }
  return sum;
}
