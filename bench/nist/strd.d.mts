export interface StrdSet {
  readonly name: string;
  readonly kind: 'linear' | 'univariate' | 'nonlinear';
  readonly difficulty: string;
  /** Rows of numbers, the response first. */
  readonly data: number[][];
}
export interface LinearSet extends StrdSet {
  readonly parameters: { name: string; estimate: number; error: number }[];
  readonly degree: number;
  readonly intercept: boolean;
  readonly residualDeviation: number;
  readonly rSquared: number;
  readonly fStatistic: number;
}
export interface UnivariateSet extends StrdSet {
  readonly mean: number;
  readonly deviation: number;
  readonly autocorrelation: number;
}
export interface NonlinearSet extends StrdSet {
  readonly parameters: { name: string; starts: [number, number]; estimate: number; error: number }[];
  readonly residualSumOfSquares: number;
  readonly residualDeviation: number;
}
export function readStrd(text: string): LinearSet | UnivariateSet | NonlinearSet | undefined;
export function digits(found: number | null | undefined, certified: number): number;
