import { type CaseRandom, defineKernel, type Flavour, type Scalars } from './contract.js';
import { descend, GRAPH_LANES, type Graph, graphDistance, SearchPool, searchLayer } from './graph.js';

/** Searches in a navigable graph, and among a few of its rows without it. src/kernels/graph.ts has layout and law. */

export const SOURCE = 'Malkov and Yashunin, "Hierarchical Navigable Small World graphs", 2016';

/** Arguments that the kernels of graphs share. */
export const graphArguments = {
  vectors: {
    name: 'vectors',
    role: 'in',
    dtype: 'f32',
    length: (s: Scalars) => s.nodeCount! * s.stride!,
    meaning: 'a row a node',
  },
  links: {
    name: 'links',
    role: 'in',
    dtype: 'i32',
    length: (s: Scalars) => s.nodeCount! * 2 * s.m!,
    meaning: 'links on level 0, 2·m a node, −1 behind the last',
  },
  upperOffsets: {
    name: 'upperOffsets',
    role: 'in',
    dtype: 'i32',
    length: (s: Scalars) => s.nodeCount!,
    meaning: 'where a node’s lists of level 1 and above begin in `upper`; whatever for those on level 0 alone',
  },
  upper: {
    name: 'upper',
    role: 'in',
    dtype: 'i32',
    length: (s: Scalars) => s.upperLength!,
    meaning: 'links on the levels above, m a node and level',
  },
  visited: {
    name: 'visited',
    role: 'scratch',
    dtype: 'u32',
    length: (s: Scalars) => Math.ceil(s.nodeCount! / 32),
    meaning: 'a bit a node',
  },
  fresh: {
    name: 'fresh',
    role: 'scratch',
    dtype: 'i32',
    length: (s: Scalars) => 2 * s.m! + 4,
    meaning: 'links that were not visited before',
  },
  nodeCount: { name: 'nodeCount', dtype: 'i32', meaning: 'rows of the graph, below 2^30' },
  upperLength: { name: 'upperLength', dtype: 'i32', meaning: 'elements of upper' },
  stride: { name: 'stride', dtype: 'i32', meaning: 'coordinates of a row, a multiple of 16' },
  m: { name: 'm', dtype: 'i32', meaning: 'links of a node on each level above 0; half of those on level 0' },
  metric: { name: 'metric', dtype: 'i32', meaning: '0: squared L2; 1: negated inner product' },
  entry: { name: 'entry', dtype: 'i32', meaning: 'the node to start from; −1: there is none' },
  topLevel: { name: 'topLevel', dtype: 'i32', meaning: 'the level of the entry' },
} as const;

const found = {
  distances: {
    name: 'distances',
    role: 'out',
    dtype: 'f32',
    length: (s: Scalars) => s.queryCount! * s.k!,
    meaning: 'nearest first; Infinity where there are fewer than k',
  },
  nodes: {
    name: 'nodes',
    role: 'out',
    dtype: 'i32',
    length: (s: Scalars) => s.queryCount! * s.k!,
    meaning: 'the lower first among equals; −1 where there is none',
  },
} as const;
const queries = {
  name: 'queries',
  role: 'in',
  dtype: 'f32',
  length: (s: Scalars) => s.queryCount! * s.stride!,
  meaning: 'a row a query',
} as const;
const queryCount = { name: 'queryCount', dtype: 'i32', meaning: 'queries' } as const;
const k = { name: 'k', dtype: 'i32', meaning: 'neighbours wanted, at least 1' } as const;

/** Rows of a flavour, whose squared lengths f32 holds. */
export function graphRows(count: number, stride: number, random: CaseRandom, flavour: Flavour): Float32Array {
  const special = [0, -0, 1e-45, 1.1754943508222875e-38, 1e-20, 1e15, -1e15, 3];
  return Float32Array.from({ length: count * stride }, () => {
    if (flavour === 'special' && random.integer(16) === 0) return special[random.integer(special.length)]!;
    if (flavour === 'ties' || flavour === 'one-bin') return random.integer(2);
    if (flavour === 'constant') return 0.75;
    if (flavour === 'skewed') return 1000 + random.normal() * 1e-2;
    return random.normal();
  });
}

