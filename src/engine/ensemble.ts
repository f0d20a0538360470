import { scoreEnsemble } from '../scoring/ensemble.js';
import type { Registers } from '../scoring/interpreter.js';
import type { EnsembleOperation } from '../scoring/program.js';
import type { Arena } from './arena.js';
import type { Engine } from './engine.js';
import { ArenaBlock } from './trees.js';

/** Fewer rows are scored where they lie: copying would cost more than the walk. */
const MIN_ROWS = 16;

/** The arrays of an ensemble in an engine's memory, in the order of the kernel's arguments. */
interface Resident {
  readonly offsets: readonly number[];
}

const residents = new WeakMap<Engine, WeakMap<EnsembleOperation, Resident>>();
/** Gives the arrays back when the model they belong to is gone. */
const forgotten = new FinalizationRegistry<{ arena: Arena; offsets: readonly number[] }>(({ arena, offsets }) => {
  for (const byteOffset of offsets) arena.free({ byteOffset });
});

/** `scoreEnsemble` on the engine's kernels. The arrays of the trees are copied into its memory at first use. */
export function scoreEnsembleOn(
  engine: Engine,
  operation: EnsembleOperation,
  registers: Registers,
  rowCount: number,
): void {
  if (rowCount < MIN_ROWS || operation.inputs.length === 0) return scoreEnsemble(operation, registers, rowCount);
  const { offsets } = residentOf(engine, operation);
  const { inputs, outputs, roots, feature, categories, leafValues, leafWidth, average } = operation;
  const { arena } = engine;
  using columns = new ArenaBlock(arena, 'f64', inputs.length * rowCount);
  using sums = new ArenaBlock(arena, 'f64', outputs.length * rowCount);
  inputs.forEach((register, index) => {
    columns.values.set(registers[register]!.subarray(0, rowCount), index * rowCount);
  });
  const [base, ...arrays] = offsets;
  engine.kernels.ensemble_score_f64(
    ...([
      columns.offset,
      base!,
      ...arrays,
      sums.offset,
      ...[inputs.length, outputs.length, roots.length, feature.length, categories.length],
      ...[leafValues.length / leafWidth, leafWidth, average ? 1 : 0, rowCount],
    ] as Parameters<typeof engine.kernels.ensemble_score_f64>),
  );
  outputs.forEach((register, k) => {
    registers[register]!.set(sums.values.subarray(k * rowCount, (k + 1) * rowCount));
  });
}

function residentOf(engine: Engine, operation: EnsembleOperation): Resident {
  let ofEngine = residents.get(engine);
  if (!ofEngine) residents.set(engine, (ofEngine = new WeakMap()));
  const known = ofEngine.get(operation);
  if (known) return known;
  const { arena } = engine;
  const { base, roots, feature, threshold, left, right, missingGoesLeft } = operation;
  const { categoryOffset, categoryWords, categories, leafValues } = operation;
  const blocks = [
    filled(arena, 'f64', base),
    filled(arena, 'i32', roots),
    filled(arena, 'i32', feature),
    filled(arena, 'f64', threshold),
    filled(arena, 'i32', left),
    filled(arena, 'i32', right),
    filled(arena, 'u8', missingGoesLeft),
    filled(arena, 'i32', categoryOffset),
    filled(arena, 'i32', categoryWords),
    filled(arena, 'u32', categories),
    filled(arena, 'f64', leafValues),
  ];
  const resident = { offsets: blocks };
  ofEngine.set(operation, resident);
  forgotten.register(operation, { arena, offsets: blocks });
  return resident;
}

function filled(arena: Arena, dtype: 'f64' | 'i32' | 'u32' | 'u8', values: ArrayLike<number>): number {
  const array = arena.allocate(dtype, values.length);
  array.set(values);
  return array.byteOffset;
}
