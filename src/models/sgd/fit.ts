import type { Table } from 'apache-arrow';
import { defaultEngine, type Engine } from '../../engine/engine.js';
import type { Scaling } from '../../engine/linear-algebra.js';
import { RowMatrix, standardScaling } from '../../engine/row-matrix.js';
import { throwIfCancelled } from '../../errors.js';
import { sgdLosses } from '../../kernels/stochastic-gradient.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { FitOptions, Model } from '../../table/interfaces.js';
import { checkpointKey } from '../../training/checkpoint.js';
import { Deadline } from '../../training/deadline.js';
import { packState, unpackState } from '../../training/state.js';
import { verdictOf } from '../../training/verdict.js';
import { classFactors, weighClasses } from '../class-weights.js';
import {
  calibrate,
  classificationProgram,
  crossValidateDecisions,
  decisionsOf,
  type LinearDecisions,
  type Probabilities,
  regressionProgram,
} from '../decisions.js';
import { featureColumns, requireFinite, type Target, targetOf, weightsOf } from '../features.js';
import { holdOut } from '../gradient-boosting/hold-out.js';
import { importancesOf, originalUnits } from '../linear/coefficients.js';
import { makeModel } from '../model.js';
import { weighingRows } from '../rows.js';
import { seedOf } from '../seed.js';
import { readValidation } from '../validation.js';
import { noProgress, runEpochs, scheduleOf } from './loop.js';
import { inputColumns, memoryOf, type SgdMemory, scalingOf } from './resume.js';
import type { SgdSubject } from './subject.js';
import { type SgdSettings, SgdTrainer } from './trainer.js';

/** Everything that is learnt from. */
interface Data {
  readonly table: Table;
  readonly columns: readonly RegisterColumn[];
  readonly target: Target;
  /** Of the rows, times the factors of their classes. */
  readonly weights: Float64Array | undefined;
  readonly scaling: Scaling;
  /** By output: the class that is 1 in it; −1: targets are values. */
  readonly outputs: readonly number[];
  readonly engine: Engine;
}

/**
 * Fits, or goes on from `options.warmStart`.
 * @param part where given, one epoch is made, whatever maxIter and tol are
 */
export async function fitSgd(
  subject: SgdSubject,
  table: Table,
  options: FitOptions,
  part?: { readonly classes?: readonly string[] },
): Promise<Model> {
  const { signal, validation } = options;
  throwIfCancelled(signal);
  const deadline = new Deadline(options.timeBudget);
  const memory = options.warmStart && memoryOf(options.warmStart, subject);
  const data = await readData(subject, table, options, memory, part?.classes);
  const { columns, target, weights, scaling, outputs, engine } = data;
  const seed = seedOf(subject.randomState, options);
  const all = weighingRows(table.numRows, weights);
  const aside = subject.earlyStopping && !part && !validation;
  const classOf = target.classes && ((row: number) => target.values[row]!);
  const split = aside
    ? holdOut(all, subject.validationFraction, seed, classOf)
    : { training: all, validation: undefined };
  using matrix = await RowMatrix.of(
    engine,
    columns.map(({ values }) => values),
    { scaling, signal },
  );
  const rows = { matrix, target: target.values, weights };
  using trainer = new SgdTrainer(rows, split.training, outputs, settingsOf(subject, seed));
  if (memory) trainer.restore(unpackState(memory.state, 'states', trainer.stateLength));
  using held = split.validation && new SgdTrainer(rows, split.validation, outputs, settingsOf(subject, seed));
  using shown = validation && !part ? await heldTrainer(subject, data, options, seed) : undefined;
  const judge = held ?? shown?.trainer;
  const checkpoint = part ? undefined : await checkpointOf(subject, seed, data, options);
  const { progress, best } = await runEpochs(
    trainer,
    memory?.progress ? { ...memory.progress, ended: false } : noProgress,
    {
      subject,
      end: part ? (memory?.progress.epochs ?? 0) + 1 : subject.maxIter,
      ...(judge && { validationLoss: lossBy(judge, trainer) }),
      deadline,
      ...(checkpoint && { checkpoint }),
      options,
    },
  );
  if (best) trainer.restore(best);
  const decisions = decisionsIn(trainer, data);
  const probabilities = await probabilitiesOf(subject, data, decisions, progress.epochs, {
    options,
    seed,
    part: part !== undefined,
  });
  await options.checkpoint?.clear();
  const state = packState({ progress }, { states: trainer.save(), ...scaling });
  const bestIteration = best ? progress.bestEpoch : progress.history.length;
  const stoppedEarly = best !== undefined && progress.ended;
  const verdict = verdictOf({ ...progress, converged: progress.ended, stoppedEarly, bestIteration, unit: 'epoch' });
  const worth = decisions.coefficients.map((value, k) => value * scaling.scales[k % columns.length]!);
  return makeModel({
    estimator: subject.estimator.name,
    task: subject.task,
    parameters: subject.estimator.parameters,
    target: target.name,
    ...(target.classes && { classes: target.classes }),
    program: target.classes
      ? classificationProgram(columns, target.classes, decisions, probabilities)
      : regressionProgram(columns, decisions),
    // Where nothing works, nothing has a share in it.
    ...(worth.some((value) => value !== 0) && { importances: importancesOf(columns, worth) }),
    interpretability: 'high',
    training: {
      rows: table.numRows,
      iterations: progress.history.length,
      bestIteration,
      lossName: subject.lossName,
      history: progress.history,
      verdict: deadline.passed ? `${verdict}; time budget of ${deadline.seconds} s used up` : verdict,
      state,
    },
  });
}

