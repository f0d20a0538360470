import { NOISE } from '../clustering/labels.js';
import type { Reachability } from './ordering.js';

/**
 * The clusters that DBSCAN would find at `eps` (at most the maxEps of the ordering), but for rows at the edge: a row that is
 * not reached within eps begins a cluster where it is dense at eps, else it is noise.
 */
export function labelsAt({ ordering, reachability, coreDistances }: Reachability, eps: number): Int32Array {
  const labels = new Int32Array(ordering.length).fill(NOISE);
  let cluster = NOISE;
  for (const row of ordering) {
    const isFar = reachability[row]! > eps;
    const isDense = coreDistances[row]! <= eps;
    if (isFar && isDense) cluster++;
    labels[row] = isFar && !isDense ? NOISE : cluster;
  }
  return labels;
}

export interface XiOptions {
  readonly xi: number;
  readonly minSamples: number;
  readonly minClusterSize: number;
  readonly predecessorCorrection: boolean;
}

/** A valley of the plot: the first and last place in the ordering. */
export type Valley = readonly [start: number, end: number];

/** A stretch over which reachability falls steeply, and the greatest value between its end and where we are. */
interface SteepDown {
  readonly start: number;
  readonly end: number;
  between: number;
}

/**
 * Valleys between a steep fall and a steep rise, those within others first: Ankerst and others 1999, figure 19, with
 * scikit-learn's corrections (a rise at the end of the plot; definitions 9 and 11.4c) and, where wished, that of Schubert
 * and Gertz, "Improving the cluster structure extracted from OPTICS plots", 2018.
 */
export function xiValleys(
  graph: Reachability,
  { xi, minSamples, minClusterSize, predecessorCorrection }: XiOptions,
): Valley[] {
  const { ordering } = graph;
  const count = ordering.length;
  const plot = Float64Array.from({ length: count + 1 }, (_, at) =>
    at < count ? graph.reachability[ordering[at]!]! : Number.POSITIVE_INFINITY,
  );
  const kept = 1 - xi;
  // Infinity over Infinity is neither up nor down.
  const ratio = (at: number) => plot[at]! / plot[at + 1]!;
  const isSteepUp = (at: number) => ratio(at) <= kept;
  const isSteepDown = (at: number) => ratio(at) >= 1 / kept;
  const valleys: Valley[] = [];
  let downs: SteepDown[] = [];
  let index = 0;
  let between = 0;
  for (let steep = 0; steep < count; steep++) {
    if (steep < index || !(isSteepUp(steep) || isSteepDown(steep))) continue;
    for (let at = index; at <= steep; at++) between = Math.max(between, plot[at]!);
    downs = stillOpen(downs, between, kept, plot);
    if (isSteepDown(steep)) {
      const end = extended(steep, count, minSamples, isSteepDown, (at) => ratio(at) < 1);
      downs.push({ start: steep, end, between: 0 });
      index = end + 1;
      between = plot[index]!;
      continue;
    }
    const end = extended(steep, count, minSamples, isSteepUp, (at) => ratio(at) > 1);
    index = end + 1;
    between = plot[index]!;
    const found: Valley[] = [];
    for (const down of downs) {
      const valley = valleyBetween(down, steep, end, plot, kept);
      const corrected = valley && predecessorCorrection ? withoutStrangers(valley, plot, graph) : valley;
      if (!corrected) continue;
      const [from, to] = corrected;
      if (to - from + 1 >= minClusterSize && from <= down.end && to >= steep) found.push(corrected);
    }
    valleys.push(...found.reverse());
  }
  return valleys;
}

/** How far a steep stretch goes: at most minSamples places in a row are not steep, none goes the other way. */
function extended(
  start: number,
  count: number,
  minSamples: number,
  isSteep: (at: number) => boolean,
  isOpposite: (at: number) => boolean,
): number {
  let [flat, end] = [0, start];
  for (let at = start; at < count; at++) {
    if (isSteep(at)) [flat, end] = [0, at];
    else if (isOpposite(at)) return end;
    else if (++flat > minSamples) break;
  }
  return end;
}

/** Falls that what came since does not exceed. */
function stillOpen(downs: SteepDown[], between: number, kept: number, plot: Float64Array): SteepDown[] {
  if (between === Number.POSITIVE_INFINITY) return [];
  const open = downs.filter((down) => between <= plot[down.start]! * kept);
  for (const down of open) down.between = Math.max(down.between, between);
  return open;
}

/** From the fall to the rise, cut so that both ends are about equally high. */
function valleyBetween(
  down: SteepDown,
  riseStart: number,
  riseEnd: number,
  plot: Float64Array,
  kept: number,
): Valley | undefined {
  const after = plot[riseEnd + 1]!;
  if (after * kept < down.between) return undefined;
  const top = plot[down.start]!;
  let [start, end] = [down.start, riseEnd];
  if (top * kept >= after) {
    while (plot[start + 1]! > after && start < down.end) start++;
  } else if (after * kept >= top) {
    while (plot[end - 1]! > top && end > riseStart) end--;
  }
  return [start, end];
}

/** Ends the valley where its last row was reached from within. */
function withoutStrangers(
  [start, last]: Valley,
  plot: Float64Array,
  { ordering, predecessor }: Reachability,
): Valley | undefined {
  for (let end = last; start < end; end--) {
    if (plot[start]! > plot[end]!) return [start, end];
    const from = predecessor[ordering[end]!]!;
    for (let at = start; at < end; at++) if (ordering[at] === from) return [start, end];
  }
  return undefined;
}

/** The smallest valleys as clusters: one that holds a cluster already is none. */
export function labelsOfValleys(ordering: Int32Array, valleys: readonly Valley[]): Int32Array {
  const labels = new Int32Array(ordering.length).fill(NOISE);
  let cluster = 0;
  for (const [start, end] of valleys) {
    const rows = ordering.subarray(start, end + 1);
    if (rows.some((row) => labels[row] !== NOISE)) continue;
    for (const row of rows) labels[row] = cluster;
    cluster++;
  }
  return labels;
}
