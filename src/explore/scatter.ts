import { uniformAt } from '../engine/random.js';

/** Points of two numeric columns: all of them, a keyed sample, or counts on a grid. */
export type Scatter = {
  readonly x: string;
  readonly y: string;
  /** Rows that have both. */
  readonly rows: number;
} & (
  | { readonly form: 'points'; readonly points: readonly (readonly [number, number])[] }
  | { readonly form: 'density'; readonly cells: readonly DensityCell[] }
);

/** Rows with x in [x0, x1) and y in [y0, y1). */
export interface DensityCell {
  readonly x0: number;
  readonly x1: number;
  readonly y0: number;
  readonly y1: number;
  readonly count: number;
}

export interface ScatterOptions {
  readonly seed: number;
  /** Points drawn at most; default 800. */
  readonly mostPoints?: number;
  /** Rows beyond which a density takes the place of points; default 10,000. */
  readonly densityBeyond?: number;
}

const GRID = { x: 36, y: 24 };

/** Which rows are drawn depends on the seed and the row's index alone. */
export function scatterOf(
  x: { readonly name: string; readonly values: Float64Array },
  y: { readonly name: string; readonly values: Float64Array },
  { seed, mostPoints = 800, densityBeyond = 10_000 }: ScatterOptions,
): Scatter {
  const both = [...x.values.keys()].filter((i) => Number.isFinite(x.values[i]!) && Number.isFinite(y.values[i]!));
  const head = { x: x.name, y: y.name, rows: both.length };
  if (both.length > densityBeyond) return { ...head, form: 'density', cells: density(both, x.values, y.values) };
  const chosen = sampleRows(both, mostPoints, seed);
  return { ...head, form: 'points', points: chosen.map((row) => [x.values[row]!, y.values[row]!]) };
}

/** The rows with the smallest keyed numbers, in row order: a sample without replacement. */
export function sampleRows(rows: readonly number[], most: number, seed: number): number[] {
  if (rows.length <= most) return [...rows];
  return rows
    .map((row) => ({ row, key: uniformAt(seed, 'explore-scatter', row) }))
    .sort((a, b) => a.key - b.key || a.row - b.row)
    .slice(0, most)
    .map(({ row }) => row)
    .sort((a, b) => a - b);
}

function density(rows: readonly number[], x: Float64Array, y: Float64Array): DensityCell[] {
  const [xAxis, yAxis] = [axis(rows, x, GRID.x), axis(rows, y, GRID.y)];
  const counts = new Float64Array(GRID.x * GRID.y);
  for (const row of rows) counts[yAxis.cell(y[row]!) * GRID.x + xAxis.cell(x[row]!)]!++;
  const cells: DensityCell[] = [];
  counts.forEach((count, cell) => {
    if (count === 0) return;
    const [i, j] = [cell % GRID.x, Math.floor(cell / GRID.x)];
    cells.push({ x0: xAxis.edge(i), x1: xAxis.edge(i + 1), y0: yAxis.edge(j), y1: yAxis.edge(j + 1), count });
  });
  return cells;
}

/** Equal cells from the 0.1 to the 99.9 percentile; what lies beyond is counted in the outer cells. */
function axis(rows: readonly number[], values: Float64Array, cells: number) {
  const sorted = Float64Array.from(rows, (row) => values[row]!).sort();
  const low = sorted[Math.floor((sorted.length - 1) * 0.001)]!;
  const high = sorted[Math.ceil((sorted.length - 1) * 0.999)]!;
  const step = (high - low) / cells || 1;
  return {
    cell: (value: number) => Math.max(0, Math.min(cells - 1, Math.floor((value - low) / step))),
    edge: (index: number) => Number((low + index * step).toPrecision(6)),
  };
}
