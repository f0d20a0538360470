// The generic predict module: an interpreter of the program that src/deploy/wasm.ts writes into it as a data segment.
// bindings/ABI.md specifies the exports, src/scoring/embed.ts the program's binary form, src/scoring/interpreter.ts what
// every operation means, to the bit. It needs no SIMD, imports nothing, and has no static data of its own.
import { scoreAcross } from './predict/across';
import { scoreElementwise, scoreBinary, scoreOneHot } from './predict/elementwise';
import { scoreDense } from './predict/dense';
import { scoreEnsemble } from './predict/ensemble';
import { scoreGaussian } from './predict/gaussian';
import { scoreKernelExpansion } from './predict/kernel-expansion';
import { scoreLinear } from './predict/linear';
import { scoreImputeNeighbors, scoreMetricNeighbors } from './predict/metric-neighbors';
import { scoreNearestLabel } from './predict/nearest-label';
import { scoreNeighborScore } from './predict/neighbor-score';
import { scoreCentroids, scoreNeighbors } from './predict/neighbors';
import { scorePairwiseCoupling } from './predict/pairwise-coupling';
import {
  BLOCK_ROWS, PROGRAM, column, heapStart, inputCount, operationCount, operationsAt, outputCount, outputRegister,
  inputLabels, inputType, scratchBytes, setRegisters,
} from './predict/program';

const ABI_VERSION: i32 = 1;

// Statuses of lanewise_predict.
const DONE: i32 = 0;
const BAD_ROWS: i32 = 1;
const BAD_POINTER: i32 = 2;
const NO_MEMORY: i32 = 3;
const NO_PROGRAM: i32 = 4;

// Opcodes that do not go through scoreElementwise; src/scoring/embed.ts has them all.
const ONE_HOT: i32 = 7;
const BINARY: i32 = 13;
const LINEAR: i32 = 14;
const ENSEMBLE: i32 = 15;
const NEIGHBORS: i32 = 16;
const CENTROIDS: i32 = 17;
const SOFTMAX: i32 = 18;
const NORMALIZE: i32 = 19;
const ARGMAX: i32 = 20;
const GAUSSIAN: i32 = 22;
const KERNEL_EXPANSION: i32 = 23;
const PAIRWISE_COUPLING: i32 = 24;
const DENSE: i32 = 25;
const NEAREST_LABEL: i32 = 26;
const NEIGHBOR_SCORE: i32 = 27;
const METRIC_NEIGHBORS: i32 = 28;
const IMPUTE_NEIGHBORS: i32 = 29;

// Where the next allocation begins; 0 until the first.
let top: usize = 0;

export function lanewise_abi(): i32 {
  return ABI_VERSION;
}

/** Bytes at a multiple of 64, zeroed only where the memory is fresh; 0 where there is no room. */
export function lanewise_alloc(bytes: i32): usize {
  if (bytes < 0 || heapStart() == 0) return 0;
  const begin = heapTop();
  const end = <u64>begin + (((<u64>bytes + 63) >> 6) << 6);
  // Room for the scratch of a prediction too, so that none grows the memory, and views on it stay good.
  if (!reach(end + <u64>scratchBytes())) return 0;
  top = <usize>end;
  return begin;
}

/** Gives everything back that was allocated. */
export function lanewise_reset(): void {
  top = 0;
}

export function lanewise_predict(inputs: usize, rows: i32, out: usize): i32 {
  if (heapStart() == 0) return NO_PROGRAM;
  if (rows < 0) return BAD_ROWS;
  if (!isWithin(inputs, inputCount(), 4) || !isWithin(out, outputCount(), 4)) return BAD_POINTER;
  for (let i = 0; i < inputCount(); i++) {
    if (!isWithin(load<u32>(inputs + (<usize>i << 2)), rows, inputBytes(inputType(i)))) return BAD_POINTER;
  }
  for (let i = 0; i < outputCount(); i++) {
    if (!isWithin(load<u32>(out + (<usize>i << 2)), rows, 8)) return BAD_POINTER;
  }
  const scratch = heapTop();
  if (!reach(<u64>scratch + <u64>scratchBytes())) return NO_MEMORY;
  setRegisters(scratch);
  for (let start = 0; start < rows; start += BLOCK_ROWS) predictBlock(inputs, out, start, min(BLOCK_ROWS, rows - start));
  return DONE;
}

