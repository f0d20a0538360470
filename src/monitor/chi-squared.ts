import { chiSquaredTail } from '../evaluate/distributions.js';

export interface ChiSquared {
  readonly statistic: number;
  readonly degreesOfFreedom: number;
  readonly p: number;
  /** Cramér's V: 0 … 1, whatever the rows. */
  readonly effect: number;
}

/** Pearson's test that two sets of counts come from one distribution; categories that neither has are left out. */
export function chiSquared(reference: ArrayLike<number>, current: ArrayLike<number>): ChiSquared {
  const pairs = Array.from(reference, (count, index) => [count, current[index]!] as const).filter(
    ([a, b]) => a + b > 0,
  );
  const rows = pairs.reduce((sum, [a]) => sum + a, 0);
  const others = pairs.reduce((sum, [, b]) => sum + b, 0);
  const total = rows + others;
  const degreesOfFreedom = Math.max(0, pairs.length - 1);
  if (rows === 0 || others === 0) return { statistic: Number.NaN, degreesOfFreedom, p: Number.NaN, effect: Number.NaN };
  if (degreesOfFreedom === 0) return { statistic: 0, degreesOfFreedom, p: 1, effect: 0 };
  let statistic = 0;
  for (const [a, b] of pairs) {
    const expectedA = ((a + b) * rows) / total;
    const expectedB = ((a + b) * others) / total;
    statistic += ((a - expectedA) * (a - expectedA)) / expectedA + ((b - expectedB) * (b - expectedB)) / expectedB;
  }
  const effect = Math.sqrt(statistic / total);
  return { statistic, degreesOfFreedom, p: chiSquaredTail(statistic, degreesOfFreedom), effect };
}
