import type { RegisterColumn } from '../table/columns.js';
import { chiSquared } from './chi-squared.js';
import { jensenShannon, wassersteinToSummary } from './distances.js';
import { compareToSummary } from './kolmogorov-smirnov.js';
import { benjaminiHochberg } from './multiple-testing.js';
import { binCounts, stabilityIndex, stabilityNoise } from './population-stability.js';
import { asCategory, type CategoryProfile, type ColumnProfile, type NumberProfile, shareMissing } from './profile.js';

/** How far one column has moved from its reference. */
export interface ColumnDrift {
  readonly name: string;
  readonly kind: 'number' | 'category';
  readonly rows: number;
  /** Population stability index; null where there are too few bins. */
  readonly psi: number | null;
  /** Jensen–Shannon distance of the same bins, 0 … 1. */
  readonly jensenShannon: number | null;
  /** Numbers: Kolmogorov–Smirnov, with the error that the stored summary allows. */
  readonly ks?: { readonly statistic: number; readonly error: number; readonly p: number };
  /** Numbers: earth mover's distance, in standard deviations of the reference (in its unit where that is 0). */
  readonly wasserstein?: number;
  /** Numbers: shift of the mean, in standard deviations of the reference. */
  readonly meanShift?: number;
  /** Categories: chi-squared; effect is Cramér's V. */
  readonly chiSquared?: {
    readonly statistic: number;
    readonly degreesOfFreedom: number;
    readonly p: number;
    readonly effect: number;
  };
  /** Of the test above; null where there are no values. */
  readonly p: number | null;
  /** After Benjamini and Hochberg, over the columns of the report; null as p. */
  readonly adjustedP: number | null;
  readonly missing: number;
  readonly missingReference: number;
  /** Share of rows beyond the reference's range, or with a label it does not know. */
  readonly unseen: number;
  /** By effect size, where the adjusted p says that it is not chance. */
  readonly drift: DriftLevel;
}

export type DriftLevel = 'none' | 'moderate' | 'large';

/** Effect sizes from which a drift is called so. PSI: the trade's 0.1 and 0.25; the others to match. */
export interface DriftThresholds {
  readonly psi: readonly [moderate: number, large: number];
  readonly ks: readonly [moderate: number, large: number];
  /** Change of the missing share. */
  readonly missing: readonly [moderate: number, large: number];
  /** Significance of the adjusted p. */
  readonly alpha: number;
}

export const driftThresholds: DriftThresholds = {
  psi: [0.1, 0.25],
  ks: [0.1, 0.25],
  missing: [0.05, 0.2],
  alpha: 0.01,
};

type Measured = Omit<ColumnDrift, 'adjustedP' | 'drift'> & { readonly noise: number };

/** Compares columns with their profiles, together, because many tests make false alarms. */
export function driftOf(
  pairs: readonly { readonly profile: ColumnProfile; readonly column: RegisterColumn }[],
  thresholds: DriftThresholds = driftThresholds,
): ColumnDrift[] {
  const measured = pairs.map(({ profile, column }) =>
    profile.kind === 'number' ? measureNumbers(profile, column) : measureCategories(profile, column),
  );
  const adjusted = benjaminiHochberg(measured.map(({ p }) => p ?? Number.NaN));
  return measured.map(({ noise, ...column }, index) => {
    const adjustedP = orNull(adjusted[index]!);
    return { ...column, adjustedP, drift: levelOf({ ...column, noise }, adjustedP, thresholds) };
  });
}

function measureNumbers(profile: NumberProfile, column: RegisterColumn): Measured {
  const values = column.type === 'category' ? new Float64Array(column.values.length).fill(Number.NaN) : column.values;
  const known = values.filter((value) => !Number.isNaN(value));
  const counts = binCounts(known, profile.edges);
  const ks = compareToSummary(profile.summary, known.filter(Number.isFinite));
  const scale = profile.standardDeviation > 0 ? profile.standardDeviation : 1;
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  const beyond = known.reduce((count, value) => count + Number(value < profile.min || value > profile.max), 0);
  const hasValues = !Number.isNaN(ks.statistic);
  return {
    name: profile.name,
    kind: 'number',
    rows: values.length,
    psi: orNull(stabilityIndex(profile.counts, counts)),
    jensenShannon: profile.counts.length < 2 ? null : orNull(jensenShannon(profile.counts, counts)),
    ...(hasValues && {
      ks,
      wasserstein: wassersteinToSummary(profile.summary, known) / scale,
      meanShift: (mean - profile.mean) / scale,
    }),
    p: orNull(ks.p),
    missing: shareMissing(values),
    missingReference: profile.missing,
    unseen: values.length === 0 ? 0 : beyond / values.length,
    noise: stabilityNoise(counts.length, Math.max(1, sum(profile.counts)), Math.max(1, known.length)),
  };
}

function measureCategories(profile: CategoryProfile, given: RegisterColumn): Measured {
  const column = asCategory(given);
  const places = new Map(profile.labels.map((label, place) => [label, place]));
  // Labels listed, then all others: what is rare in the reference and what it never met cannot be told apart there.
  const counts = new Array<number>(profile.labels.length + 1).fill(0);
  let other = 0;
  for (const code of column.values) {
    if (Number.isNaN(code)) continue;
    const place = places.get(column.labels![code] ?? '');
    if (place === undefined) other++;
    else counts[place]!++;
  }
  counts[profile.labels.length] = other;
  const reference = [...profile.counts, profile.otherCount];
  const test = chiSquared(reference, counts);
  const used = reference.filter((count, index) => count + counts[index]! > 0).length;
  return {
    name: profile.name,
    kind: 'category',
    rows: column.values.length,
    psi: orNull(stabilityIndex(reference, counts)),
    jensenShannon: orNull(jensenShannon(reference, counts)),
    ...(!Number.isNaN(test.statistic) && { chiSquared: test }),
    p: orNull(test.p),
    missing: shareMissing(column.values),
    missingReference: profile.missing,
    unseen: profile.otherLabels > 0 || column.values.length === 0 ? 0 : other / column.values.length,
    noise: stabilityNoise(used, Math.max(1, sum(reference)), Math.max(1, sum(counts))),
  };
}

/** By size of effect; significance only holds back what may be chance. */
function levelOf(column: Measured, adjustedP: number | null, thresholds: DriftThresholds): DriftLevel {
  const missing = grade(Math.abs(column.missing - column.missingReference), thresholds.missing);
  if (adjustedP === null || !(adjustedP < thresholds.alpha)) return missing;
  // With few rows chance alone fills bins unevenly: the index counts for what exceeds its noise.
  const psi = column.psi === null ? 'none' : grade(column.psi - column.noise, thresholds.psi);
  // The statistic of a summary counts for what is certain. PSI is the measure; KS steps in where there are no bins.
  const ks = column.psi === null && column.ks ? grade(column.ks.statistic - column.ks.error, thresholds.ks) : 'none';
  return [missing, psi, ks].includes('large') ? 'large' : [missing, psi, ks].includes('moderate') ? 'moderate' : 'none';
}

function grade(effect: number, [moderate, large]: readonly [number, number]): DriftLevel {
  if (effect >= large) return 'large';
  return effect >= moderate ? 'moderate' : 'none';
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
