import { type CaseRandom, defineKernel, type Flavour, type Scalars } from './contract.js';
import {
  chooseNeighbors,
  descend,
  GRAPH_LANES,
  type Graph,
  graphDistance,
  hasBit,
  linksOf,
  type Met,
  SearchPool,
  searchLayer,
  writeLinks,
} from './graph.js';
import { graphArguments, graphRows, randomBits, randomGraph, SOURCE } from './graph-search.js';

/**
 * Building a navigable graph in batches, so that it does not depend on threads: every node of a batch finds its neighbours in the
 * graph as it was before the batch, and among the nodes of the batch before it by looking at each (`connect`); then every
 * node that was chosen takes in, at once, all those that chose it (`link`). Each list of links has one writer.
 */

const levels = {
  name: 'levels',
  role: 'in',
  dtype: 'u8',
  length: (s: Scalars) => s.nodeCount!,
  meaning: 'the highest level of each node',
} as const;
const rowStart = (what: string) => ({ name: 'rowStart', dtype: 'i32', meaning: `the first ${what}` }) as const;
const rowEnd = (what: string) => ({ name: 'rowEnd', dtype: 'i32', meaning: `behind the last ${what}` }) as const;
const links = { ...graphArguments.links, role: 'inout' } as const;
const upper = { ...graphArguments.upper, role: 'inout' } as const;

