/**
 * What the kernels of hierarchical navigable small worlds share: the layout of the graph, distances, the pool that a search
 * keeps, and the choice of neighbours. (Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using
 * Hierarchical Navigable Small World graphs", 2016.)
 *
 * Vectors are f32 rows of `stride` coordinates, a multiple of 16, zeros behind the last. A node has 2·m slots for links on
 * level 0 (`links`), and m on each level above (`upper`, from `upperOffsets[node]` on); −1 ends a list that is not full.
 *
 * Distances are f32, in sixteen lanes (coordinate i goes to lane i mod 16) that are folded in halves: a lane row is one cache
 * line, and every instruction set up to 512 bits keeps the lanes in registers. Nothing is fused, so all backends agree to
 * the bit. Among equals the lower node comes first where it is searched, the higher where the graph is built: a row that was
 * there before leads to the one that came after it, so that a crowd of duplicates is one chain and not a thousand rows around
 * the first few.
 */
export const GRAPH_LANES = 16;

/** Squared L2 distance, or the negated inner product. */
export const SQUARED_L2 = 0;
export const NEGATED_DOT = 1;

export interface Graph {
  readonly vectors: Float32Array;
  readonly links: Int32Array;
  readonly upperOffsets: Int32Array;
  readonly upper: Int32Array;
  readonly nodeCount: number;
  readonly stride: number;
  readonly m: number;
  readonly metric: number;
  /** Does the higher node come first among equals? */
  readonly newestFirst: boolean;
}

/** A node that was met, and how far it is. */
export interface Met {
  readonly distance: number;
  readonly node: number;
}

const lanes = new Float32Array(GRAPH_LANES);

/** The distance between row i of a and row k of b. Never NaN for rows whose squared length f32 holds; never −0. */
export function graphDistance(
  a: Float32Array,
  i: number,
  b: Float32Array,
  k: number,
  stride: number,
  metric: number,
): number {
  lanes.fill(0);
  for (let j = 0; j < stride; j++) {
    const [x, y] = [a[i * stride + j]!, b[k * stride + j]!];
    const difference = Math.fround(x - y);
    const term = metric === NEGATED_DOT ? Math.fround(x * y) : Math.fround(difference * difference);
    lanes[j % GRAPH_LANES] = lanes[j % GRAPH_LANES]! + term;
  }
  for (let width = GRAPH_LANES / 2; width >= 1; width /= 2) {
    for (let lane = 0; lane < width; lane++) lanes[lane] = lanes[lane]! + lanes[lane + width]!;
  }
  return metric === NEGATED_DOT ? Math.fround(0 - lanes[0]!) : lanes[0]!;
}

/** The links of a node on a level. */
export function linksOf(graph: Graph, node: number, level: number): Int32Array {
  const { m, links, upper, upperOffsets } = graph;
  const list =
    level === 0
      ? links.subarray(node * 2 * m, (node + 1) * 2 * m)
      : upper.subarray(upperOffsets[node]! + (level - 1) * m, upperOffsets[node]! + level * m);
  const end = list.indexOf(-1);
  return end < 0 ? list : list.subarray(0, end);
}

const isBefore = (a: Met, b: Met, newestFirst: boolean): boolean =>
  a.distance < b.distance || (a.distance === b.distance && (newestFirst ? a.node > b.node : a.node < b.node));

/** Is bit `node` set? No bitmap: every bit is. */
export const hasBit = (bits: Uint8Array | null, node: number): boolean =>
  bits === null || ((bits[node >> 3]! >> (node & 7)) & 1) === 1;

interface Entry extends Met {
  readonly wanted: boolean;
  expanded: boolean;
}

/**
 * The nodes that a search keeps, nearest first: as many as it takes for `size` wanted ones among them, at most `capacity`.
 * Those that are not wanted lead the way and are no answers.
 */
export class SearchPool {
  readonly entries: Entry[] = [];
  readonly #size: number;
  readonly #capacity: number;
  readonly #newestFirst: boolean;
  #wanted = 0;

  constructor(size: number, newestFirst: boolean, capacity = size) {
    this.#size = size;
    this.#newestFirst = newestFirst;
    this.#capacity = capacity;
  }

  offer(met: Met, wanted = true): void {
    const { entries } = this;
    const full = this.#wanted === this.#size || entries.length === this.#capacity;
    if (full && !isBefore(met, entries.at(-1)!, this.#newestFirst)) return;
    let place = entries.length;
    while (place > 0 && isBefore(met, entries[place - 1]!, this.#newestFirst)) place--;
    entries.splice(place, 0, { ...met, wanted, expanded: false });
    if (wanted) this.#wanted++;
    if (entries.length > this.#capacity) this.#drop();
    while (this.#wanted > this.#size || (this.#wanted === this.#size && !entries.at(-1)!.wanted)) this.#drop();
  }

  #drop(): void {
    if (this.entries.pop()!.wanted) this.#wanted--;
  }
}

/** From `start`, on one level, from neighbour to nearer neighbour until none is nearer. */
export function descend(graph: Graph, queries: Float32Array, query: number, start: Met, level: number): Met {
  const { vectors, stride, metric, newestFirst } = graph;
  let best = start;
  for (;;) {
    let next = best;
    for (const node of linksOf(graph, best.node, level)) {
      const met = { node, distance: graphDistance(queries, query, vectors, node, stride, metric) };
      if (isBefore(met, next, newestFirst)) next = met;
    }
    if (next === best) return best;
    best = next;
  }
}

/** Algorithm 2: expands the nearest node that is not expanded yet, until the pool holds none. */
export function searchLayer(
  graph: Graph,
  queries: Float32Array,
  query: number,
  start: Met,
  level: number,
  pool: SearchPool,
  allowed: Uint8Array | null = null,
): void {
  const { vectors, stride, metric } = graph;
  const visited = new Set([start.node]);
  pool.offer(start, hasBit(allowed, start.node));
  for (;;) {
    const next = pool.entries.find(({ expanded }) => !expanded);
    if (!next) return;
    next.expanded = true;
    for (const node of linksOf(graph, next.node, level)) {
      if (visited.has(node)) continue;
      visited.add(node);
      const distance = graphDistance(queries, query, vectors, node, stride, metric);
      pool.offer({ node, distance }, hasBit(allowed, node));
    }
  }
}

/**
 * Algorithm 4: of candidates, nearest first, those that no chosen one is nearer to than the base is; at most `slots`. Of points
 * equal to the base at most half as many, or a crowd of duplicates would link to itself alone.
 */
export function chooseNeighbors(graph: Graph, candidates: readonly Met[], slots: number): number[] {
  const { vectors, stride, metric } = graph;
  const chosen: number[] = [];
  let equals = 0;
  for (const { node, distance } of candidates) {
    if (chosen.length === slots) break;
    const equal = metric === SQUARED_L2 && distance === 0;
    if (equal && equals === slots >> 1) continue;
    const near = chosen.some((other) => graphDistance(vectors, node, vectors, other, stride, metric) < distance);
    if (near) continue;
    chosen.push(node);
    if (equal) equals++;
  }
  return chosen;
}

/** Writes a list of links, −1 behind the last. */
export function writeLinks(list: Int32Array, nodes: readonly number[]): void {
  list.fill(-1);
  list.set(nodes);
}
