import type { Table } from 'apache-arrow';
import { defaultEngine } from '../engine/engine.js';
import { LanewiseError } from '../errors.js';
import { takeRows } from '../table/columns.js';
import type { Context, Model } from '../table/interfaces.js';
import { type Explanation, explain } from './attribution.js';
import { featureImportances, type Importances } from './importance.js';
import { type PartialDependence, partialDependence, sampled } from './partial-dependence.js';
import { traceModel } from './trace.js';

/** Everything that a page about a model's reasons shows, as plain data. */
export interface ExplanationReport {
  readonly estimator: string;
  readonly task: Model['task'];
  readonly target?: string;
  /** Rows of the table; of which `explanation.rows` were explained. */
  readonly rows: number;
  /** Absent for models that are neither of trees nor linear. */
  readonly explanation?: Explanation;
  /** Rows of the table that were explained. */
  readonly sampledRows: Uint32Array;
  /** The table's rows that are shown one by one, as places in `sampledRows`. */
  readonly shownRows: readonly number[];
  /** The most telling measure first: Shapley values, permutation, gain. */
  readonly importances: readonly Importances[];
  /** Of the first features, most important first. */
  readonly dependence: readonly PartialDependence[];
  /** Of the two features that act together most. */
  readonly pair?: PartialDependence;
  /** strength[i][j]: mean |interaction| of features i and j over the rows, both halves together. */
  readonly interactions?: { readonly names: readonly string[]; readonly strength: readonly (readonly number[])[] };
  /** What could not be shown, and why. */
  readonly notes: readonly string[];
}

export interface ReportOptions extends Context {
  /** Rows of the table (from 0) to show one by one; default: those of the least, a middling and the largest prediction. */
  readonly shown?: readonly number[];
  /** Rows that are explained at most; default 1,000. */
  readonly rows?: number;
  /** Column of the truth, for permutation importances; default the model's target, where the table has it. */
  readonly target?: string;
  /** Features that are drawn one by one; default 6. */
  readonly features?: number;
  /** Shuffles of each feature; default 5. */
  readonly repeats?: number;
}

/** Features beyond which interactions are left out: they take features² numbers a row. */
const MOST_INTERACTING = 40;
const INTERACTION_ROWS = 200;
const MOST_IN_MATRIX = 10;
const PERMUTED_ROWS = 5_000;

/** Explains a model on a table, in every way that it allows. */
export async function explanationReport(
  model: Model,
  table: Table,
  options: ReportOptions = {},
): Promise<ExplanationReport> {
  const { seed = 0, shown = [], rows = 1_000, features = 6 } = options;
  const engine = options.engine ?? (await defaultEngine());
  const context = { engine, seed, signal: options.signal, onProgress: options.onProgress };
  const wrong = shown.find((row) => !(Number.isInteger(row) && row >= 0 && row < table.numRows));
  if (wrong !== undefined) {
    throw new LanewiseError('usage', `Expected a row in [1, ${table.numRows}] but received ${wrong + 1}`);
  }
  const places = sampledPlaces(table, rows, seed, shown);
  const sample = takeRows(table, places);
  const notes: string[] = [];
  const explanation = await attempt(() => explain(model, sample, context), notes);
  const importances = await allImportances(model, table, explanation, { ...options, ...context }, notes);
  const best = (importances[0]?.features ?? []).map(({ feature }) => feature);
  const drawn = best.filter((name) => model.program.inputs.some((input) => input.name === name)).slice(0, features);
  const dependence: PartialDependence[] = [];
  for (const name of drawn) dependence.push(await partialDependence(model, sample, name, { ...context, rows: 500 }));
  const interactions = explanation && (await interactionStrengths(model, sample, explanation, best, context, notes));
  const pair = await pairDependence(model, sample, interactions, context);
  return {
    estimator: model.estimator,
    task: model.task,
    ...(model.target !== undefined && { target: model.target }),
    rows: table.numRows,
    ...(explanation && { explanation }),
    sampledRows: places,
    shownRows: shown.length > 0 ? shown.map((row) => places.indexOf(row)) : typicalRows(explanation),
    importances,
    dependence,
    ...(pair && { pair }),
    ...(interactions && { interactions }),
    notes,
  };
}

