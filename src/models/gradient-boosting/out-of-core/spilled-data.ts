import type { Engine } from '../../../engine/engine.js';
import type { SpillFile } from '../../../engine/trees/spill-file-node.js';
import { Role, SpilledRows, type SpilledWindow } from '../../../engine/trees/spilled-rows.js';
import { encodeColumns, evenLayout } from '../../../engine/trees/trees.js';
import { LanewiseError } from '../../../errors.js';
import type { RegisterColumn } from '../../../table/columns.js';
import { columnToBin, type FeatureBins } from '../../binning/index.js';
import { weighClasses } from '../../class-weights.js';
import type { ValidationRows } from '../../validation.js';
import type { StreamReader } from './stream.js';
import type { Survey } from './survey.js';

/** What is written of the rows, before anything is learnt. */
const INGEST = { read: [], write: ['bins', 'targets', 'weights', 'roles', 'groups'] } as const;
const INGEST_STARTED = { read: [], write: [...INGEST.write, 'raw'] } as const;

/** Some rows with everything that is known of them. */
interface Stretch {
  readonly columns: readonly RegisterColumn[];
  readonly targets: readonly Float64Array[];
  readonly weights: Float64Array | undefined;
  readonly groups: Float64Array | undefined;
  readonly roles: Uint8Array;
  /** What is predicted so far, output by output; none: nothing is. */
  readonly raw: readonly Float64Array[];
}

/** Writes rows behind each other, window after window. */
export class RowWriter {
  readonly #engine: Engine;
  readonly #rows: SpilledRows;
  readonly #bins: readonly FeatureBins[];
  #row = 0;

  constructor(engine: Engine, rows: SpilledRows, bins: readonly FeatureBins[]) {
    this.#engine = engine;
    this.#rows = rows;
    this.#bins = bins;
  }

