import { paddedEdges } from '../../kernels/tree-ranks.js';
import { findLeaves, scoreEnsemble } from '../../scoring/ensemble.js';
import { EnsembleWalk } from '../../scoring/ensemble-walk.js';
import type { Registers } from '../../scoring/interpreter.js';
import type { EnsembleOperation } from '../../scoring/program.js';
import type { Arena } from '../arena.js';
import type { Engine, Task } from '../engine.js';
import { type Plane, type RankedEnsemble, type RankPlane, rankEnsemble } from './ranked-ensemble.js';
import { ArenaBlock } from './trees.js';

/** Fewer rows go one by one: calls and copies would cost more. */
const MIN_ROWS = 8;
/** Rows that one thread ranks and scores at a time: their columns fit a second-level cache … */
const TASK_ROWS = 4_096;
/** … or as many as make enough work to be handed over; a tree that is walked counts as ten. */
const TASK_TREES = 2 ** 19;
const LEAST_TASK_ROWS = 256;
const SCRATCH_BYTES = 512;
/** Rows of a plane come in groups of so many. */
const GROUP_ROWS = 64;

/** `scoreEnsemble` on the engine's kernels, on this thread. */
export function scoreEnsembleOn(
  engine: Engine,
  operation: EnsembleOperation,
  registers: Registers,
  rowCount: number,
): void {
  if (rowCount < MIN_ROWS) return scoreFew(operation, registers, rowCount);
  const resident = residentOf(engine, operation);
  if (!resident) return scoreEnsemble(operation, registers, rowCount);
  for (let start = 0; start < rowCount; start += TASK_ROWS) {
    using batch = new Batch(engine, resident, operation, registers, start, Math.min(rowCount, start + TASK_ROWS));
    for (const { kernel, values } of [...batch.encoding(), batch.scoring()]) {
      (engine.kernels[kernel] as (...values: readonly number[]) => void)(...values);
    }
    batch.write();
  }
}

/** `scoreEnsemble` on the engine's kernels and all of its threads; the event loop turns meanwhile. */
export async function scoreEnsembleOnThreads(
  engine: Engine,
  operation: EnsembleOperation,
  registers: Registers,
  rowCount: number,
  signal?: AbortSignal,
): Promise<void> {
  const resident = rowCount < MIN_ROWS ? undefined : residentOf(engine, operation);
  if (!resident || rowCount <= taskRowsOf(resident.ensemble)) {
    return scoreEnsembleOn(engine, operation, registers, rowCount);
  }
  await eachBatch(engine, resident, operation, registers, rowCount, signal, async (batches) => {
    await engine.run(
      batches.map((batch) => batch.scoring()),
      signal,
    );
    for (const batch of batches) batch.write();
  });
}

/** By tree, the number of the leaf in which each row ends (0 the leftmost), on all threads. */
export async function findLeavesOn(
  engine: Engine,
  operation: EnsembleOperation,
  registers: Registers,
  rowCount: number,
  signal?: AbortSignal,
): Promise<Int32Array[]> {
  const resident = residentOf(engine, operation);
  if (rowCount < MIN_ROWS || !resident) return findLeaves(operation, registers, rowCount);
  const leaves = Array.from(operation.roots, () => new Int32Array(rowCount));
  await eachBatch(engine, resident, operation, registers, rowCount, signal, async (batches) => {
    using scope = engine.arena.scope();
    const found = batches.map((batch) => scope.allocate('i32', leaves.length * batch.rows));
    await engine.run(
      batches.map((batch, k) => batch.findingLeaves(found[k]!.byteOffset)),
      signal,
    );
    batches.forEach(({ start, rows }, k) => {
      leaves.forEach((all, tree) => {
        all.set(found[k]!.subarray(tree * rows, (tree + 1) * rows), start);
      });
    });
  });
  return leaves;
}

/** Batches that lie in memory at a time, a thread. */
const BATCHES_A_THREAD = 4;

/** Cuts rows into batches, some at a time, and hands them on with their planes written. */
async function eachBatch(
  engine: Engine,
  resident: Resident,
  operation: EnsembleOperation,
  registers: Registers,
  rowCount: number,
  signal: AbortSignal | undefined,
  each: (batches: readonly Batch[]) => Promise<void>,
): Promise<void> {
  const taskRows = taskRowsOf(resident.ensemble);
  const waveRows = taskRows * BATCHES_A_THREAD * engine.threads;
  for (let first = 0; first < rowCount; first += waveRows) {
    const batches: Batch[] = [];
    try {
      for (let start = first; start < Math.min(rowCount, first + waveRows); start += taskRows) {
        const end = Math.min(rowCount, start + taskRows);
        batches.push(new Batch(engine, resident, operation, registers, start, end));
      }
      await engine.run(
        batches.flatMap((batch) => batch.encoding()),
        signal,
      );
      await each(batches);
    } finally {
      for (const batch of batches) batch[Symbol.dispose]();
    }
  }
}

