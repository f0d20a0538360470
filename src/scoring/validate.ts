import { LanewiseError } from '../errors.js';
import { annotationsOf, arrayTypes, type FieldKind, fieldsOf, isArrayKind } from './layout.js';
import type {
  CentroidsOperation,
  DenseOperation,
  EnsembleOperation,
  GaussianOperation,
  ImputeNeighborsOperation,
  InputType,
  KernelExpansionOperation,
  LinearOperation,
  MetricNeighborsOperation,
  NearestLabelOperation,
  NeighborScoreOperation,
  NeighborsOperation,
  Operation,
  Program,
  ProgramInput,
  ProgramOutput,
  TermsOperation,
} from './program.js';
import { readRegisters, writtenRegisters } from './program.js';
import { termCount } from './terms.js';

/** Far above any real program; keeps a hostile one from asking for all memory. */
const MOST_REGISTERS = 1 << 20;
/** A power is computed by squaring, in as many steps as this has bits. */
const MOST_DEGREES = 1 << 30;
/** A text of n words has n terms a length: beyond this, none is of use. */
const LONGEST_TERM = 64;
const MOST_BUCKETS = 1 << 24;

const inputTypes: readonly string[] = ['number', 'boolean', 'timestamp', 'category', 'text'] satisfies InputType[];

/**
 * Checks everything that the interpreter, the kernels and the stand-alone module rely on: fields and their types,
 * registers within bounds, each written once and before it is read, lengths that agree, trees without cycles whose
 * every index is within bounds. A program that passes can be run on any input without reading or writing out of place.
 * @throws LanewiseError `artefact`, naming the operation and the field.
 */
export function validateProgram(value: unknown): Program {
  const program = value as Program;
  check(typeof value === 'object' && value !== null, 'it is not an object');
  for (const part of ['inputs', 'operations', 'outputs'] as const) {
    check(Array.isArray(program[part]), `${part} is not a list`);
  }
  checkCount(program.registerCount, 'registerCount');
  check(program.registerCount <= MOST_REGISTERS, `registerCount ${program.registerCount} is above ${MOST_REGISTERS}`);
  check(program.registerCount >= program.inputs.length, 'there are fewer registers than inputs');
  checkNames(program.inputs, 'input');
  const written = new Uint8Array(program.registerCount).fill(1, 0, program.inputs.length);
  program.operations.forEach((operation, index) => {
    checkFields(operation, index);
    checkRegisters(operation, `operation ${index} (${operation.op})`, written);
    checkMeaning(operation, `operation ${index} (${operation.op})`);
    checkTexts(operation, `operation ${index} (${operation.op})`, program.inputs);
  });
  check(program.outputs.length > 0, 'it has no outputs');
  checkNames(program.outputs, 'output');
  for (const output of program.outputs) {
    checkRead(output.register, `output "${output.name}"`, written);
    check(output.type !== 'text', `output "${output.name}" is a text`);
  }
  return program;
}

function checkNames(entries: readonly (ProgramInput | ProgramOutput)[], what: string): void {
  const names = new Set<string>();
  entries.forEach((entry, index) => {
    check(typeof entry === 'object' && entry !== null, `${what} ${index} is not an object`);
    check(typeof entry.name === 'string' && entry.name !== '', `${what} ${index} has no name`);
    check(!names.has(entry.name), `${what} "${entry.name}" stands there twice`);
    names.add(entry.name);
    check(inputTypes.includes(entry.type), `${what} "${entry.name}" is of unknown type "${String(entry.type)}"`);
    if (entry.type !== 'category') return;
    const { labels } = entry;
    check(Array.isArray(labels), `${what} "${entry.name}" is a category without labels`);
    check(
      labels!.every((label) => typeof label === 'string') && new Set(labels).size === labels!.length,
      `the labels of ${what} "${entry.name}" are not distinct texts`,
    );
  });
}

function checkFields(operation: Operation, index: number): void {
  check(typeof operation === 'object' && operation !== null, `operation ${index} is not an object`);
  const fields = fieldsOf(String(operation.op));
  check(fields !== undefined, `operation ${index} is of unknown kind "${String(operation.op).slice(0, 40)}"`);
  const values = operation as unknown as Record<string, unknown>;
  for (const [name, kind] of fields!) {
    check(matches(values[name], kind), `${name} of operation ${index} (${operation.op}) is not ${describe(kind)}`);
  }
  for (const [name, kind] of annotationsOf(operation.op)) {
    const sound = values[name] === undefined || matches(values[name], kind);
    check(sound, `${name} of operation ${index} (${operation.op}) is not ${describe(kind)}`);
  }
}