/** A graph of random links: whatever leads anywhere must be followed alike. */
export function randomGraph(size: number, random: CaseRandom, flavour: Flavour) {
  const large = size >= 8192;
  const stride = GRAPH_LANES * (large ? 4 : 1 + random.integer(3));
  const m = large ? 16 : 2 + random.integer(4);
  const metric = random.integer(2);
  const levels = Uint8Array.from({ length: size }, () => Math.max(0, random.integer(3 * m) - 3 * m + 4));
  const upperOffsets = new Int32Array(size).fill(-1);
  let upperLength = 0;
  levels.forEach((level, node) => {
    if (level === 0) return;
    upperOffsets[node] = upperLength;
    upperLength += level * m;
  });
  const links = new Int32Array(size * 2 * m).fill(-1);
  const upper = new Int32Array(upperLength).fill(-1);
  for (let level = 0; level <= 3; level++) {
    const members = Array.from({ length: size }, (_, node) => node).filter((node) => levels[node]! >= level);
    const slots = level === 0 ? 2 * m : m;
    for (const node of members) {
      const [lists, at] = level === 0 ? [links, node * slots] : [upper, upperOffsets[node]! + (level - 1) * m];
      const others = new Set(Array.from({ length: random.integer(slots + 1) }, () => pick(members, random)));
      others.delete(node);
      lists.set([...others], at);
    }
  }
  const topLevel = levels.reduce((top, level) => Math.max(top, level), 0);
  const entry = levels.indexOf(topLevel);
  const vectors = graphRows(size, stride, random, flavour);
  const scalars = { nodeCount: size, upperLength, stride, m, metric, entry, topLevel };
  return { scalars, levels, buffers: { vectors, links, upperOffsets, upper } };
}

function pick(members: readonly number[], random: CaseRandom): number {
  return members[random.integer(members.length)]!;
}

/** A bit a row, each set one time in `rarity`. */
export function randomBits(count: number, random: CaseRandom, rarity: number): Uint8Array {
  const bits = new Uint8Array(Math.ceil(count / 8));
  for (let i = 0; i < count; i++) if (random.integer(rarity) === 0) bits[i >> 3]! |= 1 << (i & 7);
  return bits;
}

function writeFound(
  pool: SearchPool,
  wanted: (node: number) => boolean,
  distances: Float32Array,
  nodes: Int32Array,
): void {
  distances.fill(Number.POSITIVE_INFINITY);
  nodes.fill(-1);
  const answers = pool.entries.filter(({ node }) => wanted(node)).slice(0, nodes.length);
  answers.forEach(({ distance, node }, place) => {
    distances[place] = distance;
    nodes[place] = node;
  });
}

