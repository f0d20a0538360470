import { LanewiseError } from '../errors.js';

/** Section ids of a WebAssembly module, core specification 5.5.2. */
const CUSTOM = 0;
const MEMORY = 5;
const CODE = 10;
const DATA = 11;
const DATA_COUNT = 12;
const PAGE = 65_536;

interface Section {
  readonly id: number;
  readonly content: Uint8Array;
}

/** What is written into the generic predict module. */
export interface Insertion {
  /** Bytes, and where in the module's memory they lie when it is instantiated. */
  readonly data: Uint8Array;
  readonly offset: number;
  readonly customName: string;
  readonly customText: string;
}

/**
 * A module with a data segment and a custom section added, and its memory's minimum raised so that the segment fits.
 * @throws LanewiseError `internal` where the module already has data: its own would lie where the program goes.
 */
export function extendModule(module: Uint8Array, insertion: Insertion): Uint8Array<ArrayBuffer> {
  const sections = readSections(module);
  if (sections.some(({ id }) => id === DATA || id === DATA_COUNT)) {
    throw new LanewiseError('internal', 'The predict module has static data of its own');
  }
  const end = insertion.offset + insertion.data.length;
  const parts: Uint8Array[] = [module.subarray(0, 8)];
  for (const section of sections) {
    if (section.id === CUSTOM) continue;
    parts.push(
      writeSection(section.id, section.id === MEMORY ? [raiseMemory(section.content, end)] : [section.content]),
    );
    if (section.id === CODE) parts.push(writeSection(DATA, dataSegment(insertion)));
  }
  const text = new TextEncoder();
  const name = text.encode(insertion.customName);
  parts.push(writeSection(CUSTOM, [unsigned(name.length), name, text.encode(insertion.customText)]));
  return concatenate(parts);
}

function readSections(module: Uint8Array): Section[] {
  const sections: Section[] = [];
  let at = 8;
  while (at < module.length) {
    const id = module[at]!;
    const [size, begin] = readUnsigned(module, at + 1);
    sections.push({ id, content: module.subarray(begin, begin + size) });
    at = begin + size;
  }
  return sections;
}

/** One memory: count, flags, minimum, then maybe a maximum. */
function raiseMemory(content: Uint8Array, end: number): Uint8Array {
  const [minimum, rest] = readUnsigned(content, 2);
  const pages = Math.max(minimum, Math.ceil(end / PAGE));
  return concatenate([content.subarray(0, 2), unsigned(pages), content.subarray(rest)]);
}

/** One active segment: memory 0, i32.const offset, end, bytes. */
function dataSegment({ data, offset }: Insertion): Uint8Array[] {
  return [
    unsigned(1),
    unsigned(0),
    Uint8Array.of(0x41),
    signed(offset),
    Uint8Array.of(0x0b),
    unsigned(data.length),
    data,
  ];
}

function writeSection(id: number, content: readonly Uint8Array[]): Uint8Array {
  const size = content.reduce((sum, part) => sum + part.length, 0);
  return concatenate([Uint8Array.of(id), unsigned(size), ...content]);
}

/** LEB128, unsigned. */
function unsigned(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest % 128) + (rest >= 128 ? 128 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Uint8Array.from(bytes);
}

/** LEB128, signed, of a value that is not negative: its last byte's sign bit stays clear. */
function signed(value: number): Uint8Array {
  const bytes = unsigned(value);
  if (bytes.at(-1)! < 64) return bytes;
  const longer = Uint8Array.of(...bytes, 0);
  longer[bytes.length - 1]! |= 128;
  return longer;
}

function readUnsigned(bytes: Uint8Array, at: number): [value: number, next: number] {
  let [value, scale, next] = [0, 1, at];
  for (;;) {
    const byte = bytes[next++]!;
    value += (byte % 128) * scale;
    if (byte < 128) return [value, next];
    scale *= 128;
  }
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