function matches(value: unknown, kind: FieldKind): boolean {
  if (isArrayKind(kind)) return value instanceof arrayTypes[kind];
  switch (kind) {
    case 'read':
    case 'write':
    case 'integer':
      return isCount(value);
    case 'reads':
    case 'writes':
      return Array.isArray(value) && value.every(isCount);
    case 'number':
      return typeof value === 'number';
    case 'numbers':
      return Array.isArray(value) && value.every((entry) => typeof entry === 'number');
    case 'flag':
      return typeof value === 'boolean';
    case 'texts':
      return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
    default:
      return typeof value === 'string' && kind.includes(value);
  }
}

function describe(kind: FieldKind): string {
  if (typeof kind !== 'string') return `one of ${kind.join(', ')}`;
  if (isArrayKind(kind)) return `a buffer of ${kind}`;
  const words = {
    read: 'a register',
    write: 'a register',
    reads: 'a list of registers',
    writes: 'a list of registers',
  };
  const others = { number: 'a number', numbers: 'a list of numbers', integer: 'a count', flag: 'true or false' };
  return { ...words, ...others, texts: 'a list of texts' }[kind];
}

function checkRegisters(operation: Operation, where: string, written: Uint8Array): void {
  for (const register of readRegisters(operation)) checkRead(register, where, written);
  for (const register of writtenRegisters(operation)) {
    check(register < written.length, `${where} writes register ${register} of ${written.length}`);
    check(written[register] === 0, `${where} writes register ${register} a second time`);
    written[register] = 1;
  }
}

function checkRead(register: number, where: string, written: Uint8Array): void {
  check(isCount(register) && register < written.length, `${where} reads register ${register} of ${written.length}`);
  check(written[register] === 1, `${where} reads register ${register} before it is written`);
}

/** What the types alone do not say. */
function checkMeaning(operation: Operation, where: string): void {
  switch (operation.op) {
    case 'linear':
      return checkLinear(operation, where);
    case 'ensemble':
      return checkEnsemble(operation, where);
    case 'neighbors':
      return checkNeighbors(operation, where);
    case 'neighborScore':
      return checkNeighborScore(operation, where);
    case 'metricNeighbors':
      return checkMetricNeighbors(operation, where);
    case 'imputeNeighbors':
      return checkImputeNeighbors(operation, where);
    case 'centroids':
      return checkCentroids(operation, where);
    case 'nearestLabel':
      return checkNearestLabel(operation, where);
    case 'kernelExpansion':
      return checkKernelExpansion(operation, where);
    case 'pairwiseCoupling': {
      const classes = operation.outputs.length;
      check(classes >= 2, `${where} has fewer than two outputs`);
      return checkLength(operation.inputs, (classes * (classes - 1)) / 2, `inputs of ${where}`);
    }
    case 'gaussian':
      return checkGaussian(operation, where);
    case 'terms':
      return checkTerms(operation, where);
    case 'dense':
      return checkDense(operation, where);
    case 'softmax':
    case 'normalize':
      check(operation.inputs.length > 0, `${where} has no inputs`);
      return checkLength(operation.outputs, operation.inputs.length, `outputs of ${where}`);
    case 'argmax':
      return check(operation.inputs.length > 0, `${where} has no inputs`);
    case 'bin':
      for (let i = 0; i < operation.edges.length; i++) {
        const ascends = i === 0 ? !Number.isNaN(operation.edges[0]) : operation.edges[i]! >= operation.edges[i - 1]!;
        check(ascends, `edges of ${where} do not ascend at ${i}`);
      }
  }
}

function checkLinear(operation: LinearOperation, where: string): void {
  const { inputs, outputs, coefficients, intercepts } = operation;
  checkLength(coefficients, inputs.length * outputs.length, `coefficients of ${where}`);
  checkLength(intercepts, outputs.length, `intercepts of ${where}`);
}

function checkTerms(operation: TermsOperation, where: string): void {
  const { outputs, ngramMin, ngramMax, buckets, vocabulary, weights, coefficients, intercepts } = operation;
  const lengths = ngramMin >= 1 && ngramMin <= ngramMax && ngramMax <= LONGEST_TERM;
  check(lengths, `${where} has terms of ${ngramMin} to ${ngramMax} parts`);
  check(buckets <= MOST_BUCKETS, `buckets of ${where} are ${buckets}`);
  check(buckets === 0 || vocabulary.length === 0, `${where} has both buckets and a vocabulary`);
  check(new Set(vocabulary).size === vocabulary.length, `the vocabulary of ${where} has a term twice`);
  const count = termCount(operation);
  if (weights.length > 0) checkLength(weights, count, `weights of ${where}`);
  checkLength(coefficients, count * outputs.length, `coefficients of ${where}`);
  checkLength(intercepts, outputs.length, `intercepts of ${where}`);
}