  async write({ columns, targets, weights, groups, roles, raw }: Stretch, signal?: AbortSignal): Promise<void> {
    const uses = raw.length > 0 ? INGEST_STARTED : INGEST;
    for (let start = 0; start < roles.length; ) {
      const { windowRows, rowCount } = this.#rows;
      const from = this.#row % windowRows;
      const end = Math.min(roles.length, start + windowRows - from);
      if (this.#row + end - start > rowCount) throw changed();
      const window = await this.#rows.open(Math.floor(this.#row / windowRows), uses);
      const part = columns.map((column, index) => {
        return columnToBin({ ...column, values: column.values.subarray(start, end) }, this.#bins[index]!);
      });
      const place = { bins: window.bins, groupBytes: window.groupBytes };
      const derived = part.map((column) => ({ ...column, derived: true }));
      await encodeColumns(this.#engine, derived, this.#rows.layout, place, from, signal);
      const views = viewsOf(this.#engine, window);
      targets.forEach((values, target) => {
        views.target(target).set(values.subarray(start, end), from);
      });
      raw.forEach((values, output) => {
        views.raw(output).set(values.subarray(start, end), from);
      });
      views.roles.set(roles.subarray(start, end), from);
      // + 0: the list −0 is the list 0.
      groups?.subarray(start, end).forEach((group, row) => {
        views.groups![from + row] = group + 0;
      });
      if (weights) views.weights?.set(weights.subarray(start, end), from);
      else views.weights?.fill(1, from, from + end - start);
      this.#row += end - start;
      start = end;
    }
  }

  /** @throws LanewiseError `data` where there were fewer rows than before. */
  finish(): void {
    if (this.#row !== this.#rows.rowCount) throw changed();
  }
}

function changed(): LanewiseError {
  return new LanewiseError('data', 'Expected the same rows from the source in every pass but their number changed', {
    hint: 'Train from data that does not change meanwhile.',
  });
}

/** A window's state as arrays; they end with the next growth of an unshared memory. */
export function viewsOf({ arena }: Engine, window: SpilledWindow) {
  const { buffer } = arena.memory;
  const { rowCount, outputBytes } = window;
  return {
    target: (target: number) => new Float64Array(buffer, window.targets + target * outputBytes, rowCount),
    weights: window.weights > 0 ? new Float64Array(buffer, window.weights, rowCount) : undefined,
    roles: new Uint8Array(buffer, window.roles, rowCount),
    groups: window.groups > 0 ? new Float64Array(buffer, window.groups, rowCount) : undefined,
    gradients: new Float32Array(buffer, window.gradients, rowCount),
    hessians: new Float32Array(buffer, window.hessians, rowCount),
    raw: (output: number) => new Float64Array(buffer, window.raw + output * outputBytes, rowCount),
  };
}

/** Bins all rows of a source, and behind them those of a validation table, into a file. */
export async function spillRows(
  engine: Engine,
  file: SpillFile,
  reader: StreamReader,
  found: Survey,
  options: {
    readonly outputs: number;
    readonly normalizes: boolean;
    readonly drops: boolean;
    readonly memory: number;
    /** Rows of a table of their own: one for each target, with the same columns and weights. */
    readonly validation: readonly ValidationRows[];
    /** Ranking: the lists of those rows. */
    readonly validationGroups: Float64Array | undefined;
    /** What the loss sees of a target. */
    readonly targetOf: (values: Float64Array) => Float64Array;
    /** What is predicted so far of rows, whose columns are in no certain order. */
    readonly startOf: (columns: readonly RegisterColumn[]) => Promise<readonly Float64Array[]>;
    /** By class, what the rows' weights are multiplied by. */
    readonly factors: Float64Array | undefined;
    readonly onRows?: (rows: number) => void;
    readonly signal?: AbortSignal;
  },
): Promise<SpilledRows> {
  const { outputs, normalizes, drops, memory, validation, factors, targetOf, startOf, signal } = options;
  const layout = evenLayout(reader.features.length);
  const added = validation[0];
  const rows = new SpilledRows(engine, file, {
    rowCount: found.rowCount + (added?.target.length ?? 0),
    layout,
    outputs,
    targets: reader.targets.length,
    weighted: found.weighted || factors !== undefined || added?.weights !== undefined,
    normalizes,
    grouped: reader.groups !== undefined,
    drops,
    memory,
  });
  try {
    await file.reserve(rows.fileBytes);
    const writer = new RowWriter(engine, rows, found.bins);
    const finished = reader.features.map((feature) => feature.finish());
    const classes = reader.targets[0]!.classes();
    const lists = reader.groups?.finish().codes;
    let done = 0;
    for await (const batch of reader.batches()) {
      const columns = batch.features.map((values, index) => {
        const { column, codes } = finished[index]!;
        return { ...column, values: codes ? recoded(values, codes) : values };
      });
      const targets = batch.targets.map((target) => targetOf(classes ? recoded(target, classes.codes) : target));
      const weights = weighClasses(targets[0]!, factors, batch.weights);
      const raw = await startOf(columns);
      const groups = batch.groups && (lists ? recoded(batch.groups, lists) : batch.groups);
      await writer.write({ columns, targets, weights, groups, roles: found.roles.of(batch), raw }, signal);
      options.onRows?.((done += batch.rowCount));
    }
    if (added) {
      const { columns, target } = added;
      const roles = new Uint8Array(target.length).fill(Role.following);
      const weights = weighClasses(target, factors, added.weights);
      const raw = await startOf(columns);
      const targets = validation.map((rows) => targetOf(rows.target));
      const groups = options.validationGroups;
      await writer.write({ columns, targets, weights, groups, roles, raw }, signal);
    }
    writer.finish();
    return rows;
  } catch (error) {
    await rows[Symbol.asyncDispose]();
    throw error;
  }
}

/** NaN stays; a code that was not there in the first pass is one beyond all. */
function recoded(values: Float64Array, codes: Float64Array): Float64Array {
  const out = new Float64Array(values.length);
  for (let i = 0; i < out.length; i++) {
    out[i] = Number.isNaN(values[i]) ? Number.NaN : (codes[values[i]!] ?? codes.length);
  }
  return out;
}
