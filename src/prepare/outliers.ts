import { defineParameters } from '../parameters.js';
import type { ProgramBuilder } from '../scoring/builder.js';
import { readRegister } from '../table/columns.js';
import { moments, quantileOfSorted, sortedPresent } from '../table/statistics.js';
import { defineTransformer, freeName } from '../table/transformer.js';

interface Fence {
  readonly name: string;
  readonly low: number;
  readonly high: number;
  readonly below: number;
  readonly above: number;
}

/**
 * Finds numbers far from the rest: outside quartiles ∓ 1.5 interquartile ranges (Tukey's fences), or beyond three
 * standard deviations. By default they are only reported: a rare value is not a wrong one.
 */
export const outliers = defineTransformer({
  name: 'outliers',
  meaning: 'finds numbers far from the rest, and reports, flags or clips them',
  declarations: defineParameters({
    method: { type: 'choice', default: 'iqr', choices: ['iqr', 'z_score'], meaning: 'what far means' },
    factor: {
      type: 'number',
      default: null,
      nullable: true,
      min: 0,
      above: true,
      meaning: 'interquartile ranges (null: 1.5) or standard deviations (null: 3)',
    },
    action: {
      type: 'choice',
      default: 'report',
      choices: ['report', 'flag', 'clip'],
      meaning: 'flag adds a column of 0 and 1; clip moves them to the fence',
    },
  }),
  fit(table, { columns }, { method, factor, action }) {
    const fences = columns.flatMap((name) => {
      const { type, values } = readRegister(table, name);
      const fence = type === 'number' ? fenceOf(name, values, method, factor) : undefined;
      return fence && fence.below + fence.above > 0 ? [fence] : [];
    });
    const what = { report: 'outliers found', flag: 'outliers flagged', clip: 'outliers clipped' }[action];
    return {
      lower(builder) {
        for (const fence of fences) {
          if (action === 'flag') lowerFlag(builder, fence);
          if (action === 'clip') lowerClip(builder, fence);
        }
      },
      report: fences.map(({ name, low, high, below, above }) => ({
        what,
        column: name,
        rows: below + above,
        detail: `${below} below ${rounded(low)}, ${above} above ${rounded(high)} (${method})`,
      })),
    };
  },
});

function fenceOf(
  name: string,
  values: Float64Array,
  method: 'iqr' | 'z_score',
  factor: number | null,
): Fence | undefined {
  const sorted = sortedPresent(values);
  const { center, reach } = method === 'iqr' ? quartiles(sorted, factor ?? 1.5) : deviations(values, factor ?? 3);
  const [low, high] = [center[0] - reach, center[1] + reach];
  // A column most of whose values are equal has no spread: all others would be outliers.
  if (!(reach > 0) || !Number.isFinite(low) || !Number.isFinite(high)) return undefined;
  let [below, above] = [0, 0];
  for (let i = 0; i < sorted.length && sorted[i]! < low; i++) below++;
  for (let i = sorted.length - 1; i >= 0 && sorted[i]! > high; i--) above++;
  return { name, low, high, below, above };
}

function quartiles(sorted: Float64Array, factor: number): { center: [number, number]; reach: number } {
  const [first, third] = [quantileOfSorted(sorted, 0.25), quantileOfSorted(sorted, 0.75)];
  return { center: [first, third], reach: factor * (third - first) };
}

function deviations(values: Float64Array, factor: number): { center: [number, number]; reach: number } {
  const { mean, deviation } = moments(values);
  return { center: [mean, mean], reach: factor * deviation };
}

function lowerClip(builder: ProgramBuilder, { name, low, high }: Fence): void {
  const column = builder.columns.get(name)!;
  builder.define({ ...column, register: builder.add({ op: 'clip', in: column.register, low, high }) });
}

/** 1 where the value lies beyond a fence; 0 where it is missing. */
function lowerFlag(builder: ProgramBuilder, { name, low, high }: Fence): void {
  const column = builder.columns.get(name)!;
  const above = builder.add({ op: 'bin', in: column.register, edges: Float64Array.of(high) });
  const negated = builder.add({ op: 'unary', in: column.register, function: 'negate' });
  const below = builder.add({ op: 'bin', in: negated, edges: Float64Array.of(-low) });
  const either = builder.add({ op: 'binary', operator: 'maximum', left: above, right: below });
  const register = builder.add({ op: 'impute', in: either, value: 0 });
  builder.define({ name: freeName(builder, `${name}_outlier`), register, type: 'number' });
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(4)));
}
