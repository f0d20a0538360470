import { type BootstrapOptions, type PairedDifference, pairedDifference } from '../evaluate/bootstrap.js';
import type { Scorer } from '../evaluate/metric.js';
import { formatNumber } from '../table/format.js';
import type { Scored } from '../table/interfaces.js';

/** A model before the gate: its name and its predictions on the test rows. */
export interface Contestant {
  readonly name: string;
  readonly scored: Scored;
}

export interface GateOptions extends BootstrapOptions {
  readonly metric: Scorer;
  /**
   * 'better' (default): the challenger must be better beyond chance, else the champion stays. 'not-worse': it must not
   * be worse beyond chance (for a challenger that has other merits: it is fresher, smaller, faster).
   */
  readonly rule?: 'better' | 'not-worse';
  /** The least score (scikit-learn's sign) that a challenger needs, whatever the champion's. */
  readonly minimumScore?: number;
}

export interface GateResult {
  /** The challenger takes over. */
  readonly passed: boolean;
  /** Name of the winner. */
  readonly champion: string;
  readonly metric: string;
  readonly metricLabel: string;
  readonly rows: number;
  readonly championScore: number;
  readonly challengerScore: number;
  /** Challenger − champion, with its interval over test rows, paired. */
  readonly comparison: PairedDifference;
  readonly reasons: readonly string[];
}

/** Sets a challenger against the champion on the same test rows. */
export async function gate(champion: Contestant, challenger: Contestant, options: GateOptions): Promise<GateResult> {
  const { metric, rule = 'better', minimumScore } = options;
  const comparison = await pairedDifference(metric, [challenger.scored], [champion.scored], options);
  const [championScore, challengerScore] = [metric.score(champion.scored), metric.score(challenger.scored)];
  const reasons: string[] = [];
  const figure = (score: number) => formatNumber(metric.natural(score));
  const scores = `${metric.label} ${figure(challengerScore)} (${challenger.name}) against ${figure(championScore)} (${champion.name})`;
  const range = `difference ${formatNumber(comparison.difference)}, ${Math.round(100 * comparison.level)} % interval ${formatNumber(comparison.low)} … ${formatNumber(comparison.high)}; above 0 is better`;
  const better = comparison.low > 0;
  const worse = comparison.high < 0;
  if (better) reasons.push(`${challenger.name} is better beyond chance: ${scores} (${range}).`);
  else if (worse) reasons.push(`${challenger.name} is worse beyond chance: ${scores} (${range}).`);
  else reasons.push(`The two cannot be told apart on these rows: ${scores} (${range}).`);
  let passed = rule === 'better' ? better : !worse && !Number.isNaN(comparison.difference);
  if (!better && !worse) {
    reasons.push(
      passed ? `${challenger.name} passes, as it is not worse.` : `${champion.name} stays, as a change must be earned.`,
    );
  }
  if (minimumScore !== undefined && !(challengerScore >= minimumScore)) {
    passed = false;
    reasons.push(`${challenger.name} misses the required ${metric.label} of ${figure(minimumScore)}.`);
  }
  return {
    passed,
    champion: passed ? challenger.name : champion.name,
    metric: metric.name,
    metricLabel: metric.label,
    rows: champion.scored.target.length,
    championScore,
    challengerScore,
    comparison,
    reasons,
  };
}