/** What fails for a reason that the model or the data give is left out and said; defects are not swallowed. */
async function attempt<T>(work: () => Promise<T>, notes: string[]): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    const expected = error instanceof LanewiseError && ['unsupported', 'artefact'].includes(error.code);
    if (!expected) throw error;
    notes.push(error.hint ? `${error.message}. ${error.hint}` : error.message);
    return undefined;
  }
}

function sampledPlaces(table: Table, most: number, seed: number, shown: readonly number[]): Uint32Array {
  const all = Uint32Array.from({ length: table.numRows }, (_, row) => row);
  if (all.length <= most) return all;
  const drawn = new Set([...sampled(all.length, most, seed), ...shown]);
  return Uint32Array.from(drawn).sort();
}

/** Of the first output: the rows of the least, the middling and the largest prediction. */
function typicalRows(explanation: Explanation | undefined): number[] {
  if (!explanation) return [];
  const [predicted] = explanation.predicted;
  const order = [...predicted!.keys()].sort((a, b) => predicted![a]! - predicted![b]! || a - b);
  return [...new Set([order.at(-1)!, order[order.length >> 1]!, order[0]!])];
}

async function allImportances(
  model: Model,
  table: Table,
  explanation: Explanation | undefined,
  options: ReportOptions,
  notes: string[],
): Promise<Importances[]> {
  const found: (Importances | undefined)[] = [];
  if (explanation) found.push(await featureImportances(model, { ...options, kind: 'shap', explanation }));
  const target = options.target ?? model.target;
  const known = target !== undefined && table.schema.fields.some(({ name }) => name === target);
  if (known) {
    const rows = takeRows(table, sampled(table.numRows, PERMUTED_ROWS, options.seed ?? 0));
    const permutation = { ...options, kind: 'permutation' as const, table: rows, target };
    found.push(await attempt(() => featureImportances(model, permutation), notes));
  } else if (target !== undefined) {
    notes.push('The data lack the target, so no permutation importances could be measured.');
  }
  if (explanation && traceModel(model).operations.every(({ op }) => op === 'ensemble')) {
    found.push(await attempt(() => featureImportances(model, { ...options, kind: 'gain' }), notes));
  }
  return found.filter((importances) => importances !== undefined);
}

async function interactionStrengths(
  model: Model,
  sample: Table,
  explanation: Explanation,
  best: readonly string[],
  context: Context,
  notes: string[],
): Promise<ExplanationReport['interactions']> {
  if (explanation.method !== 'path-dependent' || explanation.features.length < 2) return undefined;
  if (explanation.features.length > MOST_INTERACTING) {
    notes.push(`Interactions are left out: the model has more than ${MOST_INTERACTING} features.`);
    return undefined;
  }
  const few = takeRows(sample, sampled(sample.numRows, INTERACTION_ROWS, context.seed ?? 0));
  const { interactions, features, rows } = await explain(model, few, { ...context, interactions: true });
  const names = best.slice(0, MOST_IN_MATRIX);
  const places = names.map((name) => features.findIndex((feature) => feature.name === name));
  const meanSize = (i: number, j: number) =>
    interactions!.reduce((sum, output) => sum + output[i]![j]!.reduce((all, value) => all + Math.abs(value), 0), 0) /
    (rows * interactions!.length);
  // Half of a pair's interaction stands on either side of the diagonal.
  return { names, strength: places.map((i) => places.map((j) => (i === j ? 1 : 2) * meanSize(i, j))) };
}

async function pairDependence(
  model: Model,
  sample: Table,
  interactions: ExplanationReport['interactions'],
  context: Context,
): Promise<PartialDependence | undefined> {
  const inputs = new Set(model.program.inputs.map(({ name }) => name));
  const pairs = (interactions?.names ?? []).flatMap((a, i) =>
    interactions!.names
      .slice(0, i)
      .map((b, j) => ({ pair: [b, a] as const, strength: interactions!.strength[i]![j]! })),
  );
  const [strongest] = pairs
    .filter(({ pair, strength }) => strength > 0 && pair.every((name) => inputs.has(name)))
    .sort((a, b) => b.strength - a.strength);
  return strongest && partialDependence(model, sample, strongest.pair, { ...context, gridSize: 10, rows: 200 });
}
