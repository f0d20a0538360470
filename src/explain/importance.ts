import type { Table } from 'apache-arrow';
import { defaultEngine } from '../engine/engine.js';
import { permutation } from '../engine/random.js';
import { LanewiseError, throwIfCancelled } from '../errors.js';
import { resolveMetrics } from '../evaluate/cross-validate.js';
import { studentCritical } from '../evaluate/distributions.js';
import type { Scorer } from '../evaluate/metric.js';
import { knownRows, readTruth, targetName } from '../evaluate/target.js';
import { runProgramOn } from '../models/execute.js';
import type { EnsembleOperation } from '../scoring/program.js';
import { takeRows } from '../table/columns.js';
import { textsOfInputs } from '../table/inputs.js';
import type { Model, Scored } from '../table/interfaces.js';
import { type ExplainOptions, type Explanation, explain } from './attribution.js';
import { inputColumns, rowWeights } from './columns.js';
import { traceModel } from './trace.js';

/**
 *   gain         what the splits on a feature lessened the training loss by, summed (trees)
 *   splits       how many splits look at it (trees)
 *   cover        training rows that those splits part, summed, weighted (trees)
 *   shap         mean |Shapley value| over the table's rows (trees, linear models)
 *   permutation  by how much the score falls when the feature's values are shuffled among the rows (any model)
 */
export type ImportanceKind = 'gain' | 'splits' | 'cover' | 'shap' | 'permutation';

export interface FeatureImportance {
  readonly feature: string;
  /** In the units of the kind. A score's loss can be below 0: shuffling then did no harm. */
  readonly importance: number;
  /** Share of all importance above 0. */
  readonly share: number;
  /** Permutation: the interval of the mean over shuffles (Student's t, 95 %), and the loss of each. */
  readonly low?: number;
  readonly high?: number;
  readonly repeats?: readonly number[];
}

export interface Importances {
  readonly kind: ImportanceKind;
  /** In words, for pages: 'mean |log-odds|', 'loss of ROC AUC'. */
  readonly unit: string;
  /** Permutation: the score before shuffling as people read it, an error positive. */
  readonly score?: number;
  /** Largest first; equals by name. */
  readonly features: readonly FeatureImportance[];
}

export interface ImportanceOptions extends ExplainOptions {
  /** Default: permutation where there is a table, else gain. */
  readonly kind?: ImportanceKind;
  /** Rows to explain or to shuffle; needed for shap and permutation. */
  readonly table?: Table;
  /** An explanation at hand, for shap. */
  readonly explanation?: Explanation;
  /** Permutation: the target's column; default the model's. */
  readonly target?: string;
  /** Permutation: a column of weights of rows. */
  readonly weights?: string;
  /** Permutation: a metric by name (scikit-learn's), or a scorer; default: the task's first. */
  readonly scorer?: string | Scorer;
  /** Permutation: shuffles of each feature; default 5. */
  readonly repeats?: number;
}

/**
 * What a model's features are worth, by one of five measures.
 * @throws LanewiseError `usage` where the kind needs a table, `unsupported` where the model is not of trees, `artefact` where
 * its trees lack gain or cover.
 */
export async function featureImportances(model: Model, options: ImportanceOptions = {}): Promise<Importances> {
  const kind = options.kind ?? (options.table ? 'permutation' : 'gain');
  if (kind === 'shap') return shapImportances(model, options);
  if (kind === 'permutation') return permutationImportances(model, tableOf(kind, options), options);
  return treeImportances(model, kind);
}

function tableOf(kind: string, { table }: ImportanceOptions): Table {
  if (table) return table;
  throw new LanewiseError('usage', `Expected a table for ${kind} importances but received none`, {
    hint: 'Give { table }, or ask for gain, splits or cover, which the model carries.',
  });
}

function ranked(features: readonly Omit<FeatureImportance, 'share'>[]): FeatureImportance[] {
  const total = features.reduce((sum, { importance }) => sum + Math.max(0, importance), 0);
  return features
    .map((feature) => ({ ...feature, share: total > 0 ? Math.max(0, feature.importance) / total : 0 }))
    .sort((a, b) => b.importance - a.importance || (a.feature < b.feature ? -1 : 1));
}

async function shapImportances(model: Model, options: ImportanceOptions): Promise<Importances> {
  const explanation = options.explanation ?? (await explain(model, tableOf('shap', options), options));
  const { features, values, unit } = explanation;
  const importanceOf = (feature: number) =>
    values.reduce((sum, output) => sum + output[feature]!.reduce((total, value) => total + Math.abs(value), 0), 0) /
    (explanation.rows * values.length);
  return {
    kind: 'shap',
    unit: `mean |${unit}|`,
    features: ranked(features.map(({ name }, feature) => ({ feature: name, importance: importanceOf(feature) }))),
  };
}