export const graph_connect_f32 = defineKernel({
  name: 'graph_connect_f32',
  family: 'distance',
  summary:
    'Chooses the neighbours of nodes rowStart … rowEnd − 1 of a batch on each of their levels, and writes them into their own lists.',
  source: SOURCE,
  arguments: [
    graphArguments.vectors,
    levels,
    graphArguments.upperOffsets,
    {
      name: 'batch',
      role: 'in',
      dtype: 'i32',
      length: (s) => s.batchCount!,
      meaning: 'the nodes of the batch, to which nothing links yet',
    },
    links,
    upper,
    graphArguments.visited,
    {
      name: 'pool',
      role: 'scratch',
      dtype: 'i64',
      length: (s) => s.ef! + 1,
      meaning: 'nodes that are kept, by distance',
    },
    graphArguments.fresh,
    {
      name: 'batchDistances',
      role: 'scratch',
      dtype: 'f32',
      length: (s) => s.batchCount! + 4,
      meaning: 'distances to the nodes of the batch before this one',
    },
    graphArguments.nodeCount,
    graphArguments.upperLength,
    { name: 'batchCount', dtype: 'i32', meaning: 'nodes of the batch' },
    graphArguments.stride,
    graphArguments.m,
    graphArguments.metric,
    graphArguments.entry,
    graphArguments.topLevel,
    { name: 'ef', dtype: 'i32', meaning: 'candidates that are kept during the search' },
    rowStart('place in the batch'),
    rowEnd('place in the batch'),
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (
    vectors,
    levelOf,
    upperOffsets,
    batch,
    lists,
    upperLists,
    _visited,
    _pool,
    _fresh,
    _batchDistances,
    nodeCount,
    _upperLength,
    _batchCount,
    stride,
    m,
    metric,
    entry,
    topLevel,
    ef,
    start,
    end,
  ) => {
    const lying = { vectors, links: lists, upper: upperLists, upperOffsets, nodeCount, stride, m, metric };
    const graph: Graph = { ...lying, newestFirst: true };
    for (let place = start; place < end; place++) {
      const node = batch[place]!;
      const distanceTo = (other: number) => graphDistance(vectors, node, vectors, other, stride, metric);
      let near: Met | undefined = entry < 0 ? undefined : { node: entry, distance: distanceTo(entry) };
      for (let level = topLevel; near && level > levelOf[node]!; level--)
        near = descend(graph, vectors, node, near, level);
      for (let level = levelOf[node]!; level >= 0; level--) {
        const pool = new SearchPool(ef, true);
        if (near && level <= topLevel) {
          searchLayer(graph, vectors, node, near, level, pool);
          near = pool.entries[0]!;
        }
        for (const other of batch.subarray(0, place))
          if (levelOf[other]! >= level) pool.offer({ node: other, distance: distanceTo(other) });
        const list =
          level === 0
            ? lists.subarray(node * 2 * m, (node + 1) * 2 * m)
            : upperLists.subarray(upperOffsets[node]! + (level - 1) * m, upperOffsets[node]! + level * m);
        writeLinks(list, chooseNeighbors(graph, pool.entries, m));
      }
    }
  },
  inputs: (size, random, flavour) => {
    const graph = randomGraph(size, random, flavour);
    const { scalars, buffers } = withBatch(graph, size, random);
    const rowEnd = random.integer(scalars.batchCount + 1);
    return {
      scalars: { ...scalars, ef: 1 + random.integer(30), rowStart: random.integer(rowEnd + 1), rowEnd },
      buffers,
    };
  },
  work: (s) => ({ elements: s.rowEnd! - s.rowStart! }),
});

/** Some nodes of a graph taken out, so that nothing links to them: they are a batch that waits. */
function withBatch(graph: ReturnType<typeof randomGraph>, size: number, random: CaseRandom) {
  const { levels, buffers } = graph;
  const waiting = size >= 8192 ? 64 : random.integer(Math.min(size, 40) + 1);
  const batch = Int32Array.from({ length: waiting }, (_, index) => size - waiting + index);
  const first = size - waiting;
  const keep = (lists: Int32Array, slots: number) => {
    for (let at = 0; at < lists.length; at += slots) {
      const kept = lists.subarray(at, at + slots).filter((node) => node >= 0 && node < first);
      writeLinks(lists.subarray(at, at + slots), [...kept]);
    }
  };
  keep(buffers.links, 2 * graph.scalars.m);
  keep(buffers.upper, graph.scalars.m);
  const old = levels.subarray(0, first);
  const topLevel = old.reduce((top, level) => Math.max(top, level), 0);
  const scalars = { ...graph.scalars, entry: old.indexOf(topLevel), topLevel, batchCount: waiting };
  return { scalars, buffers: { ...buffers, levels, batch } };
}

export const graph_link_f32 = defineKernel({
  name: 'graph_link_f32',
  family: 'distance',
  summary:
    'Takes new nodes into the lists of targets rowStart … rowEnd − 1: behind what is there while there is room, else the best of both are chosen anew.',
  source: SOURCE,
  arguments: [
    graphArguments.vectors,
    {
      name: 'lists',
      role: 'inout',
      dtype: 'i32',
      length: (s) => s.listsLength!,
      meaning: 'lists of links, −1 behind the last',
    },
    { name: 'targets', role: 'in', dtype: 'i32', length: (s) => s.targetCount!, meaning: 'nodes, each once' },
    { name: 'places', role: 'in', dtype: 'i32', length: (s) => s.targetCount!, meaning: 'where their lists begin' },
    {
      name: 'starts',
      role: 'in',
      dtype: 'i32',
      length: (s) => s.targetCount! + 1,
      meaning: 'where the sources of each target begin',
    },
    {
      name: 'sources',
      role: 'in',
      dtype: 'i32',
      length: (s) => s.sourceCount!,
      meaning: 'new nodes, none of which is in the list',
    },
    {
      name: 'pool',
      role: 'scratch',
      dtype: 'i64',
      length: (s) => s.slots! + s.sourceCount! + 1,
      meaning: 'candidates of a target, by distance',
    },
    graphArguments.nodeCount,
    { name: 'listsLength', dtype: 'i32', meaning: 'elements of lists' },
    { name: 'targetCount', dtype: 'i32', meaning: 'targets' },
    { name: 'sourceCount', dtype: 'i32', meaning: 'elements of sources' },
    graphArguments.stride,
    graphArguments.metric,
    { name: 'slots', dtype: 'i32', meaning: 'links that a list has room for' },
    rowStart('target'),
    rowEnd('target'),
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (
    vectors,
    lists,
    targets,
    places,
    starts,
    sources,
    _pool,
    nodeCount,
    _listsLength,
    _targetCount,
    _sourceCount,
    stride,
    metric,
    slots,
    start,
    end,
  ) => {
    const none = new Int32Array(0);
    const graph: Graph = {
      vectors,
      links: none,
      upper: none,
      upperOffsets: none,
      nodeCount,
      stride,
      m: slots >> 1,
      metric,
      newestFirst: true,
    };
    for (let index = start; index < end; index++) {
      const list = lists.subarray(places[index]!, places[index]! + slots);
      const known = list.indexOf(-1) < 0 ? list : list.subarray(0, list.indexOf(-1));
      const all = [...known, ...sources.subarray(starts[index]!, starts[index + 1]!)];
      if (all.length <= slots) {
        writeLinks(list, all);
        continue;
      }
      const pool = new SearchPool(all.length, true);
      for (const node of all)
        pool.offer({ node, distance: graphDistance(vectors, targets[index]!, vectors, node, stride, metric) });
      writeLinks(list, chooseNeighbors(graph, pool.entries, slots));
    }
  },
  inputs: (size, random, flavour) => linkInputs(size, random, flavour),
  work: (s) => ({ elements: s.rowEnd! - s.rowStart! }),
});

function linkInputs(size: number, random: CaseRandom, flavour: Flavour) {
  const large = size >= 8192;
  const stride = GRAPH_LANES * (large ? 4 : 1 + random.integer(3));
  const slots = large ? 32 : 2 + random.integer(8);
  // The upper half of the nodes is new; lists of the others, with room before and between.
  const old = size >> 1;
  const targets = Int32Array.from({ length: old }, (_, node) => node).filter(() => random.integer(4) > 0);
  const places = targets.map((_, index) => 3 + index * (slots + 1));
  const lists = new Int32Array(3 + targets.length * (slots + 1)).fill(-1);
  const starts = new Int32Array(targets.length + 1);
  const sources: number[] = [];
  const few = (from: number, count: number, most: number) => {
    const chosen = new Set<number>();
    if (count > 0) for (let draw = random.integer(most + 1); draw > 0; draw--) chosen.add(from + random.integer(count));
    return chosen;
  };
  targets.forEach((target, index) => {
    const known = few(0, old, 2 * slots);
    known.delete(target);
    lists.set([...known].slice(0, slots), places[index]!);
    sources.push(...[...few(old, size - old, large ? 4 : 2 * slots)].sort((a, b) => a - b));
    starts[index + 1] = sources.length;
  });
  const rowEnd = large ? targets.length : random.integer(targets.length + 1);
  return {
    scalars: {
      nodeCount: size,
      listsLength: lists.length,
      targetCount: targets.length,
      sourceCount: sources.length,
      stride,
      metric: random.integer(2),
      slots,
      rowStart: large ? 0 : random.integer(rowEnd + 1),
      rowEnd,
    },
    buffers: {
      vectors: graphRows(size, stride, random, flavour),
      lists,
      targets,
      places,
      starts,
      sources: Int32Array.from(sources),
    },
  };
}

export const graph_repair_f32 = defineKernel({
  name: 'graph_repair_f32',
  family: 'distance',
  summary:
    'Nodes rowStart … rowEnd − 1 that link to nodes which are gone choose anew: among what is left of their lists, and what can be reached through those that are gone.',
  source: 'After Singh et al., "FreshDiskANN", 2021, algorithm 4',
  arguments: [
    graphArguments.vectors,
    levels,
    graphArguments.upperOffsets,
    {
      name: 'gone',
      role: 'in',
      dtype: 'u8',
      length: (s) => Math.ceil(s.nodeCount! / 8),
      meaning: 'a bit a node that is gone',
    },
    links,
    upper,
    { ...graphArguments.visited, meaning: 'a bit a node' },
    {
      name: 'pool',
      role: 'scratch',
      dtype: 'i64',
      length: (s) => s.capacity! + 1,
      meaning: 'candidates of a node, by distance',
    },
    {
      name: 'met',
      role: 'scratch',
      dtype: 'i32',
      length: (s) => s.capacity!,
      meaning: 'what a node reaches, in the order in which it is met',
    },
    graphArguments.nodeCount,
    graphArguments.upperLength,
    graphArguments.stride,
    graphArguments.m,
    graphArguments.metric,
    {
      name: 'capacity',
      dtype: 'i32',
      meaning: 'nodes that may be met on the way, those that are gone included; at least 2·m',
    },
    rowStart('node'),
    rowEnd('node'),
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (
    vectors,
    levelOf,
    upperOffsets,
    gone,
    lists,
    upperLists,
    _visited,
    _pool,
    _met,
    nodeCount,
    _upperLength,
    stride,
    m,
    metric,
    capacity,
    start,
    end,
  ) => {
    const lying = { vectors, links: lists, upper: upperLists, upperOffsets, nodeCount, stride, m, metric };
    const graph: Graph = { ...lying, newestFirst: true };
    for (let node = start; node < end; node++) {
      if (hasBit(gone, node)) continue;
      for (let level = levelOf[node]!; level >= 0; level--) {
        if (!linksOf(graph, node, level).some((other) => hasBit(gone, other))) continue;
        const met = reached(graph, node, level, gone, capacity);
        const left = met.filter((other) => !hasBit(gone, other));
        const pool = new SearchPool(left.length, true);
        for (const other of left)
          pool.offer({ node: other, distance: graphDistance(vectors, node, vectors, other, stride, metric) });
        const [all, slots] = level === 0 ? [lists, 2 * m] : [upperLists, m];
        const at = level === 0 ? node * slots : upperOffsets[node]! + (level - 1) * m;
        writeLinks(all.subarray(at, at + slots), chooseNeighbors(graph, pool.entries, slots));
      }
    }
  },
  inputs: (size, random, flavour) => {
    const { scalars, levels, buffers } = randomGraph(size, random, flavour);
    const { entry: _, topLevel: __, ...rest } = scalars;
    const rowEnd = size >= 8192 ? size : random.integer(size + 1);
    const capacity = 2 * scalars.m + random.integer(40);
    return {
      scalars: { ...rest, capacity, rowStart: size >= 8192 ? 0 : random.integer(rowEnd + 1), rowEnd },
      buffers: { ...buffers, levels, gone: randomBits(size, random, 5) },
    };
  },
  work: (s) => ({ elements: s.rowEnd! - s.rowStart! }),
});

/** What a node links to, then what those of them that are gone link to, and so on, each once, at most `capacity`. */
function reached(graph: Graph, node: number, level: number, gone: Uint8Array, capacity: number): number[] {
  const met = [...linksOf(graph, node, level)];
  const visited = new Set([node, ...met]);
  for (let next = 0; next < met.length; next++) {
    if (!hasBit(gone, met[next]!)) continue;
    for (const other of linksOf(graph, met[next]!, level)) {
      if (visited.has(other) || met.length === capacity) continue;
      visited.add(other);
      met.push(other);
    }
  }
  return met;
}
