import { stream } from '../engine/random.js';
import { LanewiseError } from '../errors.js';
import type { ParameterValue } from '../parameters.js';
import { type Dimension, type ParameterSet, type Space, valueAt } from './space.js';

/**
 * What to try as trial 0, 1, 2, … Trial 0 is always the default parameters. A trial depends on its number and the seed
 * alone, so that a study that was stopped goes on as if it had not been.
 */
export interface Sampler {
  readonly name: string;
  /** Parameters of trial `number` ≥ 1; undefined where there are no more. */
  parametersOf(number: number): ParameterSet | undefined;
}

/** Independent draws over the space (Bergstra and Bengio 2012). */
export function randomSampler(space: Space, seed = 0): Sampler {
  return {
    name: 'random',
    parametersOf: (number) =>
      Object.fromEntries(
        space.map((dimension) => [
          dimension.name,
          valueAt(dimension, stream(seed, 'trial', number, dimension.name).uniform()),
        ]),
      ),
  };
}

const MOST_GRID_POINTS = 10_000;

/** Every combination: choices as they are, numbers at `points` even steps (log steps where log). */
export function gridSampler(space: Space, points = 3): Sampler {
  const axes = space.map((dimension) => axisOf(dimension, points));
  const count = axes.reduce((product, axis) => product * axis.length, 1);
  if (count > MOST_GRID_POINTS) {
    throw new LanewiseError('usage', `Expected at most ${MOST_GRID_POINTS} grid points but the space has ${count}`, {
      hint: 'Tune fewer parameters, give shorter ranges, or use the random sampler.',
    });
  }
  return {
    name: 'grid',
    parametersOf: (number) => {
      if (number > count) return undefined;
      let rest = number - 1;
      return Object.fromEntries(
        axes.map((axis, index) => {
          const value = axis[rest % axis.length]!;
          rest = Math.floor(rest / axis.length);
          return [space[index]!.name, value];
        }),
      );
    },
  };
}

function axisOf(dimension: Dimension, points: number): ParameterValue[] {
  if (dimension.kind === 'choice') return [...dimension.choices];
  const { low, high, kind } = dimension;
  if (points === 1 || low === high) return [valueAt(dimension, 0.5)];
  const values = Array.from({ length: points }, (_, i) => {
    if (i === 0) return low;
    if (i === points - 1) return high;
    return valueAt({ ...dimension, kind: 'number' }, i / (points - 1)) as number;
  });
  return [...new Set(kind === 'integer' ? values.map(Math.round) : values)];
}
