import type { Engine } from '../../../engine/engine.js';
import type { SpillFile } from '../../../engine/spill-file-node.js';
import { Role, SpilledRows, type SpilledWindow } from '../../../engine/spilled-rows.js';
import { encodeColumns, evenLayout } from '../../../engine/trees.js';
import { LanewiseError } from '../../../errors.js';
import type { RegisterColumn } from '../../../table/columns.js';
import { columnToBin, type FeatureBins } from '../../binning/index.js';
import { weighClasses } from '../../class-weights.js';
import type { ValidationRows } from '../../validation.js';
import type { StreamReader } from './stream.js';
import type { Survey } from './survey.js';

/** What is written of the rows, before anything is learnt. */
const INGEST = { read: [], write: ['bins', 'targets', 'weights', 'roles'] } as const;

/** Some rows with everything that is known of them. */
interface Stretch {
  readonly columns: readonly RegisterColumn[];
  readonly target: Float64Array;
  readonly weights: Float64Array | undefined;
  readonly roles: Uint8Array;
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

  async write({ columns, target, weights, roles }: Stretch, signal?: AbortSignal): Promise<void> {
    for (let start = 0; start < target.length; ) {
      const { windowRows, rowCount } = this.#rows;
      const from = this.#row % windowRows;
      const end = Math.min(target.length, start + windowRows - from);
      if (this.#row + end - start > rowCount) throw changed();
      const window = await this.#rows.open(Math.floor(this.#row / windowRows), INGEST);
      const part = columns.map((column, index) => {
        return columnToBin({ ...column, values: column.values.subarray(start, end) }, this.#bins[index]!);
      });
      const place = { bins: window.bins, groupBytes: window.groupBytes };
      const derived = part.map((column) => ({ ...column, derived: true }));
      await encodeColumns(this.#engine, derived, this.#rows.layout, place, from, signal);
      const views = viewsOf(this.#engine, window);
      views.targets.set(target.subarray(start, end), from);
      views.roles.set(roles.subarray(start, end), from);
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
    targets: new Float64Array(buffer, window.targets, rowCount),
    weights: window.weights > 0 ? new Float64Array(buffer, window.weights, rowCount) : undefined,
    roles: new Uint8Array(buffer, window.roles, rowCount),
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
    readonly memory: number;
    readonly validation: ValidationRows | undefined;
    /** By class, what the rows' weights are multiplied by. */
    readonly factors: Float64Array | undefined;
    readonly onRows?: (rows: number) => void;
    readonly signal?: AbortSignal;
  },
): Promise<SpilledRows> {
  const { outputs, normalizes, memory, validation, factors, signal } = options;
  const layout = evenLayout(reader.features.length);
  const rowCount = found.rowCount + (validation?.target.length ?? 0);
  const rows = new SpilledRows(engine, file, {
    rowCount,
    layout,
    outputs,
    weighted: found.weighted || factors !== undefined,
    normalizes,
    memory,
  });
  try {
    await file.reserve(rows.fileBytes);
    const writer = new RowWriter(engine, rows, found.bins);
    const finished = reader.features.map((feature) => feature.finish());
    const classes = reader.classes();
    let done = 0;
    for await (const batch of reader.batches()) {
      const columns = batch.features.map((values, index) => {
        const { column, codes } = finished[index]!;
        return { ...column, values: codes ? recoded(values, codes) : values };
      });
      const target = classes ? recoded(batch.target, classes.codes) : batch.target;
      const weights = weighClasses(target, factors, batch.weights);
      await writer.write({ columns, target, weights, roles: found.roles.of(batch) }, signal);
      options.onRows?.((done += batch.rowCount));
    }
    if (validation) {
      const roles = new Uint8Array(validation.target.length).fill(Role.following);
      const weights = weighClasses(validation.target, factors, validation.weights);
      await writer.write({ ...validation, weights, roles }, signal);
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
