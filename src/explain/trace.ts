import { LanewiseError } from '../errors.js';
import {
  type EnsembleOperation,
  type LinearOperation,
  type Operation,
  type Program,
  readRegisters,
  writtenRegisters,
} from '../scoring/program.js';
import type { Model } from '../table/interfaces.js';

/** The operations whose outputs can be split up exactly among their inputs. */
export type AdditiveOperation = EnsembleOperation | LinearOperation;

/** What a model computes with, found in its program. */
export interface Traced {
  /** The last such operations before the outputs: one, but for models of several targets. */
  readonly operations: readonly AdditiveOperation[];
  /** By register: the program's inputs that it depends on, ascending. */
  readonly origins: ReadonlyMap<number, readonly number[]>;
}

/**
 * Finds the trees or the linear function at the end of a model's program.
 * @throws LanewiseError `unsupported` naming what the model computes instead.
 */
export function traceModel({ program, estimator }: Pick<Model, 'program' | 'estimator'>): Traced {
  const origins = originsOf(program);
  const additive = program.operations.filter(isAdditive);
  const read = new Set(additive.flatMap((operation) => [...upstream(program, operation)]));
  const operations = additive.filter((operation) => !operation.outputs.some((register) => read.has(register)));
  if (operations.length > 0) return { operations, origins };
  const found = [...new Set(program.operations.map(({ op }) => op))].join(', ') || 'nothing';
  throw new LanewiseError(
    'unsupported',
    `Expected a model of trees or a linear one to explain but ${estimator} is neither`,
    {
      hint: `It computes: ${found}. Permutation importance and partial dependence work for every model.`,
    },
  );
}

function isAdditive(operation: Operation): operation is AdditiveOperation {
  return operation.op === 'ensemble' || operation.op === 'linear';
}

/** Every register on which an operation's inputs depend. */
function upstream(program: Program, target: Operation): Set<number> {
  const needed = new Set(readRegisters(target));
  for (const operation of program.operations.toReversed()) {
    if (!writtenRegisters(operation).some((register) => needed.has(register))) continue;
    for (const register of readRegisters(operation)) needed.add(register);
  }
  return needed;
}

function originsOf(program: Program): Map<number, readonly number[]> {
  const origins = new Map<number, readonly number[]>(program.inputs.map((_, index) => [index, [index]]));
  for (const operation of program.operations) {
    const from = [...new Set(readRegisters(operation).flatMap((register) => origins.get(register) ?? []))];
    from.sort((a, b) => a - b);
    for (const register of writtenRegisters(operation)) origins.set(register, from);
  }
  return origins;
}

/** The program that ends with these registers, in this order. */
export function programUpTo(program: Program, registers: readonly number[]): Program {
  const needed = new Set(registers);
  const operations: Operation[] = [];
  for (const operation of program.operations.toReversed()) {
    if (!writtenRegisters(operation).some((register) => needed.has(register))) continue;
    for (const register of readRegisters(operation)) needed.add(register);
    operations.unshift(operation);
  }
  const outputs = registers.map((register, index) => ({
    name: `register ${index}`,
    register,
    type: 'number' as const,
  }));
  return { ...program, operations, outputs };
}

/** What is explained: its names, and the unit of its values. */
export function namesOfOutputs(model: Model, { outputs }: AdditiveOperation): string[] {
  const { classes, program, task } = model;
  if (task === 'anomaly-detection' && outputs.length === 1) return ['path length'];
  if (classes && outputs.length === classes.length) return [...classes];
  if (classes?.length === 2 && outputs.length === 1) return [classes[1]!];
  return outputs.map(
    (register, k) => program.outputs.find((output) => output.register === register)?.name ?? `prediction ${k + 1}`,
  );
}

/** In which unit an operation's outputs are, read off from what follows it. */
export function unitOf({ program, task }: Model, { outputs }: AdditiveOperation): string {
  // Of an isolation forest: the shorter, the more unusual the row.
  if (task === 'anomaly-detection') return 'path length';
  const readers = program.operations.filter((operation) => readRegisters(operation).includes(outputs[0]!));
  for (const reader of readers) {
    if (reader.op === 'softmax') return 'log-odds';
    if (reader.op === 'unary' && reader.function === 'sigmoid') return 'log-odds';
    if (reader.op === 'unary' && reader.function === 'exp') return 'log of the prediction';
  }
  return task === 'classification' ? 'probability' : 'prediction';
}