function taskRowsOf({ trees }: RankedEnsemble): number {
  let work = 1;
  for (let at = 0; at < trees.length; at += 4) work += trees[at]! > 0 ? 1 : 10;
  const rows = Math.floor(TASK_TREES / work / GROUP_ROWS) * GROUP_ROWS;
  return Math.max(LEAST_TASK_ROWS, Math.min(TASK_ROWS, rows));
}

/** Rows that came a few at a time, and the walk that they are worth. */
const fewRows = new WeakMap<EnsembleOperation, { rows: number; walk?: RowWalk }>();
/** Laying a node out for walks costs as much as so many trees and rows by the law. */
const LAYOUT_COST = 4;

/** Row by row in JavaScript. */
function scoreFew(operation: EnsembleOperation, registers: Registers, rowCount: number): void {
  let few = fewRows.get(operation);
  if (!few) fewRows.set(operation, (few = { rows: 0 }));
  few.rows += rowCount;
  const worthwhile = few.rows * operation.roots.length >= LAYOUT_COST * operation.feature.length;
  if (!few.walk && !worthwhile) return scoreEnsemble(operation, registers, rowCount);
  few.walk ??= new RowWalk(operation);
  for (let row = 0; row < rowCount; row++) few.walk.score(registers, row);
}

class RowWalk {
  readonly #operation: EnsembleOperation;
  readonly #walk: EnsembleWalk;
  readonly #inputs: Float64Array;
  readonly #registers: Float64Array;

  constructor(operation: EnsembleOperation) {
    this.#operation = operation;
    this.#walk = new EnsembleWalk(operation);
    this.#inputs = new Float64Array(operation.inputs.length);
    this.#registers = new Float64Array(1 + Math.max(0, ...operation.outputs));
  }

  score(registers: Registers, row: number): void {
    const { inputs, outputs } = this.#operation;
    for (let i = 0; i < inputs.length; i++) this.#inputs[i] = registers[inputs[i]!]![row]!;
    this.#walk.score(this.#inputs, this.#registers);
    for (const output of outputs) registers[output]![row] = this.#registers[output]!;
  }
}

/** Some rows on their way through an ensemble. */
class Batch implements Disposable {
  readonly #engine: Engine;
  readonly #resident: Resident;
  readonly #operation: EnsembleOperation;
  readonly #registers: Registers;
  readonly start: number;
  readonly rows: number;
  /** Rows of a plane. */
  readonly #stride: number;
  readonly #copies = new Map<number, ArenaBlock<'f64'>>();
  readonly #ranks: ArenaBlock<'i8'>;
  readonly #sums: ArenaBlock<'f64'>;
  readonly #scratch: ArenaBlock<'u8'>;

  constructor(
    engine: Engine,
    resident: Resident,
    operation: EnsembleOperation,
    registers: Registers,
    start: number,
    end: number,
  ) {
    this.#engine = engine;
    this.#resident = resident;
    this.#operation = operation;
    this.#registers = registers;
    this.start = start;
    this.rows = end - start;
    this.#stride = Math.ceil(this.rows / GROUP_ROWS) * GROUP_ROWS;
    const { arena } = engine;
    this.#ranks = new ArenaBlock(arena, 'i8', resident.ensemble.planeCount * this.#stride);
    this.#sums = new ArenaBlock(arena, 'f64', operation.outputs.length * this.rows);
    this.#scratch = new ArenaBlock(arena, 'u8', SCRATCH_BYTES);
  }