export const graph_search_f32 = defineKernel({
  name: 'graph_search_f32',
  family: 'distance',
  summary:
    'The k nearest of the nodes that a beam search of width ef meets, for a block of queries; nodes that are not allowed lead the way and are no answers.',
  source: SOURCE,
  arguments: [
    graphArguments.vectors,
    graphArguments.links,
    graphArguments.upperOffsets,
    graphArguments.upper,
    queries,
    {
      name: 'allowed',
      role: 'in',
      dtype: 'u8',
      length: (s) => Math.ceil(s.nodeCount! / 8),
      meaning: 'a bit a node that may be an answer; absent: all may',
      optional: true,
    },
    found.distances,
    found.nodes,
    graphArguments.visited,
    {
      name: 'pool',
      role: 'scratch',
      dtype: 'i64',
      length: (s) => s.capacity! + 1,
      meaning: 'nodes that are kept, by distance',
    },
    graphArguments.fresh,
    graphArguments.nodeCount,
    graphArguments.upperLength,
    graphArguments.stride,
    graphArguments.m,
    graphArguments.metric,
    graphArguments.entry,
    graphArguments.topLevel,
    queryCount,
    k,
    { name: 'ef', dtype: 'i32', meaning: 'answers that are kept during the search, at least k' },
    { name: 'capacity', dtype: 'i32', meaning: 'nodes that are kept, others included, at least ef' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (
    vectors,
    links,
    upperOffsets,
    upper,
    asked,
    allowed,
    distances,
    nodes,
    _visited,
    _pool,
    _fresh,
    nodeCount,
    _upperLength,
    stride,
    m,
    metric,
    entry,
    topLevel,
    askedCount,
    wanted,
    ef,
    capacity,
  ) => {
    const graph: Graph = { vectors, links, upperOffsets, upper, nodeCount, stride, m, metric, newestFirst: false };
    for (let query = 0; query < askedCount; query++) {
      const pool = new SearchPool(ef, false, capacity);
      if (entry >= 0) {
        let start = { node: entry, distance: graphDistance(asked, query, vectors, entry, stride, metric) };
        for (let level = topLevel; level > 0; level--) start = descend(graph, asked, query, start, level);
        searchLayer(graph, asked, query, start, 0, pool, allowed);
      }
      const isAnswer = (node: number) => allowed === null || ((allowed[node >> 3]! >> (node & 7)) & 1) === 1;
      const [from, to] = [query * wanted, (query + 1) * wanted];
      writeFound(pool, isAnswer, distances.subarray(from, to), nodes.subarray(from, to));
    }
  },
  inputs: (size, random, flavour) => {
    const graph = randomGraph(size, random, flavour);
    const few = size >= 8192 ? 16 : random.integer(4);
    const wanted = 1 + random.integer(8);
    const ef = wanted + random.integer(30);
    const filtered = size > 0 && (flavour === 'nulls' || random.integer(3) === 0);
    return {
      scalars: { ...graph.scalars, queryCount: few, k: wanted, ef, capacity: filtered ? 2 * ef + 3 : ef },
      buffers: {
        ...graph.buffers,
        queries: graphRows(few, graph.scalars.stride, random, flavour),
        allowed: filtered ? randomBits(size, random, 3) : null,
      },
    };
  },
  work: (s) => ({ elements: s.queryCount! }),
});

export const graph_scan_f32 = defineKernel({
  name: 'graph_scan_f32',
  family: 'distance',
  summary: 'The k nearest of some rows of a graph, one by one without its links: for filters that leave few.',
  arguments: [
    graphArguments.vectors,
    {
      name: 'rows',
      role: 'in',
      dtype: 'i32',
      length: (s) => s.rowCount!,
      meaning: 'the nodes to look at, each once',
    },
    queries,
    found.distances,
    found.nodes,
    {
      name: 'pool',
      role: 'scratch',
      dtype: 'i64',
      length: (s) => s.k! + 1,
      meaning: 'nodes that are kept, by distance',
    },
    graphArguments.nodeCount,
    { name: 'rowCount', dtype: 'i32', meaning: 'nodes to look at' },
    graphArguments.stride,
    graphArguments.metric,
    queryCount,
    k,
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (
    vectors,
    rows,
    asked,
    distances,
    nodes,
    _pool,
    _nodeCount,
    _rowCount,
    stride,
    metric,
    askedCount,
    wanted,
  ) => {
    for (let query = 0; query < askedCount; query++) {
      const pool = new SearchPool(wanted, false);
      for (const node of rows)
        pool.offer({ node, distance: graphDistance(asked, query, vectors, node, stride, metric) });
      const [from, to] = [query * wanted, (query + 1) * wanted];
      writeFound(pool, () => true, distances.subarray(from, to), nodes.subarray(from, to));
    }
  },
  inputs: (size, random, flavour) => {
    const stride = GRAPH_LANES * (size >= 8192 ? 4 : 1 + random.integer(3));
    const few = size >= 8192 ? 16 : random.integer(4);
    const rows = Int32Array.from({ length: size }, (_, node) => node).filter(() => random.integer(2) === 0);
    return {
      scalars: {
        nodeCount: size,
        rowCount: rows.length,
        stride,
        metric: random.integer(2),
        queryCount: few,
        k: 1 + random.integer(8),
      },
      buffers: {
        vectors: graphRows(size, stride, random, flavour),
        rows,
        queries: graphRows(few, stride, random, flavour),
      },
    };
  },
  work: (s) => ({ elements: s.queryCount! * s.rowCount!, flops: 3 * s.queryCount! * s.rowCount! * s.stride! }),
});