function predictBlock(inputs: usize, out: usize, start: i32, rows: i32): void {
  for (let i = 0; i < inputCount(); i++) readInput(i, load<u32>(inputs + (<usize>i << 2)), start, rows);
  let at = operationsAt();
  for (let i = 0; i < operationCount(); i++) {
    score(load<i32>(at), at + 8, rows);
    at += load<u32>(at, 4);
  }
  for (let i = 0; i < outputCount(); i++) {
    const from = column(outputRegister(i));
    const to = <usize>load<u32>(out + (<usize>i << 2)) + (<usize>start << 3);
    for (let row: usize = 0; row < <usize>rows; row++) {
      const value = load<f64>(from + (row << 3));
      store<f64>(to + (row << 3), value == value ? value : NaN); // one NaN for all
    }
  }
}

function score(opcode: i32, at: usize, rows: i32): void {
  switch (opcode) {
    case ONE_HOT: { scoreOneHot(at, rows); return; }
    case BINARY: { scoreBinary(at, rows); return; }
    case LINEAR: { scoreLinear(at, rows); return; }
    case ENSEMBLE: { scoreEnsemble(at, rows); return; }
    case METRIC_NEIGHBORS: { scoreMetricNeighbors(at, rows); return; }
    case IMPUTE_NEIGHBORS: { scoreImputeNeighbors(at, rows); return; }
    case NEIGHBORS: { scoreNeighbors(at, rows); return; }
    case NEIGHBOR_SCORE: { scoreNeighborScore(at, rows); return; }
    case CENTROIDS: { scoreCentroids(at, rows); return; }
    case KERNEL_EXPANSION: { scoreKernelExpansion(at, rows); return; }
    case PAIRWISE_COUPLING: { scorePairwiseCoupling(at, rows); return; }
    case GAUSSIAN: { scoreGaussian(at, rows); return; }
    case NEAREST_LABEL: { scoreNearestLabel(at, rows); return; }
    case DENSE: { scoreDense(at, rows); return; }
    case SOFTMAX:
    case NORMALIZE:
    case ARGMAX: { scoreAcross(opcode - SOFTMAX, at, rows); return; }
    default: scoreElementwise(opcode, at, rows);
  }
}

// Raw columns to registers; types in the order of src/scoring/embed.ts: number f64, boolean u8, timestamp i64, category i32.
function readInput(index: i32, from: usize, start: i32, rows: i32): void {
  const to = column(index);
  const type = inputType(index);
  for (let row = 0; row < rows; row++) {
    const place = <usize>(start + row);
    let value: f64;
    if (type == 0) value = load<f64>(from + (place << 3));
    else if (type == 1) {
      const flag = load<u8>(from + place);
      value = flag == 0 ? 0 : flag == 1 ? 1 : NaN;
    } else if (type == 2) {
      const milliseconds = load<i64>(from + (place << 3));
      value = milliseconds == i64.MIN_VALUE ? NaN : <f64>milliseconds;
    } else {
      const code = load<i32>(from + (place << 2));
      value = code < 0 ? NaN : <f64>min(code, inputLabels(index));
    }
    store<f64>(to + (<usize>row << 3), value);
  }
}

// @ts-ignore: decorator
@inline
function inputBytes(type: i32): i32 {
  return type == 1 ? 1 : type == 3 ? 4 : 8;
}

// @ts-ignore: decorator
@inline
function heapTop(): usize {
  return top == 0 ? heapStart() : top;
}

// Does a list of `count` elements lie in the memory, beyond the program?
function isWithin(at: usize, count: i32, bytes: i32): bool {
  return at >= heapStart() && <u64>at + <u64>count * <u64>bytes <= <u64>memory.size() << 16;
}

// Is the memory as long as `end`, or could it be grown so far?
function reach(end: u64): bool {
  const size = <u64>memory.size() << 16;
  if (end <= size) return true;
  if (end > 0xffff0000) return false;
  return memory.grow(<i32>((end - size + 0xffff) >> 16)) >= 0;
}
