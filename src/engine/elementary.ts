import { execute, type Registers, scoreAcross } from '../scoring/interpreter.js';
import type { Operation, UnaryFunction } from '../scoring/program.js';
import type { Engine } from './engine.js';
import { ArenaBlock } from './trees/trees.js';

/** Fewer numbers are not worth a copy into the engine's memory. */
const MIN_ROWS = 32;

const kernels = {
  log: 'log_f64',
  log1p: 'log1p_f64',
  exp: 'exp_f64',
  expm1: 'expm1_f64',
  sigmoid: 'sigmoid_f64',
  tanh: 'tanh_f64',
} as const satisfies Partial<Record<UnaryFunction, string>>;

type Elementary = keyof typeof kernels;

/** `execute` of a unary operation, with elementary functions on the engine's kernels. */
export function scoreUnaryOn(
  engine: Engine,
  operation: Extract<Operation, { op: 'unary' }>,
  registers: Registers,
  rowCount: number,
): void {
  const { function: name, in: from, out } = operation;
  if (rowCount < MIN_ROWS || !(name in kernels)) return execute(operation, registers, rowCount);
  applyOn(engine, name as Elementary, registers[from]!, registers[out]!, rowCount);
}

/** `scoreAcross` with the exponentials on the engine's kernels. */
export function scoreAcrossOn(
  engine: Engine,
  operation: Parameters<typeof scoreAcross>[0],
  registers: Registers,
  rowCount: number,
): void {
  if (rowCount < MIN_ROWS) return scoreAcross(operation, registers, rowCount);
  scoreAcross(operation, registers, rowCount, (values) => applyOn(engine, 'exp', values, values, rowCount));
}

/** Columns that lie in the engine's memory are read and written there. */
function applyOn(engine: Engine, name: Elementary, from: Float64Array, out: Float64Array, rowCount: number): void {
  const { arena } = engine;
  using copy = arena.holds(from) && from !== out ? undefined : new ArenaBlock(arena, 'f64', rowCount);
  using result = arena.holds(out) ? undefined : new ArenaBlock(arena, 'f64', rowCount);
  copy?.values.set(from.subarray(0, rowCount));
  engine.kernels[kernels[name]](copy?.offset ?? from.byteOffset, result?.offset ?? out.byteOffset, rowCount);
  if (result) out.set(result.values);
}
