import { activate, activations } from '../kernels/activations.js';
import { exp } from '../kernels/elementary.js';
import { DEPTH_BLOCK } from '../kernels/sums.js';
import { EnsembleWalk } from './ensemble-walk.js';
import { applyBinary, elementwise, textsOfInput } from './interpreter.js';
import { addKernels } from './kernel-expansion.js';
import { MetricNeighbors, NeighborImputer } from './metric-neighbors.js';
import { LabelSearch } from './nearest-label.js';
import { NeighborScorer } from './neighbor-score.js';
import { PairwiseCoupling } from './pairwise-coupling.js';
import type {
  CentroidsOperation,
  DenseOperation,
  GaussianOperation,
  KernelExpansionOperation,
  LinearOperation,
  NearestLabelOperation,
  NeighborsOperation,
  Operation,
  PairwiseCouplingOperation,
  Program,
  TermsOperation,
  Texts,
} from './program.js';
import { scoreText } from './terms.js';

/** What one operation does to a row's registers. */
type Step = (registers: Float64Array, texts: Texts | undefined) => void;

/**
 * A program for one row at a time. Everything is laid out once; `into` allocates nothing. The bits are the interpreter's.
 * Not for two rows at the same time: each caller makes its own.
 */
export class Scorer {
  readonly program: Program;
  readonly #registers: Float64Array;
  readonly #steps: readonly Step[];
  readonly #outputs: Int32Array;

  constructor(program: Program) {
    this.program = program;
    this.#registers = new Float64Array(program.registerCount);
    this.#steps = program.operations.map(stepOf);
    this.#outputs = Int32Array.from(program.outputs, (output) => output.register);
  }

  /**
   * Scores a row.
   * @param input a value an input, encoded as registers are (src/scoring/program.ts): missing = NaN, categories by index
   * @param output receives a value an output
   * @param texts of inputs of type text: what their codes stand for
   */
  into(input: Float64Array, output: Float64Array, texts?: Texts): void {
    const registers = this.#registers;
    const inputCount = this.program.inputs.length;
    for (let i = 0; i < inputCount; i++) registers[i] = input[i]!;
    const steps = this.#steps;
    for (let i = 0; i < steps.length; i++) steps[i]!(registers, texts);
    const outputs = this.#outputs;
    for (let i = 0; i < outputs.length; i++) output[i] = registers[outputs[i]!]!;
  }
}

function stepOf(operation: Operation): Step {
  switch (operation.op) {
    case 'constant':
      return (registers) => {
        registers[operation.out] = operation.value;
      };
    case 'linear':
      return linearStep(operation);
    case 'ensemble':
      return gathered(operation.inputs, new EnsembleWalk(operation));
    case 'neighbors':
      return gathered(operation.inputs, new NeighborSearch(operation));
    case 'neighborScore':
      return gathered(operation.inputs, new NeighborScorer(operation));
    case 'metricNeighbors':
      return gathered(operation.inputs, new MetricNeighbors(operation));
    case 'imputeNeighbors':
      return gathered(operation.inputs, new NeighborImputer(operation));
    case 'centroids':
      return gathered(operation.inputs, new CenterSearch(operation));
    case 'nearestLabel':
      return gathered(operation.inputs, new LabelOfNearest(operation));
    case 'kernelExpansion':
      return gathered(operation.inputs, new KernelMachine(operation));
    case 'pairwiseCoupling':
      return gathered(operation.inputs, new CoupledPairs(operation));
    case 'gaussian':
      return gathered(operation.inputs, new LogDensities(operation));
    case 'terms':
      return termsStep(operation);
    case 'dense':
      return gathered(operation.inputs, new DenseLayer(operation));
    case 'softmax':
    case 'normalize':
    case 'argmax':
      return acrossStep(operation);
    case 'binary': {
      const { left, right, out } = operation;
      const apply = applyBinary(operation.operator);
      return (registers) => {
        registers[out] = apply(registers[left]!, registers[right]!);
      };
    }
    case 'oneHot': {
      const { values, out, missing } = operation;
      return (registers) => {
        const value = registers[operation.in]!;
        for (let k = 0; k < values.length; k++) registers[out + k] = value === values[k] ? 1 : 0;
        if (missing) registers[out + values.length] = Number.isNaN(value) ? 1 : 0;
      };
    }
    default: {
      const { in: from, out } = operation;
      const apply = elementwise(operation);
      return (registers) => {
        registers[out] = apply(registers[from]!);
      };
    }
  }
}

