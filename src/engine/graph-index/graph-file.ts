import { LanewiseError } from '../../errors.js';
import { GRAPH_LANES } from '../../kernels/graph.js';
import type { Engine } from '../engine.js';
import { Breather } from '../turn.js';
import { type GraphArrays, type GraphStore, MAX_LEVEL } from './graph-store.js';

/**
 * The file of an index, little-endian. 256 bytes of head: "LWHNSW\r\n", version and metric (u32), SHA-256 of all other bytes,
 * then numbers as f64 (HEAD, below), then zeros. Behind it, each starting at a multiple of 64 bytes: vectors (f32, `stride`
 * a row), links of level 0 (i32), links above (i32), levels (u8), a bit a row that is present, and ids: f64, or ends of texts
 * (u32) and their UTF-8.
 */
const MAGIC = 'LWHNSW\r\n';
const VERSION = 1;
const HEAD_BYTES = 256;
const NUMBERS_AT = 48;
const METRICS = ['euclidean', 'sqeuclidean', 'cosine', 'dot'] as const;
/** Where the SHA-256 stands. */
export const HASH_SPAN = [16, 48] as const;

const HEAD = [
  'dimension',
  'm',
  'efConstruction',
  'efSearch',
  'seed',
  'count',
  'entry',
  'topLevel',
  'upperLength',
  'added',
  'idKind',
  'idBytes',
] as const;
type Head = Record<(typeof HEAD)[number], number>;

/** What each number of the head may be, all of them whole. */
const RANGES: Readonly<Record<keyof Head, readonly [number, number]>> = {
  dimension: [1, 65_536],
  m: [2, 128],
  efConstruction: [1, 65_536],
  efSearch: [1, 65_536],
  seed: [0, Number.MAX_SAFE_INTEGER],
  count: [0, 2 ** 30 - 1],
  entry: [-1, 2 ** 30 - 1],
  topLevel: [0, MAX_LEVEL],
  upperLength: [0, 2 ** 31 - 1],
  added: [0, Number.MAX_SAFE_INTEGER],
  idKind: [0, 1],
  idBytes: [0, 2 ** 32 - 1],
};

export interface GraphParameters {
  readonly metric: string;
  readonly m: number;
  readonly efConstruction: number;
  readonly efSearch: number;
  readonly seed: number;
  readonly dimension: number;
}

/** What goes into a file; ids of rows that are absent are undefined. */
export interface GraphFileParts {
  readonly parameters: GraphParameters;
  readonly added: number;
  readonly ids: readonly (number | string | undefined)[];
  readonly store: GraphStore;
}

/** What came out of one: arrays in the engine's memory, which disposing of it gives back. */
export interface GraphFile extends Disposable {
  readonly parameters: GraphParameters;
  readonly added: number;
  readonly ids: readonly (number | string | undefined)[];
  readonly arrays: GraphArrays;
  readonly count: number;
  readonly entry: number;
  readonly topLevel: number;
}

/** Sections in the order of the file, with where each starts; the last is the end. */
function layoutOf(head: Head) {
  const { count, dimension, m, upperLength, idKind, idBytes } = head;
  const stride = Math.ceil(dimension / GRAPH_LANES) * GRAPH_LANES;
  const sizes = {
    vectors: 4 * count * stride,
    links: 4 * count * 2 * m,
    upper: 4 * upperLength,
    levels: count,
    present: Math.ceil(count / 8),
    ids: idKind === 0 ? 8 * count : 4 * count,
    texts: idBytes,
  };
  let at = HEAD_BYTES;
  const places = Object.entries(sizes).map(([name, bytes]) => {
    const start = at;
    at = Math.ceil((at + bytes) / 64) * 64;
    return [name, { start, bytes }] as const;
  });
  type Places = Record<keyof typeof sizes, { start: number; bytes: number }>;
  return { places: Object.fromEntries(places) as Places, end: at, stride };
}

