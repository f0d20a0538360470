import { LanewiseError } from '../../errors.js';
import type { Checkpoint, FitOptions, HistoryPoint } from '../../table/interfaces.js';
import type { Deadline } from '../../training/deadline.js';
import {
  constant,
  inverseScaling,
  inverseTime,
  Plateau,
  type PlateauState,
  type Schedule,
} from '../../training/schedule.js';
import type { SgdSubject } from './subject.js';
import type { SgdTrainer } from './trainer.js';

/** What the loop remembers between epochs, beside the coefficients: plain data. */
export interface SgdProgress {
  readonly epochs: number;
  readonly history: readonly HistoryPoint[];
  /** The lowest watched loss; null before the first. */
  readonly best: number | null;
  readonly bestEpoch: number;
  /** Epochs since the loss last fell by more than the tolerance. */
  readonly waited: number;
  readonly plateau: PlateauState | null;
  /** Did it end because nothing improved any more? */
  readonly ended: boolean;
}

export const noProgress: SgdProgress = {
  epochs: 0,
  history: [],
  best: null,
  bestEpoch: 0,
  waited: 0,
  plateau: null,
  ended: false,
};

export interface LoopOptions {
  readonly subject: SgdSubject;
  /** Epochs in all. */
  readonly end: number;
  /** The loss on rows that are not learnt from; absent: the training loss is watched. */
  readonly validationLoss?: (signal?: AbortSignal) => Promise<number>;
  readonly deadline: Deadline;
  readonly checkpoint?: { readonly key: string; readonly place: Checkpoint };
  readonly options: FitOptions;
}

/** The learning rate of a step. 'adaptive' asks the plateau instead. */
export function scheduleOf({ learningRate, alpha, eta0, powerT }: SgdSubject): Schedule {
  if (learningRate === 'constant' || learningRate === 'adaptive') return constant(eta0);
  if (learningRate === 'invscaling') return inverseScaling(eta0, powerT);
  if (alpha === 0) {
    throw new LanewiseError('usage', "Expected alpha above 0 for learningRate 'optimal' but received 0", {
      hint: "Its steps shorten with alpha: take 'invscaling' or 'constant' without a penalty.",
    });
  }
  // Bottou's heuristic: the first step is as long as a weight may become. Every loss has a derivative ≤ 1 there.
  const first = Math.sqrt(1 / Math.sqrt(alpha));
  return inverseTime(first, alpha * first);
}

/** Makes epochs until the end, or until nothing improves. Returns the best coefficients, where they are to be kept. */
export async function runEpochs(
  trainer: SgdTrainer,
  start: SgdProgress,
  loop: LoopOptions,
): Promise<{ progress: SgdProgress; best: Float64Array | undefined }> {
  const { subject, end, deadline, checkpoint, validationLoss, options } = loop;
  const schedule = scheduleOf(subject);
  const keep = subject.earlyStopping && validationLoss !== undefined;
  const saved = await checkpoint?.place.load(checkpoint.key);
  let progress = (saved?.values['progress'] as SgdProgress | undefined) ?? start;
  let best: Float64Array | undefined = saved?.arrays['best'] as Float64Array | undefined;
  if (saved) trainer.restore(saved.arrays['states'] as Float64Array);
  trainer.epochs = progress.epochs;
  while (progress.epochs < end && !progress.ended) {
    const { plateau } = progress;
    const rate = plateau ? constant(plateau.rate) : schedule;
    const loss = await trainer.epoch(rate, options.signal);
    requireFiniteStates(trainer);
    const watched = validationLoss && (await validationLoss(options.signal));
    const metrics = { loss, ...(watched !== undefined && { validationLoss: watched }) };
    const next = advance(progress, metrics, subject, keep ? watched! : loss);
    if (keep && next.bestEpoch === next.epochs) best = trainer.save();
    progress = next;
    options.onProgress?.({ what: 'epoch', done: progress.epochs, total: end, metrics });
    if (checkpoint?.place.due) {
      const arrays = { states: trainer.save(), ...(best && { best }) };
      await checkpoint.place.save(checkpoint.key, { values: { progress }, arrays });
    }
    if (deadline.passed) break;
  }
  return { progress, best: keep ? best : undefined };
}

/** What is known after one more epoch. */
function advance(
  before: SgdProgress,
  metrics: { loss: number; validationLoss?: number },
  { learningRate, eta0, tol, nIterNoChange }: SgdSubject,
  watched: number,
): SgdProgress {
  const epochs = before.epochs + 1;
  const history = [...before.history, { iteration: epochs, ...metrics }];
  const improved = before.best === null || watched < before.best;
  const best = improved ? watched : before.best;
  const bestEpoch = improved ? epochs : before.bestEpoch;
  const after = { epochs, history, best, bestEpoch };
  if (learningRate === 'adaptive') {
    const plateau = new Plateau(eta0, { patience: nIterNoChange, tolerance: tol ?? 0 });
    if (before.plateau) plateau.restore({ ...before.plateau, best: before.plateau.best ?? Number.POSITIVE_INFINITY });
    const { spent } = plateau;
    const fell = plateau.next(watched);
    return { ...after, waited: 0, plateau: plateau.save(), ended: tol !== null && fell && spent };
  }
  const better = before.best === null || tol === null || watched < before.best - tol;
  const waited = better ? 0 : before.waited + 1;
  return { ...after, waited, plateau: null, ended: tol !== null && waited >= nIterNoChange };
}

function requireFiniteStates(trainer: SgdTrainer): void {
  if (trainer.states.every((state) => state.every(Number.isFinite))) return;
  throw new LanewiseError('data', `Expected steps that stay finite but they diverged in epoch ${trainer.epochs}`, {
    hint: 'Lower eta0, strengthen the penalty, or let standardize scale the columns.',
  });
}