function linearStep({ inputs, outputs, coefficients, intercepts }: LinearOperation): Step {
  const from = Int32Array.from(inputs);
  const count = from.length;
  return (registers) => {
    for (let k = 0; k < outputs.length; k++) {
      let sum = intercepts[k]!;
      for (let j = 0; j < count; j++) sum = coefficients[k * count + j]! * registers[from[j]!]! + sum;
      registers[outputs[k]!] = sum;
    }
  };
}

/** Reading a text allocates; nothing else here does. */
function termsStep(operation: TermsOperation): Step {
  const { outputs } = operation;
  const sums = new Float64Array(outputs.length);
  return (registers, texts) => {
    scoreText(operation, textsOfInput(operation, texts)[registers[operation.in]!], sums);
    for (let k = 0; k < outputs.length; k++) registers[outputs[k]!] = sums[k]!;
  };
}

/** Operations that want their inputs side by side. */
function gathered(
  inputs: readonly number[],
  scoring: { score(inputs: Float64Array, registers: Float64Array): void },
): Step {
  const from = Int32Array.from(inputs);
  const values = new Float64Array(from.length);
  return (registers) => {
    for (let j = 0; j < from.length; j++) values[j] = registers[from[j]!]!;
    scoring.score(values, registers);
  };
}

function acrossStep(operation: Extract<Operation, { op: 'softmax' | 'normalize' | 'argmax' }>): Step {
  const from = Int32Array.from(operation.inputs);
  const parts = new Float64Array(from.length);
  return (registers) => {
    let [best, missing] = [0, false];
    for (let k = 0; k < from.length; k++) {
      const value = registers[from[k]!]!;
      parts[k] = value;
      missing ||= Number.isNaN(value);
      if (value > parts[best]!) best = k;
    }
    if (operation.op === 'argmax') {
      registers[operation.out] = missing ? Number.NaN : best;
      return;
    }
    const shift = parts[best]!;
    let sum = 0;
    for (let k = 0; k < parts.length; k++) {
      if (operation.op === 'softmax') parts[k] = exp(parts[k]! - shift);
      sum += parts[k]!;
    }
    for (let k = 0; k < parts.length; k++) {
      registers[operation.outputs[k]!] = sum === 0 ? 1 / parts.length : parts[k]! / sum;
    }
  };
}

/** The squared L2 distance to point `index`, added in the order of the inputs. */
function squaredDistance(points: Float64Array, index: number, x: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < x.length; j++) {
    const difference = x[j]! - points[index * x.length + j]!;
    sum += difference * difference;
  }
  return sum;
}

class NeighborSearch {
  readonly #operation: NeighborsOperation;
  readonly #distances: Float64Array;
  readonly #indices: Int32Array;
  readonly #sums: Float64Array;

  constructor(operation: NeighborsOperation) {
    this.#operation = operation;
    const places = Math.min(operation.k, operation.targets.length / operation.outputs.length) + 1;
    this.#distances = new Float64Array(places);
    this.#indices = new Int32Array(places);
    this.#sums = new Float64Array(operation.outputs.length);
  }

  score(x: Float64Array, registers: Float64Array): void {
    const { outputs, targets, weights } = this.#operation;
    const sums = this.#sums;
    const found = this.#search(x);
    const exact = weights === 'distance' && found > 0 && this.#distances[0] === 0;
    sums.fill(0);
    let total = 0;
    for (let place = 0; place < found; place++) {
      const distance = this.#distances[place]!;
      const weight = weights === 'uniform' ? 1 : exact ? (distance === 0 ? 1 : 0) : 1 / Math.sqrt(distance);
      total += weight;
      for (let k = 0; k < sums.length; k++) {
        sums[k] = sums[k]! + weight * targets[this.#indices[place]! * sums.length + k]!;
      }
    }
    for (let k = 0; k < sums.length; k++) registers[outputs[k]!] = sums[k]! / total;
  }

  /** Fills distances and indices, nearest first, and returns how many there are: 0 where a distance is NaN. */
  #search(x: Float64Array): number {
    const { points, targets, outputs, k } = this.#operation;
    const [distances, indices] = [this.#distances, this.#indices];
    const pointCount = targets.length / outputs.length;
    let found = 0;
    for (let index = 0; index < pointCount; index++) {
      const distance = squaredDistance(points, index, x);
      if (Number.isNaN(distance)) return 0;
      if (found === k && distance >= distances[k - 1]!) continue;
      let place = found;
      while (place > 0 && distances[place - 1]! > distance) {
        distances[place] = distances[place - 1]!;
        indices[place] = indices[place - 1]!;
        place--;
      }
      distances[place] = distance;
      indices[place] = index;
      if (found < k) found++;
    }
    return found;
  }
}

class CenterSearch {
  readonly #operation: CentroidsOperation;