function treeImportances(model: Model, kind: 'gain' | 'splits' | 'cover'): Importances {
  const { operations, origins } = traceModel(model);
  const { inputs } = model.program;
  const sums = new Map<string, number>(inputs.map(({ name }) => [name, 0]));
  for (const operation of operations) {
    const worth = worthOfNodes(model, operation as EnsembleOperation, kind);
    (operation as EnsembleOperation).feature.forEach((input, node) => {
      if (input < 0) return;
      const name = (origins.get(operation.inputs[input]!) ?? []).map((index) => inputs[index]!.name).join(' + ');
      if (name !== '') sums.set(name, (sums.get(name) ?? 0) + worth(node));
    });
  }
  const units = { gain: 'gain', splits: 'splits', cover: 'training rows parted' };
  const features = [...sums].map(([feature, importance]) => ({ feature, importance }));
  return { kind, unit: units[kind], features: ranked(features) };
}

function worthOfNodes(
  { estimator }: Model,
  operation: EnsembleOperation,
  kind: 'gain' | 'splits' | 'cover',
): (node: number) => number {
  if (operation.op !== 'ensemble') {
    throw new LanewiseError('unsupported', `Expected trees for ${kind} importances but ${estimator} has none`, {
      hint: 'Ask for shap or permutation importances.',
    });
  }
  if (kind === 'splits') return () => 1;
  const values = operation[kind];
  if (values) return (node) => values[node]!;
  throw new LanewiseError('artefact', `Expected trees that carry their ${kind} but those of ${estimator} do not`, {
    hint: 'Trees that were imported, saved long ago or grown at random may lack it: ask for splits, shap or permutation.',
  });
}

/** Breiman 2001; Fisher, Rudin and Dominici 2019. Every shuffle is keyed by (seed, feature, number). */
async function permutationImportances(model: Model, table: Table, options: ImportanceOptions): Promise<Importances> {
  const { seed = 0, signal, onProgress, repeats = 5 } = options;
  if (!Number.isInteger(repeats) || repeats < 1 || repeats > 10_000) {
    throw new LanewiseError('usage', `Expected an integer in [1, 10000] for repeats but received ${repeats}`);
  }
  requireScored(model);
  const [scorer] = resolveMetrics(
    options.scorer === undefined ? undefined : [options.scorer],
    model.task,
    model.classes?.length,
  );
  const engine = options.engine ?? (await defaultEngine());
  const truth = readTruth(table, targetName(table, options.target ?? model.target), model.task, model.classes);
  const { known } = knownRows(truth);
  if (known.length === 0) throw new LanewiseError('data', 'Expected rows with a target to score but none has one');
  const rows = takeRows(table, known);
  const target = Float64Array.from(known, (row) => truth.values[row]!);
  const weights = rowWeights(rows, options.weights);
  const columns = inputColumns(model.program, rows);
  const texts = textsOfInputs(rows, model.program);
  const scoreOf = async (changed: readonly Float64Array[]) => {
    const outputs = await runProgramOn(engine, model.program, changed, known.length, signal, texts);
    return scorer!.score({ ...scoredOutputs(model, outputs), target, ...(weights && { weights }) });
  };
  const score = await scoreOf(columns);
  const features: Omit<FeatureImportance, 'share'>[] = [];
  for (let feature = 0; feature < columns.length; feature++) {
    const { name } = model.program.inputs[feature]!;
    const losses: number[] = [];
    for (let repeat = 0; repeat < repeats; repeat++) {
      throwIfCancelled(signal);
      const order = permutation(seed, ['permutation importance', name, repeat], known.length);
      const shuffled = Float64Array.from(order, (row) => columns[feature]![row]!);
      losses.push(score - (await scoreOf(columns.map((column, j) => (j === feature ? shuffled : column)))));
    }
    features.push({ feature: name, ...summary(losses) });
    onProgress?.({ what: 'feature', done: feature + 1, total: columns.length });
  }
  const natural = scorer!.natural(score);
  return { kind: 'permutation', unit: `loss of ${scorer!.label}`, score: natural, features: ranked(features) };
}

/** Shuffling is measured by a score of one target. */
function requireScored({ task, estimator, program }: Model): void {
  const scored = task === 'classification' || task === 'regression';
  if (scored && program.outputs.some(({ name }) => name === 'prediction')) return;
  const what = scored ? 'several targets' : task;
  throw new LanewiseError('unsupported', `Expected a model of one target but ${estimator} is of ${what}`, {
    hint: 'Permutation importances need a score of one target: ask for shap, gain or splits.',
  });
}

/** A program's outputs as metrics want them. */
function scoredOutputs({ program, classes }: Model, outputs: readonly Float64Array[]): Omit<Scored, 'target'> {
  const at = (name: string) => outputs[program.outputs.findIndex((output) => output.name === name)];
  const prediction = at('prediction')!;
  const probabilities = classes?.map((label) => at(`probability_${label}`));
  return probabilities?.every((column) => column !== undefined) ? { prediction, probabilities } : { prediction };
}

function summary(losses: readonly number[]): Omit<FeatureImportance, 'feature' | 'share'> {
  const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  if (losses.length < 2) return { importance: mean, low: mean, high: mean, repeats: losses };
  const squares = losses.reduce((sum, loss) => sum + (loss - mean) * (loss - mean), 0);
  const error = Math.sqrt(squares / (losses.length - 1) / losses.length);
  const half = studentCritical(0.95, losses.length - 1) * error;
  return { importance: mean, low: mean - half, high: mean + half, repeats: losses };
}
