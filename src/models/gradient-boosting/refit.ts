import type { Table } from 'apache-arrow';
import { defaultEngine } from '../../engine/engine.js';
import { MemoryRows } from '../../engine/trees/row-store.js';
import { BinnedRows } from '../../engine/trees/trees.js';
import { Breather } from '../../engine/turn.js';
import { invalid, LanewiseError, throwIfCancelled } from '../../errors.js';
import { leafValue } from '../../kernels/tree-splitting.js';
import { findLeaf } from '../../scoring/ensemble.js';
import type { EnsembleOperation } from '../../scoring/program.js';
import type { FitOptions, Model, TaskKind } from '../../table/interfaces.js';
import { makeModel } from '../model.js';
import { joined } from '../validation.js';
import { fittedTreesOf, inputColumns, requireSameSubject } from './continuation.js';
import { viewOf } from './dart.js';
import { LossState } from './loss-state.js';
import type { GradientBoostingParameters } from './parameters.js';
import type { Subject } from './subject.js';

export interface RefitOptions extends FitOptions {
  /** Share of its old value that a leaf keeps, in [0, 1]; default 0.9, as LightGBM's. */
  readonly decayRate?: number;
}

interface Refitted {
  readonly task: TaskKind;
  readonly parameters: GradientBoostingParameters;
}

/** Rows between two turns of the event loop. */
const BLOCK_ROWS = 65_536;

/**
 * The same trees with new leaf values for new rows, tree after tree as they were grown: decayRate · old + (1 − decayRate) ·
 * what the rows in the leaf ask for now, by this estimator's learning rate and regularisation. Leaves without a row
 * keep their value.
 * @throws LanewiseError where the model is no gradient boosting for this task, the table lacks a feature, or the loss
 * renews leaves from residuals (absolute error, quantiles, Huber).
 */
export async function refitTrees(
  { task, parameters }: Refitted,
  model: Model,
  table: Table,
  options: RefitOptions,
  subjectOf: () => Subject,
): Promise<Model> {
  const { decayRate = 0.9, signal } = options;
  if (!(decayRate >= 0 && decayRate <= 1)) throw invalid('decayRate', 'a number in [0, 1]', decayRate);
  throwIfCancelled(signal);
  const engine = options.engine ?? (await defaultEngine());
  const fitted = fittedTreesOf(model, task, 'refit');
  const { operation } = fitted;
  const columns = inputColumns(fitted, table);
  const subject = subjectOf();
  requireSameSubject(fitted, subject, 'refit');
  const { loss, values, weights, groups } = subject;
  if (loss.renewal) {
    throw new LanewiseError('unsupported', `Expected a loss with a hessian for refit but received ${loss.name}`, {
      hint: 'Fit anew, or go on from the model with { warmStart: model }.',
    });
  }
  const rowCount = table.numRows;
  const training = Uint32Array.from({ length: rowCount }, (_, row) => row).filter(
    (row) => !weights || weights[row]! > 0,
  );
  // The gradients' home: of the binned rows it holds nothing is read.
  using binned = new BinnedRows(engine, rowCount, 1);
  using rows = new MemoryRows(engine, binned);
  const data = { rowCount, targets: joined(...values), weights, groups, training, validation: new Uint32Array(0) };
  using state = new LossState(engine, data, loss, rows, operation.base);
  const inputs = operation.inputs.map((register) => columns[register]!.values);
  const leafValues = operation.leafValues.slice();
  const breather = new Breather();
  const outputs = operation.outputs.length;
  for (let tree = 0; tree < operation.roots.length; tree++) {
    const output = tree % outputs;
    if (output === 0) await state.beginRound(signal);
    await state.derive(output, signal);
    const leaves = new Uint32Array(rowCount);
    for (let start = 0; start < rowCount; start += BLOCK_ROWS) {
      const end = Math.min(rowCount, start + BLOCK_ROWS);
      for (let row = start; row < end; row++) leaves[row] = findLeaf(operation, operation.roots[tree]!, inputs, row);
      await breather.breathe(signal);
    }
    renew(leafValues, leaves, training, { state, rows, decayRate, parameters });
    const raw = viewOf(engine, state.rawOf(output), rowCount);
    for (let row = 0; row < rowCount; row++) raw[row] = raw[row]! + leafValues[leaves[row]!]!;
    await breather.breathe(signal);
    options.onProgress?.({ what: 'tree', done: tree + 1, total: operation.roots.length });
  }
  const renewed: EnsembleOperation = { ...operation, leafValues };
  const [, ...rest] = model.program.operations;
  return makeModel({
    ...model,
    parameters,
    program: { ...model.program, operations: [renewed, ...rest] },
    training: { ...model.training, rows: training.length, verdict: `leaf values refitted; ${model.training.verdict}` },
  });
}

interface Renewing {
  readonly state: LossState;
  readonly rows: MemoryRows;
  readonly decayRate: number;
  readonly parameters: GradientBoostingParameters;
}

/** Writes the new values of the leaves that rows fall into. */
function renew(
  leafValues: Float64Array,
  leaves: Uint32Array,
  training: Uint32Array,
  { state, rows, decayRate, parameters }: Renewing,
): void {
  const sums = new Map<number, [gradient: number, hessian: number]>();
  const [gradients, hessians] = [rows.gradients.values, rows.hessians.values];
  for (let i = 0; i < training.length; i++) {
    const row = training[i]!;
    const leaf = leaves[row]!;
    let sum = sums.get(leaf);
    if (!sum) sums.set(leaf, (sum = [0, 0]));
    sum[0] += gradients[row]!;
    sum[1] += hessians[row]!;
  }
  const { l1Regularization: l1, l2Regularization: l2, maxDeltaStep, learningRate } = parameters;
  const rules = { l1, l2, maxDeltaStep, lower: Number.NEGATIVE_INFINITY, upper: Number.POSITIVE_INFINITY };
  for (const [leaf, [gradient, hessian]] of sums) {
    const h = hessian / state.scales.hessianScale;
    if (!(h + l2 > 0)) continue;
    const value = learningRate * leafValue(gradient / state.scales.gradientScale, h, rules);
    leafValues[leaf] = decayRate * leafValues[leaf]! + (1 - decayRate) * value;
  }
}