  constructor(operation: CentroidsOperation) {
    this.#operation = operation;
  }

  score(x: Float64Array, registers: Float64Array): void {
    const { distances, centers, out } = this.#operation;
    let [best, bestDistance] = [Number.NaN, Number.POSITIVE_INFINITY];
    for (let k = 0; k < distances.length; k++) {
      const distance = squaredDistance(centers, k, x);
      registers[distances[k]!] = Math.sqrt(distance);
      if (distance < bestDistance) [best, bestDistance] = [k, distance];
    }
    registers[out] = best;
  }
}

class LabelOfNearest {
  readonly #out: number;
  readonly #search: LabelSearch;

  constructor(operation: NearestLabelOperation) {
    this.#out = operation.out;
    this.#search = new LabelSearch(operation);
  }

  score(x: Float64Array, registers: Float64Array): void {
    registers[this.#out] = this.#search.labelOf(x);
  }
}

class KernelMachine {
  readonly #operation: KernelExpansionOperation;
  readonly #sums: Float64Array;

  constructor(operation: KernelExpansionOperation) {
    this.#operation = operation;
    this.#sums = new Float64Array(operation.outputs.length);
  }

  score(x: Float64Array, registers: Float64Array): void {
    const { outputs, intercepts } = this.#operation;
    this.#sums.set(intercepts);
    addKernels(this.#operation, x, this.#sums);
    for (let k = 0; k < outputs.length; k++) registers[outputs[k]!] = this.#sums[k]!;
  }
}

class CoupledPairs {
  readonly #outputs: Int32Array;
  readonly #coupling: PairwiseCoupling;

  constructor({ outputs }: PairwiseCouplingOperation) {
    this.#outputs = Int32Array.from(outputs);
    this.#coupling = new PairwiseCoupling(outputs.length);
  }

  score(pairs: Float64Array, registers: Float64Array): void {
    const probabilities = this.#coupling.solve(pairs);
    for (let k = 0; k < this.#outputs.length; k++) registers[this.#outputs[k]!] = probabilities[k]!;
  }
}

class LogDensities {
  readonly #operation: GaussianOperation;
  readonly #differences: Float64Array;

  constructor(operation: GaussianOperation) {
    this.#operation = operation;
    this.#differences = new Float64Array(operation.inputs.length);
  }

  score(x: Float64Array, registers: Float64Array): void {
    const { outputs, covariance, offsets, means, factors } = this.#operation;
    const differences = this.#differences;
    const count = x.length;
    for (let k = 0; k < outputs.length; k++) {
      for (let j = 0; j < count; j++) differences[j] = x[j]! - means[k * count + j]!;
      let sum = 0;
      for (let i = 0; i < count; i++) {
        let z = 0;
        if (covariance === 'diagonal') z = factors[k * count + i]! * differences[i]!;
        else {
          const row = (k * count + i) * count;
          for (let j = 0; j < count; j++) z = factors[row + j]! * differences[j]! + z;
        }
        sum += z * z;
      }
      registers[outputs[k]!] = offsets[k]! - 0.5 * sum;
    }
  }
}

/** Along the rows of the weights, where they lie; f32 arrays do the rounding. */
class DenseLayer {
  readonly #operation: DenseOperation;
  readonly #code: number;
  readonly #inputs: Float32Array;
  readonly #block: Float32Array;
  readonly #sums: Float32Array;

  constructor(operation: DenseOperation) {
    this.#operation = operation;
    this.#code = activations.indexOf(operation.activation);
    this.#inputs = new Float32Array(operation.inputs.length);
    this.#block = new Float32Array(operation.outputs.length);
    this.#sums = new Float32Array(operation.outputs.length);
  }

  score(x: Float64Array, registers: Float64Array): void {
    const { outputs, weights, biases } = this.#operation;
    const [inputs, block, sums] = [this.#inputs, this.#block, this.#sums];
    const units = sums.length;
    inputs.set(x);
    sums.fill(0);
    for (let start = 0; start < inputs.length; start += DEPTH_BLOCK) {
      const end = Math.min(inputs.length, start + DEPTH_BLOCK);
      block.fill(0);
      for (let j = start; j < end; j++) {
        const value = inputs[j]!;
        for (let k = 0, at = j * units; k < units; k++, at++) {
          block[k] = block[k]! + Math.fround(value * weights[at]!);
        }
      }
      for (let k = 0; k < units; k++) sums[k] = sums[k]! + block[k]!;
    }
    for (let k = 0; k < units; k++) {
      registers[outputs[k]!] = activate(this.#code, Math.fround(sums[k]! + biases[k]!));
    }
  }
}
