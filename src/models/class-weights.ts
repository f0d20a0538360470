import { invalid, unknownName } from '../errors.js';

/** How much the rows of each class count: 'balanced', or a factor by label (1 where none is given); null: alike. */
export type ClassWeights = 'balanced' | Readonly<Record<string, number>> | null;

/**
 * A factor for each class; undefined where all count alike. 'balanced' gives every class the same sum over `rows`:
 * rows / (classes · rows of the class), as scikit-learn's compute_class_weight.
 * @param targets indices into `classes`, of every row
 * @throws LanewiseError `usage` for a label that is no class, with the nearest; for a factor that is no number ≥ 0
 */
export function classFactors(
  classWeight: ClassWeights,
  { targets, classes, rows }: { targets: Float64Array; classes: readonly string[]; rows: Uint32Array },
): Float64Array | undefined {
  if (classWeight === null) return undefined;
  const counts = new Float64Array(classes.length);
  for (const row of rows) counts[targets[row]!]!++;
  return factorsOfCounts(classWeight, classes, counts);
}

/** As `classFactors`, of so many rows of each class. */
export function factorsOfCounts(
  classWeight: Exclude<ClassWeights, null>,
  classes: readonly string[],
  counts: Float64Array,
): Float64Array {
  if (classWeight !== 'balanced') return named(classWeight, classes);
  const rows = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => (count > 0 ? rows / (classes.length * count) : 1));
}

function named(factors: Readonly<Record<string, number>>, classes: readonly string[]): Float64Array {
  for (const [label, factor] of Object.entries(factors)) {
    if (!classes.includes(label)) throw unknownName('class of classWeight', label, classes, 'usage');
    if (!(factor >= 0 && factor < Number.POSITIVE_INFINITY)) {
      throw invalid(`classWeight of "${label}"`, 'a finite number >= 0', factor);
    }
  }
  return Float64Array.from(classes, (label) => factors[label] ?? 1);
}

/** The rows' weights times the factors of their classes; undefined where all weigh 1. */
export function weighClasses(
  targets: Float64Array,
  factors: Float64Array | undefined,
  weights: Float64Array | undefined,
): Float64Array | undefined {
  if (!factors) return weights;
  return targets.map((k, row) => factors[k]! * (weights ? weights[row]! : 1));
}