/** Codes of texts mean nothing to any operation but one. */
function checkTexts(operation: Operation, where: string, inputs: readonly ProgramInput[]): void {
  for (const register of readRegisters(operation)) {
    const isText = inputs[register]?.type === 'text';
    if (operation.op === 'terms') check(isText, `${where} reads register ${register}, which is no text`);
    else check(!isText, `${where} reads register ${register}, which is a text`);
  }
}

function checkNeighbors(operation: NeighborsOperation, where: string): void {
  const { inputs, outputs, k, points, targets } = operation;
  check(k >= 1, `k of ${where} is ${k}`);
  check(outputs.length > 0, `${where} has no outputs`);
  const pointCount = targets.length / outputs.length;
  check(Number.isInteger(pointCount), `targets of ${where} are not ${outputs.length} a point`);
  check(pointCount > 0, `${where} has no points`);
  checkLength(points, pointCount * inputs.length, `points of ${where}`);
}

function checkNeighborScore(operation: NeighborScoreOperation, where: string): void {
  const { inputs, k, score, points, reaches, densities } = operation;
  check(inputs.length > 0, `${where} has no inputs`);
  const pointCount = points.length / inputs.length;
  check(Number.isInteger(pointCount), `points of ${where} are not of ${inputs.length} numbers`);
  check(k >= 1 && k <= pointCount, `k of ${where} is ${k}, with ${pointCount} points`);
  const wanted = score === 'outlierFactor' ? pointCount : 0;
  checkLength(reaches, wanted, `reaches of ${where}`);
  checkLength(densities, wanted, `densities of ${where}`);
}

function checkMetricNeighbors(operation: MetricNeighborsOperation, where: string): void {
  const { inputs, outputs, metric, radius, points, columns, targets, otherwise } = operation;
  check(outputs.length > 0, `${where} has no outputs`);
  check(inputs.length > 0, `${where} has no inputs`);
  check(metric !== 'haversine' || inputs.length === 2, `${where} has ${inputs.length} inputs for haversine`);
  check(!Number.isNaN(radius), `radius of ${where} is NaN`);
  const pointCount = targets.length / outputs.length;
  check(Number.isInteger(pointCount), `targets of ${where} are not ${outputs.length} a point`);
  check(pointCount > 0, `${where} has no points`);
  checkLength(points, pointCount * inputs.length, `points of ${where}`);
  checkLength(columns, metric === 'gower' ? 2 * inputs.length : 0, `columns of ${where}`);
  if (otherwise.length > 0) checkLength(otherwise, outputs.length, `otherwise of ${where}`);
}

function checkImputeNeighbors(operation: ImputeNeighborsOperation, where: string): void {
  const { inputs, outputs, k, points, fallback } = operation;
  check(k >= 1, `k of ${where} is ${k}`);
  check(inputs.length > 0, `${where} has no inputs`);
  checkLength(outputs, inputs.length, `outputs of ${where}`);
  checkLength(fallback, inputs.length, `fallback of ${where}`);
  check(points.length > 0 && points.length % inputs.length === 0, `points of ${where} are not ${inputs.length} a row`);
}

function checkCentroids(operation: CentroidsOperation, where: string): void {
  const { inputs, distances, centers } = operation;
  check(distances.length > 0, `${where} has no centres`);
  checkLength(centers, distances.length * inputs.length, `centers of ${where}`);
}

function checkNearestLabel({ inputs, k, points, labels, limits, cores }: NearestLabelOperation, where: string): void {
  check(labels.length > 0, `${where} has no points`);
  check(k <= labels.length, `k of ${where} is ${k}, above its ${labels.length} points`);
  checkLength(points, labels.length * inputs.length, `points of ${where}`);
  if (limits.length > 1) checkLength(limits, labels.length, `limits of ${where}`);
  if (cores.length > 0) checkLength(cores, labels.length, `cores of ${where}`);
}

function checkKernelExpansion(operation: KernelExpansionOperation, where: string): void {
  const { inputs, outputs, degree, supports, coefficients, intercepts } = operation;
  check(outputs.length > 0, `${where} has no outputs`);
  check(degree <= MOST_DEGREES, `degree of ${where} is ${degree}, above ${MOST_DEGREES}`);
  const supportCount = coefficients.length / outputs.length;
  check(Number.isInteger(supportCount), `coefficients of ${where} are not ${outputs.length} a support`);
  checkLength(supports, supportCount * inputs.length, `supports of ${where}`);
  checkLength(intercepts, outputs.length, `intercepts of ${where}`);
}