/** The bytes of a file in pieces, the hash left zero. */
export function encodeGraphFile({ parameters, added, ids, store }: GraphFileParts): Uint8Array[] {
  const { count, entry, topLevel, upperLength, arrays } = store;
  const isText = ids.some((id) => typeof id === 'string');
  const names = isText ? encodeTexts(ids) : undefined;
  const head: Head = {
    ...parameters,
    count,
    entry,
    topLevel,
    upperLength,
    added,
    idKind: isText ? 1 : 0,
    idBytes: names?.texts.length ?? 0,
  };
  const { places, end, stride } = layoutOf(head);
  const present = new Uint8Array(places.present.bytes);
  ids.forEach((id, row) => {
    if (id !== undefined) present[row >> 3]! |= 1 << (row & 7);
  });
  const sections = {
    vectors: arrays.vectors.subarray(0, count * stride),
    links: arrays.links.subarray(0, count * 2 * parameters.m),
    upper: arrays.upper.subarray(0, upperLength),
    levels: arrays.levels.subarray(0, count),
    present,
    ids: names?.ends ?? Float64Array.from(ids as readonly number[], (id) => id ?? 0),
    texts: names?.texts ?? new Uint8Array(0),
  };
  const pieces: Uint8Array[] = [encodeHead(head, METRICS.indexOf(parameters.metric as (typeof METRICS)[number]))];
  let at = HEAD_BYTES;
  for (const [name, array] of Object.entries(sections)) {
    pieces.push(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    at += array.byteLength;
    const next = Object.values(places).find(({ start }) => start > places[name as keyof typeof places].start);
    const padding = (next?.start ?? end) - at;
    if (padding > 0) pieces.push(new Uint8Array(padding));
    at += padding;
  }
  return pieces;
}

function encodeHead(head: Head, metric: number): Uint8Array {
  const bytes = new Uint8Array(HEAD_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(MAGIC));
  view.setUint32(8, VERSION, true);
  view.setUint32(12, metric, true);
  HEAD.forEach((name, index) => {
    view.setFloat64(NUMBERS_AT + 8 * index, head[name], true);
  });
  return bytes;
}

function encodeTexts(ids: readonly (number | string | undefined)[]): { ends: Uint32Array; texts: Uint8Array } {
  const encoder = new TextEncoder();
  const parts = ids.map((id) => encoder.encode(id === undefined ? '' : String(id)));
  const ends = new Uint32Array(parts.length);
  let length = 0;
  parts.forEach((part, row) => {
    length += part.length;
    ends[row] = length;
  });
  if (length > RANGES.idBytes[1])
    throw new LanewiseError('unsupported', 'The ids of an index have at most 4 GiB in a file');
  const texts = new Uint8Array(length);
  parts.forEach((part, row) => {
    texts.set(part, ends[row]! - part.length);
  });
  return { ends, texts };
}

/**
 * Reads a file that lies in the engine's memory, at a multiple of 64 bytes, whose hash was checked. Every number, index and
 * length is held to what it must be. What is returned gives `memory` back.
 * @throws LanewiseError `artefact` naming what is wrong.
 */
export async function decodeGraphFile(engine: Engine, bytes: Uint8Array, memory: Disposable): Promise<GraphFile> {
  const { head, metric } = decodeHead(bytes);
  const { places, end, stride } = layoutOf(head);
  require(bytes.length === end, `it has ${bytes.length} bytes, expected ${end}: cut short or changed`);
  const section = <T>(
    type: new (buffer: ArrayBufferLike, at: number, length: number) => T,
    name: keyof typeof places,
  ) => {
    const { start, bytes: size } = places[name];
    const width = (type as unknown as { BYTES_PER_ELEMENT: number }).BYTES_PER_ELEMENT;
    return new type(bytes.buffer, bytes.byteOffset + start, size / width);
  };
  const { count, m } = head;
  const scope = engine.arena.scope();
  try {
    const arrays: GraphArrays = {
      vectors: section(Float32Array, 'vectors'),
      links: section(Int32Array, 'links'),
      upper: section(Int32Array, 'upper'),
      levels: section(Uint8Array, 'levels'),
      upperOffsets: scope.allocate('i32', count),
    };
    const present = section(Uint8Array, 'present');
    checkLevels(head, arrays, present);
    await checkVectors(arrays.vectors, head.dimension, stride);
    await checkLinks(head, arrays, present);
    const ids = decodeIds(head, present, section(Uint8Array, 'ids'), section(Uint8Array, 'texts'));
    const { dimension, efConstruction, efSearch, seed, added, entry, topLevel } = head;
    return {
      parameters: { metric, dimension, m, efConstruction, efSearch, seed },
      added,
      ids,
      arrays,
      count,
      entry,
      topLevel,
      [Symbol.dispose]: () => {
        scope[Symbol.dispose]();
        memory[Symbol.dispose]();
      },
    };
  } catch (error) {
    scope[Symbol.dispose]();
    throw error;
  }
}

function decodeHead(bytes: Uint8Array): { head: Head; metric: string } {
  require(bytes.length >= HEAD_BYTES, `it has ${bytes.length} bytes, and the head alone has ${HEAD_BYTES}`);
  // A copy: browsers' TextDecoder refuses shared memory.
  const copy = bytes.slice(0, HEAD_BYTES);
  require(new TextDecoder().decode(copy.subarray(0, 8)) === MAGIC, 'it is no index of Lanewise');
  const view = new DataView(copy.buffer);
  const version = view.getUint32(8, true);
  require(version === VERSION, `it has version ${version}, and this Lanewise reads version ${VERSION}`);
  const metric = METRICS[view.getUint32(12, true)];
  if (!metric) throw damaged(`it has metric ${view.getUint32(12, true)}, which there is not`);
  const head = Object.fromEntries(
    HEAD.map((name, index) => {
      const value = view.getFloat64(NUMBERS_AT + 8 * index, true);
      const [least, most] = RANGES[name];
      require(Number.isInteger(value) && value >= least && value <= most, `its ${name} is ${value}`);
      return [name, value];
    }),
  ) as Head;
  require(head.idKind === 1 || head.idBytes === 0, 'it has texts of ids that are numbers');
  require(copy.subarray(NUMBERS_AT + 8 * HEAD.length).every((byte) => byte === 0), 'its head does not end in zeros');
  return { head, metric };
}

const isPresent = (present: Uint8Array, row: number) => ((present[row >> 3]! >> (row & 7)) & 1) === 1;

/** Levels, where the lists of each row begin, and the entry. */
function checkLevels(head: Head, { levels, upperOffsets }: GraphArrays, present: Uint8Array): void {
  let [at, top] = [0, -1];
  for (let row = 0; row < head.count; row++) {
    const level = levels[row]!;
    require(level <= MAX_LEVEL, `row ${row} has level ${level}`);
    upperOffsets[row] = at;
    at += level * head.m;
    if (level > top && isPresent(present, row)) top = level;
  }
  require(at ===
    head.upperLength, `its rows have ${at} links above the lowest level, its head says ${head.upperLength}`);
  if (top < 0) {
    require(head.entry === -1 && head.topLevel === 0, 'it has an entry but no rows');
    return;
  }
  const { entry } = head;
  const sound = entry >= 0 && entry < head.count && isPresent(present, entry) && levels[entry] === top;
  require(sound && head.topLevel === top, `its entry is row ${entry} on level ${head.topLevel}`);
}

async function checkVectors(vectors: Float32Array, dimension: number, stride: number): Promise<void> {
  const breather = new Breather();
  for (let at = 0; at < vectors.length; at += stride) {
    let length = 0;
    for (let j = at; j < at + dimension; j++) length += vectors[j]! * vectors[j]!;
    // NaN is not.
    require(length <= 1.5e36, `row ${at / stride} has numbers that cannot be`);
    for (let j = at + dimension; j < at + stride; j++) require(vectors[j] === 0, `row ${at / stride} is too long`);
    if (at % (64 * stride) === 0) await breather.breathe();
  }
}

async function checkLinks(head: Head, arrays: GraphArrays, present: Uint8Array): Promise<void> {
  const { count, m } = head;
  const { links, upper, upperOffsets, levels } = arrays;
  const checkList = (lists: Int32Array, at: number, slots: number, row: number, level: number) => {
    let ended = false;
    for (let slot = at; slot < at + slots; slot++) {
      const node = lists[slot]!;
      if (node === -1) {
        ended = true;
        continue;
      }
      const sound = !ended && node >= 0 && node < count && node !== row && levels[node]! >= level;
      require(sound && isPresent(present, node) && isPresent(present, row), `row ${row} links to ${node}`);
    }
  };
  const breather = new Breather();
  for (let row = 0; row < count; row++) {
    checkList(links, row * 2 * m, 2 * m, row, 0);
    for (let level = 1; level <= levels[row]!; level++) {
      checkList(upper, upperOffsets[row]! + (level - 1) * m, m, row, level);
    }
    if ((row & 255) === 255) await breather.breathe();
  }
}

function decodeIds(
  head: Head,
  present: Uint8Array,
  names: Uint8Array,
  texts: Uint8Array,
): (number | string | undefined)[] {
  const own = names.slice();
  const ids: (number | string)[] =
    head.idKind === 0
      ? Array.from(new Float64Array(own.buffer))
      : decodeTexts(new Uint32Array(own.buffer), texts.slice());
  const found = new Set<number | string>();
  return Array.from(ids, (id, row) => {
    if (!isPresent(present, row)) return undefined;
    require(typeof id === 'string' || Number.isFinite(id), `row ${row} has id ${id}`);
    require(!found.has(id), `two rows have the id ${id}`);
    found.add(id);
    return id;
  });
}

function decodeTexts(ends: Uint32Array, texts: Uint8Array): string[] {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let start = 0;
  const ids = Array.from(ends, (end, row) => {
    require(end >= start && end <= texts.length, `the id of row ${row} ends at byte ${end}`);
    const part = texts.subarray(start, end);
    start = end;
    try {
      return decoder.decode(part);
    } catch {
      throw damaged(`the id of row ${row} is no UTF-8`);
    }
  });
  require(start === texts.length, 'its ids end before their texts do');
  return ids;
}

function require(sound: boolean, otherwise: string): asserts sound {
  if (!sound) throw damaged(otherwise);
}

function damaged(why: string): LanewiseError {
  return new LanewiseError('artefact', why);
}