async function readData(
  subject: SgdSubject,
  table: Table,
  options: FitOptions,
  memory: SgdMemory | undefined,
  classes: readonly string[] | undefined,
): Promise<Data> {
  const { warmStart: _, ...given } = options;
  const columns = memory ? inputColumns(memory.model, table) : featureColumns(table, given);
  const target = readTarget(subject, table, options, memory, classes);
  requireFinite(subject.estimator.name, columns);
  const own = weightsOf(table, options);
  const named = target.classes && {
    targets: target.values,
    classes: target.classes,
    rows: weighingRows(table.numRows, own),
  };
  const factors = named && classFactors(subject.classWeight, named);
  const weights = weighClasses(target.values, factors, own);
  const engine = options.engine ?? (await defaultEngine());
  const values = columns.map((column) => column.values);
  const scaling = memory ? scalingOf(memory, columns.length) : await scalingFor(subject, values, own, options.signal);
  const count = target.classes?.length ?? 0;
  // Of two classes, one function tells the last from the first.
  const outputs = count === 0 ? [-1] : count === 2 ? [1] : target.classes!.map((_, k) => k);
  return { table, columns, target, weights, scaling, outputs, engine };
}

/** The target; of a model that is gone on with, by its classes. */
function readTarget(
  { task }: SgdSubject,
  table: Table,
  options: FitOptions,
  memory: SgdMemory | undefined,
  named: readonly string[] | undefined,
): Target {
  const classes = memory ? memory.model.classes : named;
  const name = options.target ?? memory?.model.target;
  if (!memory && !classes) return targetOf(table, options, task);
  const given = name ?? targetOf(table, options, task).name;
  const { target } = readValidation(table, [], { name: given, ...(classes && { classes }) }, options);
  return { name: given, values: target, ...(classes && { classes }) };
}

async function scalingFor(
  { standardize, fitIntercept }: SgdSubject,
  columns: readonly Float64Array[],
  weights: Float64Array | undefined,
  signal: AbortSignal | undefined,
): Promise<Scaling> {
  if (standardize) return standardScaling(columns, { weights, centred: fitIntercept, signal });
  return { shifts: new Float64Array(columns.length), scales: new Float64Array(columns.length).fill(1) };
}