function checkGaussian(operation: GaussianOperation, where: string): void {
  const { inputs, outputs, covariance, offsets, means, factors } = operation;
  check(outputs.length > 0, `${where} has no outputs`);
  check(inputs.length > 0, `${where} has no inputs`);
  checkLength(offsets, outputs.length, `offsets of ${where}`);
  checkLength(means, outputs.length * inputs.length, `means of ${where}`);
  const each = covariance === 'full' ? inputs.length * inputs.length : inputs.length;
  checkLength(factors, outputs.length * each, `factors of ${where}`);
}

function checkDense({ inputs, outputs, weights, biases }: DenseOperation, where: string): void {
  check(inputs.length > 0, `${where} has no inputs`);
  check(outputs.length > 0, `${where} has no outputs`);
  checkLength(weights, inputs.length * outputs.length, `weights of ${where}`);
  checkLength(biases, outputs.length, `biases of ${where}`);
}

function checkEnsemble(operation: EnsembleOperation, where: string): void {
  const { outputs, base, leafWidth, feature, average, roots } = operation;
  check(outputs.length > 0, `${where} has no outputs`);
  check(roots.length > 0 || !average, `${where} averages no trees`);
  check(leafWidth === 1 || leafWidth === outputs.length, `leafWidth of ${where} is ${leafWidth}`);
  checkLength(base, outputs.length, `base of ${where}`);
  for (const name of ['threshold', 'left', 'right', 'missingGoesLeft', 'categoryOffset', 'categoryWords'] as const) {
    checkLength(operation[name], feature.length, `${name} of ${where}`);
  }
  for (const name of ['cover', 'gain'] as const) {
    const values = operation[name];
    if (values === undefined) continue;
    checkLength(values, feature.length, `${name} of ${where}`);
    const wrong = values.findIndex((value) => !(value >= 0 && value < Number.POSITIVE_INFINITY));
    check(wrong < 0, `${name} ${values[wrong]} of node ${wrong} of ${where} is not a number from 0 on`);
  }
  for (let node = 0; node < feature.length; node++) checkNode(operation, node, where);
  checkTrees(operation, where);
}

function checkNode(operation: EnsembleOperation, node: number, where: string): void {
  const { inputs, feature, left, right, categoryOffset, categoryWords, categories, leafValues, leafWidth } = operation;
  const wrong = (what: string) => brokenProgram(`node ${node} of ${where} ${what}`);
  if (feature[node] === -1) {
    const inside = left[node]! >= 0 && (left[node]! + 1) * leafWidth <= leafValues.length;
    if (!inside) throw wrong(`is leaf ${left[node]} of ${leafValues.length / leafWidth}`);
    return;
  }
  if (feature[node]! < 0 || feature[node]! >= inputs.length) throw wrong(`splits on input ${feature[node]}`);
  for (const child of [left[node]!, right[node]!]) {
    if (child < 0 || child >= feature.length) throw wrong(`has the child ${child} of ${feature.length}`);
  }
  const [offset, words] = [categoryOffset[node]!, categoryWords[node]!];
  if (offset === -1) return;
  if (offset < 0 || words < 0 || offset + words > categories.length) {
    throw wrong(`has ${words} words of categories from ${offset}, of ${categories.length}`);
  }
}

/** A node with two parents could close a cycle, in which scoring would never end. */
function checkTrees(operation: EnsembleOperation, where: string): void {
  const { roots, feature, left, right } = operation;
  const reached = new Uint8Array(feature.length);
  const stack: number[] = [];
  const reach = (node: number): void => {
    if (reached[node] === 1) throw brokenProgram(`node ${node} of ${where} has two parents`);
    reached[node] = 1;
    if (feature[node]! >= 0) stack.push(node);
  };
  roots.forEach((root, tree) => {
    check(root >= 0 && root < feature.length, `tree ${tree} of ${where} begins at node ${root} of ${feature.length}`);
    reach(root);
    while (stack.length > 0) {
      const node = stack.pop()!;
      reach(left[node]!);
      reach(right[node]!);
    }
  });
}

function checkLength(array: ArrayLike<unknown>, length: number, what: string): void {
  check(array.length === length, `there are ${array.length} ${what}, expected ${length}`);
}

function checkCount(value: unknown, what: string): void {
  check(isCount(value), `${what} is not a count`);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function check(holds: boolean, what: string): void {
  if (!holds) throw brokenProgram(what);
}

/** The one error of a program that must not be run; callers add the file. */
export function brokenProgram(what: string): LanewiseError {
  return new LanewiseError('artefact', `The model's program cannot be run: ${what}`, {
    hint: 'The file was changed, cut short or written by another version; deploy the model again.',
  });
}
