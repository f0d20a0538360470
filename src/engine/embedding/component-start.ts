import { exp } from '../../kernels/elementary.js';
import type { Engine } from '../engine.js';
import type { Points } from '../neighbors/points.js';
import { stream } from '../random.js';
import { Breather } from '../turn.js';
import { graphOfComponent, type SparseGraph } from './sparse-graph.js';
import { principalStart, type Start, spectralStart } from './start.js';

/** More centres than this are laid out by principal components: their affinities are one a pair. */
const MOST_AFFINE = 1_024;

/**
 * Where the points of a graph in several parts are placed at first: the parts around places of their own, and each part
 * by its own eigenvectors, within half the way to the nearest other place (as umap-learn's multi_component_layout).
 * @param components by point, the part it is in, from 0 on, all of them used
 */
export async function componentStart(
  engine: Engine,
  points: Points,
  graph: SparseGraph,
  components: Int32Array,
  dimension: number,
  seed: number,
  signal?: AbortSignal,
): Promise<Start> {
  const members = membersOf(components);
  const places = await placesOf(engine, points, members, dimension, seed, signal);
  const random = stream(seed, 'embedding-components');
  const start = new Float64Array(points.count * dimension);
  for (const [component, rows] of members.entries()) {
    const reach = nearestOther(places, component, dimension) / 2;
    const isSmall = rows.length < 2 * dimension || rows.length < dimension + 2;
    const own = isSmall
      ? Float64Array.from({ length: rows.length * dimension }, () => 2 * random.uniform() - 1)
      : await spectralStart(engine, graphOfComponent(graph, rows), dimension, seed, signal);
    const largest = isSmall ? 1 : own.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
    rows.forEach((row, i) => {
      for (let c = 0; c < dimension; c++) {
        const place = places[component * dimension + c]!;
        start[row * dimension + c] = place + (reach * own[i * dimension + c]!) / largest;
      }
    });
  }
  return start;
}

function membersOf(components: Int32Array): Int32Array[] {
  const sizes: number[] = [];
  for (const component of components) sizes[component] = (sizes[component] ?? 0) + 1;
  const members = sizes.map((size) => new Int32Array(size));
  sizes.fill(0);
  components.forEach((component, row) => {
    members[component]![sizes[component]!++] = row;
  });
  return members;
}

/** Few parts lie at the ends of the axes; more where the affinities of their centres, e^(−d² / mean d²), put them. */
async function placesOf(
  engine: Engine,
  points: Points,
  members: readonly Int32Array[],
  dimension: number,
  seed: number,
  signal?: AbortSignal,
): Promise<Start> {
  const count = members.length;
  if (count <= 2 * dimension) return axisEnds(count, dimension);
  const centers = centersOf(points, members);
  const places =
    count > MOST_AFFINE
      ? await principalStart(engine, centers, dimension, seed, signal)
      : await spectralStart(engine, await affinitiesOf(centers, signal), dimension, seed, signal);
  const largest = places.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  return places.map((value) => value / largest);
}

function axisEnds(count: number, dimension: number): Start {
  const places = new Float64Array(count * dimension);
  const axes = Math.ceil(count / 2);
  for (let k = 0; k < count; k++) places[k * dimension + (k % axes)] = k < axes ? 1 : -1;
  return places;
}

function centersOf({ values, dimension }: Points, members: readonly Int32Array[]): Points {
  const centers = new Float64Array(members.length * dimension);
  members.forEach((rows, k) => {
    for (const row of rows) {
      for (let j = 0; j < dimension; j++) centers[k * dimension + j]! += values[row * dimension + j]! / rows.length;
    }
  });
  return { values: centers, count: members.length, dimension };
}

async function affinitiesOf({ values, count, dimension }: Points, signal?: AbortSignal): Promise<SparseGraph> {
  const breather = new Breather();
  const affinities = new Float64Array(count * (count - 1));
  const indices = new Int32Array(affinities.length);
  let mean = 0;
  for (let a = 0, at = 0; a < count; a++) {
    await breather.breathe(signal);
    for (let b = 0; b < count; b++) {
      if (a === b) continue;
      let square = 0;
      for (let j = 0; j < dimension; j++) square += (values[a * dimension + j]! - values[b * dimension + j]!) ** 2;
      indices[at] = b;
      affinities[at++] = square;
      mean += square / affinities.length;
    }
  }
  for (let at = 0; at < affinities.length; at++) affinities[at] = mean > 0 ? exp(-affinities[at]! / mean) : 1;
  return { offsets: Int32Array.from({ length: count + 1 }, (_, k) => k * (count - 1)), indices, values: affinities };
}

/** How far the place of a part is from the nearest other that differs; 1 where none does. */
function nearestOther(places: Start, component: number, dimension: number): number {
  let nearest = Number.POSITIVE_INFINITY;
  for (let k = 0; k < places.length / dimension; k++) {
    let square = 0;
    for (let c = 0; c < dimension; c++) {
      square += (places[k * dimension + c]! - places[component * dimension + c]!) ** 2;
    }
    if (square > 0 && square < nearest) nearest = square;
  }
  return nearest < Number.POSITIVE_INFINITY ? Math.sqrt(nearest) : 1;
}