  /** A task for each input's planes. */
  encoding(): Task[] {
    const at = (plane: number) => this.#ranks.offset + plane * this.#stride;
    return this.#resident.planes.map((placed): Task => {
      const values = this.#column(placed.input);
      if (!('edges' in placed)) {
        const { plane, firstCode, codeCount } = placed;
        const planes = [at(plane), at(plane + 1)];
        return { kernel: 'codes_encode_f64', values: [values, ...planes, firstCode, codeCount, this.rows] };
      }
      const { edges, cells, plane, other, numbers } = placed;
      const planes = [at(plane), other === undefined ? 0 : at(other)];
      return { kernel: 'ranks_encode_f64', values: [values, edges, cells, ...planes, ...numbers, this.rows] };
    });
  }

  /** Once the planes are there. */
  scoring(): Task {
    const { ensemble, offsets } = this.#resident;
    const { outputs, leafWidth, average } = this.#operation;
    return {
      kernel: 'ensemble_score_i8',
      values: [
        ...this.#trees(),
        ...[offsets.base, offsets.leafValues, this.#sums.offset, this.#scratch.offset],
        ...this.#sizes(),
        ...[outputs.length, ensemble.leafValues.length / leafWidth, leafWidth, average ? 1 : 0],
      ],
    };
  }

  /** Likewise; the leaves go to `offset`, tree by tree. */
  findingLeaves(offset: number): Task {
    return { kernel: 'ensemble_leaves_i8', values: [...this.#trees(), offset, this.#scratch.offset, ...this.#sizes()] };
  }

  #trees(): number[] {
    const { trees, tests, nodes, targets, sets } = this.#resident.offsets;
    return [this.#ranks.offset, trees, tests, nodes, targets, sets];
  }

  #sizes(): number[] {
    const { planeCount, trees, tests, targets, sets } = this.#resident.ensemble;
    return [planeCount, this.#stride, trees.length / 4, tests.length, targets.length, sets.length / 32, this.rows];
  }

  /** Hands the sums out. */
  write(): void {
    const sums = this.#sums.values;
    this.#operation.outputs.forEach((register, k) => {
      this.#registers[register]!.set(sums.subarray(k * this.rows, (k + 1) * this.rows), this.start);
    });
  }

  /** Where an input's rows lie in the engine's memory; they are copied where they lie elsewhere. */
  #column(input: number): number {
    const column = this.#registers[this.#operation.inputs[input]!]!;
    const { arena } = this.#engine;
    if (arena.holds(column)) return column.byteOffset + 8 * this.start;
    let copy = this.#copies.get(input);
    if (!copy) {
      this.#copies.set(input, (copy = new ArenaBlock(arena, 'f64', this.rows)));
      copy.values.set(column.subarray(this.start, this.start + this.rows));
    }
    return copy.offset;
  }

  [Symbol.dispose](): void {
    for (const block of [this.#ranks, this.#sums, this.#scratch, ...this.#copies.values()]) block[Symbol.dispose]();
  }
}

/** An ensemble in an engine's memory. */
interface Resident {
  readonly ensemble: RankedEnsemble;
  readonly planes: readonly PlacedPlane[];
  readonly offsets: Readonly<Record<'trees' | 'tests' | 'nodes' | 'targets' | 'sets' | 'base' | 'leafValues', number>>;
}

/** A plane, and where the kernel finds what it needs. */
type PlacedPlane =
  | Exclude<Plane, RankPlane>
  | (Pick<RankPlane, 'input' | 'plane' | 'other'> & {
      readonly edges: number;
      readonly cells: number;
      readonly numbers: readonly number[];
    });

const residents = new WeakMap<Engine, WeakMap<EnsembleOperation, Resident | 'none'>>();
/** Gives the arrays back when the model they belong to is gone, unless the memory has gone before. */
const forgotten = new FinalizationRegistry<{ arena: WeakRef<Arena>; offsets: readonly number[] }>((given) => {
  for (const byteOffset of given.offsets) given.arena.deref()?.free({ byteOffset });
});

/** Ranked and copied into the engine's memory once; undefined where the kernels cannot score it. */
function residentOf(engine: Engine, operation: EnsembleOperation): Resident | undefined {
  let ofEngine = residents.get(engine);
  if (!ofEngine) residents.set(engine, (ofEngine = new WeakMap()));
  const known = ofEngine.get(operation) ?? place(engine.arena, operation);
  ofEngine.set(operation, known);
  return known === 'none' ? undefined : known;
}

function place(arena: Arena, operation: EnsembleOperation): Resident | 'none' {
  const ensemble = rankEnsemble(operation);
  if (!ensemble) return 'none';
  const offsets: number[] = [];
  const filled = (dtype: 'f64' | 'i32' | 'u32' | 'u8', values: ArrayLike<number>): number => {
    const array = arena.allocate(dtype, values.length);
    offsets.push(array.byteOffset);
    array.set(values);
    return array.byteOffset;
  };
  const placePlane = (plane: Plane): PlacedPlane => {
    if (!('edges' in plane)) return plane;
    const { low, scale, probes, cells } = plane.cells;
    return {
      input: plane.input,
      plane: plane.plane,
      other: plane.other,
      edges: filled('f64', paddedEdges(plane.edges)),
      cells: filled('u8', cells),
      numbers: [plane.edges.length, cells.length, low, scale, probes, plane.missing],
    };
  };
  try {
    const resident = {
      ensemble,
      planes: ensemble.planes.map(placePlane),
      offsets: {
        trees: filled('i32', ensemble.trees),
        tests: filled('u32', ensemble.tests),
        nodes: filled('i32', ensemble.nodes),
        targets: filled('i32', ensemble.targets),
        sets: filled('u8', ensemble.sets),
        base: filled('f64', operation.base),
        leafValues: filled('f64', ensemble.leafValues),
      },
    };
    forgotten.register(operation, { arena: new WeakRef(arena), offsets });
    return resident;
  } catch (error) {
    for (const byteOffset of offsets) arena.free({ byteOffset });
    throw error;
  }
}
