import type { Table } from 'apache-arrow';
import { randomKey } from '../engine/random.js';
import { invalid, LanewiseError, throwIfCancelled } from '../errors.js';
import { type CrossValidateOptions, crossValidate, type Plan, planFolds } from '../evaluate/cross-validate.js';
import type { Scorer } from '../evaluate/metric.js';
import { readRegister } from '../table/columns.js';
import type { Estimator } from '../table/interfaces.js';
import { columnsOf } from '../table/schema.js';
import { parameterImportances } from './importance.js';
import { type Journal, memoryJournal, openJournal, type StudyHeader, type Trial } from './journal.js';
import { gridSampler, randomSampler } from './sampler.js';
import { overrideSpace, type ParameterSet, type Space, type SpaceOverrides } from './space.js';

export interface TuneOptions extends Omit<CrossValidateOptions, 'metrics' | 'onModel' | 'trainScores'> {
  /** What decides; default: the primary metric of the task. */
  readonly metric?: string | Scorer;
  /** Trials in all, the default parameters' one included; default 20. */
  readonly trials?: number;
  readonly sampler?: 'random' | 'grid';
  /** Steps of a number in a grid; default 3. */
  readonly gridPoints?: number;
  /** Changes to the declared ranges, by parameter. */
  readonly space?: SpaceOverrides;
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

/**
 * Searches parameters by cross-validating the whole recipe on the same folds every time. `estimatorOf` makes the recipe
 * of a set of parameters; `estimator.declarations` says what is searched. Progress: `{ what: 'trial', … }`.
 */
export async function tune(
  estimatorOf: (parameters: ParameterSet) => Estimator,
  table: Table,
  options: TuneOptions = {},
): Promise<TuneResult> {
  const { trials = 20, patience, budgetSeconds, seed = 0 } = options;
  if (!Number.isInteger(trials) || trials < 1) throw invalid('trials', 'an integer >= 1', trials);
  const base = estimatorOf({});
  const plan = planFolds(base.task, table, {
    ...options,
    metrics: options.metric === undefined ? undefined : [options.metric],
  });
  const scorer = plan.scorers[0]!;
  const space = overrideSpace(base.declarations, options.space);
  if (space.length === 0) {
    throw new LanewiseError('usage', `Expected a parameter to tune but ${base.name} declares none`, {
      hint: 'Name ranges yourself, as { space: { parameter: { low, high } } }.',
    });
  }
  const sampler = options.sampler === 'grid' ? gridSampler(space, options.gridPoints) : randomSampler(space, seed);
  const header: StudyHeader = {
    kind: 'lanewise-study',
    version: 1,
    estimator: base.name,
    metric: scorer.name,
    sampler: sampler.name,
    seed,
    space,
    splitter: plan.splitter,
    data: digestOf(table, plan.target, base),
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
      await runTrial({ number, parameters, estimatorOf, table, options: { ...options, seed }, plan, space, journal });
      const last = journal.trials.at(-1)!;
      const best = bestOf(journal.trials);
      const metrics = { ...(last.score !== undefined && { score: last.score }), ...(best && { best: best.score }) };
      options.onProgress?.({ what: 'trial', done: number + 1, total: trials, metrics });
    }
    return resultOf(scorer, space, plan.splitter, journal.trials.slice(0, trials), resumed, stopped);
  } finally {
    await journal.close();
  }
}

interface TrialWork {
  readonly number: number;
  readonly parameters: ParameterSet;
  readonly estimatorOf: (parameters: ParameterSet) => Estimator;
  readonly table: Table;
  readonly options: TuneOptions;
  readonly plan: Plan;
  readonly space: Space;
  readonly journal: Journal;
}

async function runTrial(work: TrialWork): Promise<void> {
  const { number, parameters, estimatorOf, table, options, plan, space, journal } = work;
  const begin = performance.now();
  const seconds = () => (performance.now() - begin) / 1000;
  const shown = number === 0 ? defaultsOf(estimatorOf({}), space) : parameters;
  try {
    const { metric: _, onProgress: __, ...rest } = options;
    const validation = await crossValidate(estimatorOf(parameters), table, rest, plan);
    const { mean, std, values, undefinedFolds } = validation.metrics[plan.scorers[0]!.name]!;
    if (undefinedFolds > 0) throw new LanewiseError('data', `The score is undefined in ${undefinedFolds} folds`);
    await journal.append({
      trial: number,
      parameters: shown,
      score: mean,
      std,
      foldScores: [...values],
      seconds: seconds(),
    });
  } catch (error) {
    // A set of parameters that cannot be fitted is a result too; anything else (cancelled, out of disk) is not.
    if (!(error instanceof LanewiseError) || !['data', 'usage', 'unsupported'].includes(error.code)) throw error;
    if (number === 0) throw error;
    await journal.append({ trial: number, parameters: shown, error: error.message, seconds: seconds() });
  }
}

/** The default values of what is searched, so that the history can be read and plotted. */
function defaultsOf(estimator: Estimator, space: Space): ParameterSet {
  return Object.fromEntries(space.map(({ name }) => [name, estimator.parameters[name]!]));
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
  scorer: Scorer,
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

function verdictOf(scorer: Scorer, best: Trial & { score: number }, defaults: Trial, trials: number): string {
  const figure = (score: number) => Number(scorer.natural(score).toPrecision(5));
  if (best.trial === 0)
    return `None of ${trials} trials beat the default parameters (${scorer.label} ${figure(best.score)}).`;
  return (
    `Trial ${best.trial} of ${trials} is best: ${scorer.label} ${figure(best.score)} against ${figure(defaults.score!)} ` +
    'with the default parameters. The best of many trials flatters itself; the test rows decide.'
  );
}

/** Rows, columns and a sample of every column's values, so that a study is not resumed on other data. */
function digestOf(table: Table, target: string, estimator: Estimator): string {
  const columns = columnsOf(table);
  const parts = columns.flatMap(({ name }) => [name, ...digestParts(readRegister(table, name).values)]);
  const { keyLow, keyHigh } = randomKey(0, target, JSON.stringify(estimator.parameters), ...parts);
  const hex = (word: number) => (word >>> 0).toString(16).padStart(8, '0');
  return `${table.numRows} rows × ${columns.length} columns, ${hex(keyHigh)}${hex(keyLow)}`;
}

const MOST_DIGESTED = 512;

function digestParts(values: Float64Array): (number | string)[] {
  const step = Math.max(1, Math.floor(values.length / MOST_DIGESTED));
  const parts: (number | string)[] = [];
  for (let i = 0; i < values.length; i += step) parts.push(Number.isNaN(values[i]!) ? 'missing' : values[i]!);
  return parts;
}