function settingsOf(subject: SgdSubject, seed: number): SgdSettings {
  const { penalty, alpha, l1Ratio, average } = subject;
  const share = { l2: 0, l1: 1, elasticnet: l1Ratio, none: 0 }[penalty];
  const strength = penalty === 'none' ? 0 : alpha;
  scheduleOf(subject);
  return {
    ...subject,
    loss: sgdLosses.indexOf(subject.loss),
    l1: strength * share,
    l2: strength * (1 - share),
    averageFrom: average,
    seed,
  };
}

/** A trainer over the rows of the validation table: it measures, and never learns. */
async function heldTrainer(subject: SgdSubject, data: Data, options: FitOptions, seed: number) {
  const { columns, target, scaling, engine, outputs } = data;
  const held = readValidation(options.validation!, columns, target, options);
  requireFinite(subject.estimator.name, held.columns);
  const values = held.columns.map((column) => column.values);
  const matrix = await RowMatrix.of(engine, values, { scaling, signal: options.signal });
  const { weights } = held;
  const visited = weighingRows(held.target.length, weights);
  const trainer = new SgdTrainer({ matrix, target: held.target, weights }, visited, outputs, settingsOf(subject, seed));
  return {
    trainer,
    [Symbol.dispose]() {
      trainer[Symbol.dispose]();
      matrix[Symbol.dispose]();
    },
  };
}

function lossBy(judge: SgdTrainer, trainer: SgdTrainer) {
  return (signal?: AbortSignal) => {
    judge.restore(trainer.save());
    return judge.loss(signal);
  };
}

async function checkpointOf(subject: SgdSubject, seed: number, data: Data, { checkpoint, warmStart }: FitOptions) {
  if (!checkpoint) return undefined;
  const { name, parameters } = subject.estimator;
  const what = { name, parameters, seed, from: warmStart?.training.state?.arrays['states'] ?? null };
  const arrays = [...data.columns.map(({ values }) => values), data.target.values];
  return { key: await checkpointKey(what, data.weights ? [...arrays, data.weights] : arrays), place: checkpoint };
}

/** The functions in the units of the data. */
function decisionsIn(trainer: SgdTrainer, { columns, scaling, outputs }: Data): LinearDecisions {
  const count = columns.length;
  const scaled = new Float64Array(outputs.length * count);
  const intercepts = outputs.map((_, k) => {
    const { coefficients, intercept } = trainer.solution(k);
    scaled.set(coefficients.subarray(0, count), k * count);
    return intercept;
  });
  return originalUnits(scaled, Float64Array.from(intercepts), scaling);
}

async function probabilitiesOf(
  subject: SgdSubject,
  data: Data,
  decisions: LinearDecisions,
  epochs: number,
  { options, seed, part }: { options: FitOptions; seed: number; part: boolean },
): Promise<Probabilities> {
  const { target, outputs, weights } = data;
  if (!target.classes || subject.loss === 'log_loss') return 'logistic';
  if (subject.loss === 'modified_huber') return 'clipped';
  const values = data.columns.map((column) => column.values);
  const own = await decisionsOf(data.engine, values, decisions, options.signal);
  if (subject.probability && !part) await heldOutDecisions(own, subject, data, epochs, options, seed);
  return calibrate(own, outputs, target.values, weights);
}

/** Decisions of functions that learnt from other rows, for as many epochs. */
async function heldOutDecisions(
  decisions: readonly Float64Array[],
  subject: SgdSubject,
  data: Data,
  epochs: number,
  options: FitOptions,
  seed: number,
): Promise<void> {
  const { target, weights, columns, scaling, outputs, engine } = data;
  const { signal } = options;
  const values = columns.map((column) => column.values);
  using matrix = await RowMatrix.of(engine, values, { scaling, signal });
  const rows = { matrix, target: target.values, weights };
  const fixed = { ...subject, tol: null, earlyStopping: false };
  const learn = async (training: Uint32Array) => {
    using trainer = new SgdTrainer(rows, training, outputs, settingsOf(subject, seed));
    const deadline = new Deadline(undefined);
    await runEpochs(trainer, noProgress, { subject: fixed, end: epochs, deadline, options: { signal } });
    return decisionsIn(trainer, data);
  };
  await crossValidateDecisions(decisions, { ...data, target: target.name, seed }, learn, signal);
}
