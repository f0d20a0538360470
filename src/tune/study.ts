import { invalid, LanewiseError, throwIfCancelled } from '../errors.js';
import { summarize } from '../evaluate/cross-validate.js';
import type { Scorer } from '../evaluate/metric.js';
import type { Context } from '../table/interfaces.js';
import { parameterImportances } from './importance.js';
import { type Journal, memoryJournal, openJournal, type StudyHeader, type Trial } from './journal.js';
import { gridSampler, randomSampler } from './sampler.js';
import type { ParameterSet, Space } from './space.js';

/** How a study is run, whatever is tuned. */
export interface StudyOptions extends Context {
  /** Trials in all, the default parameters' one included; default 20. */
  readonly trials?: number;
  readonly sampler?: 'random' | 'grid';
  /** Steps of a number in a grid; default 3. */
  readonly gridPoints?: number;
  /** The journal's file; default: in memory, not resumable. */
  readonly journal?: string;
  /** Stop after so many trials without a better score; default: none. */
  readonly patience?: number;
  /** Start no further trial after so many seconds of this run; default: none. */
  readonly budgetSeconds?: number;
}

export interface TuneResult {
  readonly metric: string;
  readonly metricLabel: string;
  readonly splitter: string;
  readonly best: Trial & { readonly score: number };
  /** Trial 0. */
  readonly defaults: Trial;
  readonly history: readonly Trial[];
  readonly importances: Readonly<Record<string, number>>;
  /** Trials taken from the journal. */
  readonly resumed: number;
  readonly stopped: 'trials' | 'patience' | 'budget' | 'grid';
  /** Plain language: what was found, and how far to trust it. */
  readonly verdict: string;
}

/** What is tuned: a space, and a score of each set of parameters. */
export interface Study {
  readonly estimator: string;
  readonly scorer: Pick<Scorer, 'name' | 'label' | 'natural'>;
  readonly splitter: string;
  readonly space: Space;
  /** The values of the default parameters of what is searched. */
  readonly defaults: ParameterSet;
  /** Stands for the data, so that a study is not resumed on others. */
  readonly data: string;
  /** The score of each fold, higher being better. @throws LanewiseError where the parameters cannot be fitted. */
  score(parameters: ParameterSet): Promise<readonly number[]>;
}

/** Runs the trials that the journal does not have yet. Progress: `{ what: 'trial', … }`. */
export async function runStudy(study: Study, options: StudyOptions): Promise<TuneResult> {
  const { trials = 20, patience, budgetSeconds, seed = 0 } = options;
  if (!Number.isInteger(trials) || trials < 1) throw invalid('trials', 'an integer >= 1', trials);
  const { estimator, scorer, splitter, space, data } = study;
  if (space.length === 0) {
    throw new LanewiseError('usage', `Expected a parameter to tune but ${estimator} declares none`, {
      hint: 'Name ranges yourself, as { space: { parameter: { low, high } } }.',
    });
  }
  const sampler = options.sampler === 'grid' ? gridSampler(space, options.gridPoints) : randomSampler(space, seed);
  const header: StudyHeader = {
    kind: 'lanewise-study',
    version: 1,
    estimator,
    metric: scorer.name,
    sampler: sampler.name,
    seed,
    space,
    splitter,
    data,
  };
  const journal = options.journal === undefined ? memoryJournal() : await openJournal(options.journal, header);
  try {
    const resumed = Math.min(journal.trials.length, trials);
    const begin = performance.now();
    let stopped: TuneResult['stopped'] = 'trials';
    for (let number = resumed; number < trials; number++) {
      throwIfCancelled(options.signal);
      if (patience !== undefined && sinceBest(journal.trials) >= patience) {
        stopped = 'patience';
        break;
      }
      if (budgetSeconds !== undefined && number > 0 && (performance.now() - begin) / 1000 >= budgetSeconds) {
        stopped = 'budget';
        break;
      }
      const parameters = number === 0 ? {} : sampler.parametersOf(number);
      if (!parameters) {
        stopped = 'grid';
        break;
      }
      await runTrial(study, number, parameters, journal);
      const last = journal.trials.at(-1)!;
      const best = bestOf(journal.trials);
      const metrics = { ...(last.score !== undefined && { score: last.score }), ...(best && { best: best.score }) };
      options.onProgress?.({ what: 'trial', done: number + 1, total: trials, metrics });
    }
    return resultOf(scorer, space, splitter, journal.trials.slice(0, trials), resumed, stopped);
  } finally {
    await journal.close();
  }
}

async function runTrial(study: Study, number: number, parameters: ParameterSet, journal: Journal): Promise<void> {
  const begin = performance.now();
  const seconds = () => (performance.now() - begin) / 1000;
  const shown = number === 0 ? study.defaults : parameters;
  try {
    const foldScores = await study.score(parameters);
    const { mean, std, undefinedFolds } = summarize(foldScores);
    if (undefinedFolds > 0) throw new LanewiseError('data', `The score is undefined in ${undefinedFolds} folds`);
    await journal.append({ trial: number, parameters: shown, score: mean, std, foldScores, seconds: seconds() });
  } catch (error) {
    // A set of parameters that cannot be fitted is a result too; anything else (cancelled, out of disk) is not.
    if (!(error instanceof LanewiseError) || !['data', 'usage', 'unsupported'].includes(error.code)) throw error;
    if (number === 0) throw error;
    await journal.append({ trial: number, parameters: shown, error: error.message, seconds: seconds() });
  }
}

function bestOf(trials: readonly Trial[]): (Trial & { score: number }) | undefined {
  let best: (Trial & { score: number }) | undefined;
  for (const trial of trials) {
    // Strictly better: among equals the earlier, so trial 0, the defaults, wins a tie.
    if (trial.score !== undefined && (!best || trial.score > best.score)) best = { ...trial, score: trial.score };
  }
  return best;
}

function sinceBest(trials: readonly Trial[]): number {
  const best = bestOf(trials);
  return best ? trials.length - 1 - best.trial : 0;
}

function resultOf(
  scorer: Study['scorer'],
  space: Space,
  splitter: string,
  history: readonly Trial[],
  resumed: number,
  stopped: TuneResult['stopped'],
): TuneResult {
  const best = bestOf(history)!;
  const defaults = history[0]!;
  return {
    metric: scorer.name,
    metricLabel: scorer.label,
    splitter,
    best,
    defaults,
    history,
    importances: parameterImportances(space, history),
    resumed,
    stopped,
    verdict: verdictOf(scorer, best, defaults, history.length),
  };
}

function verdictOf(scorer: Study['scorer'], best: Trial & { score: number }, defaults: Trial, trials: number): string {
  const figure = (score: number) => Number(scorer.natural(score).toPrecision(5));
  if (best.trial === 0)
    return `None of ${trials} trials beat the default parameters (${scorer.label} ${figure(best.score)}).`;
  return (
    `Trial ${best.trial} of ${trials} is best: ${scorer.label} ${figure(best.score)} against ${figure(defaults.score!)} ` +
    'with the default parameters. The best of many trials flatters itself; the test rows decide.'
  );
}
