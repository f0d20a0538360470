import type { Convergence, HistoryPoint, Training, TrainingWarning } from '../table/interfaces.js';

export interface Curve {
  readonly history: readonly HistoryPoint[];
  /** Did training end because nothing more was to be gained? */
  readonly converged?: boolean;
  /** Where there is a certificate: takes the place of `converged`. */
  readonly convergence?: Convergence;
  /** Did early stopping end it? */
  readonly stoppedEarly?: boolean;
  readonly bestIteration: number;
  /** The loss of a model that learns nothing, where known: what under-fitting is measured against. */
  readonly baselineLoss?: number;
  readonly unit?: string;
}

/** What the learning curve says, in plain language: diverged, converged, stopped early, over-fits, under-fits. */
export function verdictOf(curve: Curve): string {
  const { history, bestIteration, unit = 'iteration' } = curve;
  const last = history.at(-1);
  if (!last) return 'solved directly';
  const losses = history.map((point) => point.loss);
  if (!losses.every(Number.isFinite)) return 'diverged: the loss is no longer a number; lower the learning rate';
  // Losses such as a negative log-likelihood may lie below 0.
  if (history.length > 1 && last.loss > losses[0]! + 0.5 * Math.abs(losses[0]!) + 1e-12) {
    return `diverged: the loss rose from ${shown(losses[0]!)} to ${shown(last.loss)}`;
  }
  const parts = [ending(curve, unit)];
  const fit = fitting(curve, last, bestIteration, unit);
  if (fit) parts.push(fit);
  return parts.join('; ');
}

/** A value below its tolerance has converged; NaN never has. */
export function convergenceOf(certificate: string, value: number, tolerance: number): Convergence {
  return { certificate, value, tolerance, reached: value <= tolerance };
}

/** The parts of a training record that a certificate decides: itself, and the warning where it was not reached. */
export function certified(
  convergence: Convergence,
  others: readonly TrainingWarning[] = [],
): Pick<Training, 'convergence' | 'warnings'> {
  const { certificate, value, tolerance, reached } = convergence;
  const message = `the ${certificate} is ${shown(value)} where at most ${shown(tolerance)} was asked for`;
  const warnings = reached ? others : [{ name: 'not-converged', message }, ...others];
  return { convergence, ...(warnings.length > 0 && { warnings }) };
}

/** How a fit went, for people: the verdict, then a line for each warning. */
export function outcomeOf({ verdict, warnings = [] }: Training): string {
  return [verdict, ...warnings.map(({ name, message }) => `warning, ${name}: ${message}`)].join('\n');
}

function ending(curve: Curve, unit: string): string {
  const { history, converged, convergence, stoppedEarly, bestIteration } = curve;
  if (convergence && !stoppedEarly) return certificateInWords(convergence, history.length, unit);
  if (stoppedEarly) return `stopped early: ${unit} ${bestIteration} of ${history.length} was the best and was kept`;
  if (converged) return `converged after ${history.length} ${unit}${history.length === 1 ? '' : 's'}`;
  return `used all ${history.length} ${unit}s; more may still help`;
}

function certificateInWords(
  { certificate, value, tolerance, reached }: Convergence,
  count: number,
  unit: string,
): string {
  const units = `${count} ${unit}${count === 1 ? '' : 's'}`;
  if (reached) return `converged after ${units} (${certificate} ${shown(value)}, at most ${shown(tolerance)})`;
  return `not converged after ${units}: ${certificate} ${shown(value)}, at most ${shown(tolerance)} was asked for`;
}

function fitting(curve: Curve, last: HistoryPoint, bestIteration: number, unit: string): string | undefined {
  const best = curve.history.find((point) => point.iteration === bestIteration) ?? last;
  if (curve.baselineLoss !== undefined && best.loss > 0.98 * curve.baselineLoss) {
    return 'under-fits: hardly better than no features at all';
  }
  if (best.validationLoss === undefined || last.validationLoss === undefined) return undefined;
  if (best.validationLoss > 1.3 * best.loss && best.validationLoss - best.loss > 1e-9) {
    return `over-fits: validation loss ${shown(best.validationLoss)} against ${shown(best.loss)} in training`;
  }
  if (last.validationLoss > 1.02 * best.validationLoss) {
    return `over-fits after ${unit} ${bestIteration}: validation loss rose from ${shown(best.validationLoss)} to ${shown(last.validationLoss)}`;
  }
  return `generalises: validation loss ${shown(best.validationLoss)} against ${shown(best.loss)} in training`;
}

function shown(loss: number): string {
  return String(Number(loss.toPrecision(3)));
}
