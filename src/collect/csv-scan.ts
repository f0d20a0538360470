import { turnEventLoop } from '../engine/turn.js';
import type { LineOffset, QuarantinedRow } from '../table/interfaces.js';

/** What a CSV file is made of, found in one pass over its bytes, before any reader sees it. */
export interface CsvScan {
  /** The header's cells, as written, quotes resolved. */
  readonly header: readonly string[];
  /** false: the header is not UTF-8, or holds NUL bytes: the file is no text. */
  readonly headerIsText: boolean;
  /** Byte at which the first data record begins. */
  readonly dataStart: number;
  /** Records that are well formed, header not counted. */
  readonly rowCount: number;
  readonly quarantine: readonly QuarantinedRow[];
  /** Number (from 0) of each well-formed record among all data records; undefined where nothing was quarantined. */
  readonly sourceRows: Uint32Array | undefined;
  /** Where the lines of data records stop being their number (from 0) plus the last of these: from which record on, and by how much. */
  readonly lineOffsets: readonly LineOffset[];
  /** true: any reader that follows RFC 4180 finds the same records in these bytes. */
  readonly canonical: boolean;
  /** The ends of lines in use, as a bit set: 1 is \n, 2 is \r\n, 4 is \r. */
  readonly newlines: number;
  /** Bytes of the longest record. */
  readonly longestRecord: number;
  /** Starts of some records, about 4 MiB apart: places where the text may be cut. */
  readonly cuts: readonly number[];
}

const [LF, CR, QUOTE] = [10, 13, 34];
const CUT_BYTES = 1 << 22;
/** Scanned in about 20 ms. */
const TURN_BYTES = 1 << 23;
const MAX_UNCLOSED = 20;

/** Oddities of a record, as a bit set. */
const ODD_QUOTE = 1; // a quote inside an unquoted cell: literal, but readers differ
const AFTER_QUOTE = 2; // text after a closing quote
const NUL = 4;
const UNCLOSED = 8; // a quote is open at the end of the file

interface RawRecord {
  start: number;
  /** Exclusive, without the end of line. */
  end: number;
  /** Where the next record begins. */
  next: number;
  fields: number;
  flags: number;
  newline: number;
  lines: number;
}

/** Reads one record of well-defined extent. Reused object: no allocation a record. */
function readRecord(bytes: Uint8Array, start: number, delimiter: number, record: RawRecord): void {
  const end = bytes.length;
  let [i, fields, flags, lines] = [start, 1, 0, 1];
  record.newline = 0;
  scan: for (;;) {
    if (i < end && bytes[i] === QUOTE) {
      for (i++; ; i++) {
        if (i >= end) {
          flags |= UNCLOSED;
          break scan;
        }
        const c = bytes[i]!;
        if (c > QUOTE) continue;
        if (c === LF || (c === CR && bytes[i + 1] !== LF)) lines++;
        else if (c === 0) flags |= NUL;
        else if (c === QUOTE) {
          if (bytes[i + 1] !== QUOTE) break;
          i++;
        }
      }
      i++;
      if (i < end && bytes[i] !== delimiter && bytes[i] !== LF && bytes[i] !== CR) flags |= AFTER_QUOTE;
    }
    for (; i < end; i++) {
      const c = bytes[i]!;
      if (c > QUOTE ? c !== delimiter : c !== delimiter && c !== LF && c !== CR && c !== QUOTE && c !== 0) continue;
      if (c === QUOTE) flags |= ODD_QUOTE;
      else if (c === 0) flags |= NUL;
      else break;
    }
    if (i < end && bytes[i] === delimiter) {
      fields++;
      i++;
      continue;
    }
    break;
  }
  record.start = start;
  record.end = i;
  record.fields = fields;
  record.flags = flags;
  record.lines = lines;
  if (i >= end) record.next = i;
  else if (bytes[i] === LF) [record.newline, record.next] = [1, i + 1];
  else if (bytes[i + 1] === LF) [record.newline, record.next] = [2, i + 2];
  else [record.newline, record.next] = [4, i + 1];
}

/** Leaves only the first line of a record whose quote is never closed, so that the lines behind it are read. */
function cutToLine(bytes: Uint8Array, record: RawRecord): void {
  let i = record.start;
  while (i < bytes.length && bytes[i] !== LF && bytes[i] !== CR) i++;
  record.end = i;
  record.next = i < bytes.length ? i + (bytes[i] === CR && bytes[i + 1] === LF ? 2 : 1) : i;
  record.newline = record.next - record.end === 2 ? 2 : 1;
  record.lines = 1;
}

/** A receiver of the records of a file that are well formed, in order. */
type Accept = (record: Readonly<RawRecord>) => void;

/**
 * Splits a CSV text, UTF-8 without byte order mark, into records. A record goes to quarantine when its number of cells
 * is not the header's, when it has text behind a closing quote, an open quote at the end, a NUL byte, or bytes that are
 * not UTF-8. Blank lines are skipped.
 */
export async function scanCsv(
  bytes: Uint8Array,
  delimiter: string,
  file: string,
  isUtf8: (bytes: Uint8Array) => boolean,
  accept?: Accept,
): Promise<CsvScan> {
  const delimiterByte = delimiter.charCodeAt(0);
  const quarantine: QuarantinedRow[] = [];
  const quarantinedRecords: number[] = [];
  const cuts: number[] = [];
  const lineOffsets: LineOffset[] = [];
  const allUtf8 = isUtf8(bytes);
  const record: RawRecord = { start: 0, end: 0, next: 0, fields: 0, flags: 0, newline: 0, lines: 0 };
  let header: readonly string[] | undefined;
  let [position, line, records, newlines, longestRecord, nextCut, unclosed] = [0, 1, 0, 0, 0, 0, 0];
  let [canonical, headerIsText, dataStart] = [true, true, bytes.length];
  let nextTurn = TURN_BYTES;
  while (position < bytes.length) {
    if (position >= nextTurn) {
      await turnEventLoop();
      nextTurn = position + TURN_BYTES;
    }
    readRecord(bytes, position, delimiterByte, record);
    if (record.flags & UNCLOSED && ++unclosed <= MAX_UNCLOSED) cutToLine(bytes, record);
    const lineOfRecord = line;
    position = record.next;
    line += record.lines;
    newlines |= record.newline;
    if (record.end === record.start) {
      canonical = false;
      continue;
    }
    if (header === undefined) {
      header = splitRecord(bytes, record, delimiterByte);
      dataStart = position;
      headerIsText = isUtf8(bytes.subarray(record.start, record.end)) && (record.flags & NUL) === 0;
      if (record.flags !== 0) canonical = false;
      continue;
    }
    // Blank lines and line ends inside quotes: else every record is a line further down.
    if (lineOfRecord - records !== (lineOffsets.at(-1)?.[1] ?? 2)) lineOffsets.push([records, lineOfRecord - records]);
    const reason = fault(record, header.length) ?? (allUtf8 ? undefined : encodingFault(bytes, record, isUtf8));
    if (reason !== undefined) {
      quarantine.push({ file, line: lineOfRecord, reason, text: excerpt(bytes, record) });
      quarantinedRecords.push(records++);
      continue;
    }
    records++;
    if (record.flags !== 0) canonical = false;
    longestRecord = Math.max(longestRecord, record.next - record.start);
    if (record.start >= nextCut) {
      cuts.push(record.start);
      nextCut = record.start + CUT_BYTES;
    }
    accept?.(record);
  }
  const rowCount = records - quarantine.length;
  return {
    header: header ?? [],
    headerIsText,
    dataStart,
    rowCount,
    quarantine,
    sourceRows: quarantine.length > 0 ? without(records, quarantinedRecords) : undefined,
    lineOffsets,
    canonical: canonical && quarantine.length === 0 && (newlines === 1 || newlines === 2 || newlines === 0),
    newlines,
    longestRecord,
    cuts,
  };
}

/** Where the last record that is surely whole ends, in a text that may go on. */
export function endOfRecords(bytes: Uint8Array, delimiter: string): number {
  const record: RawRecord = { start: 0, end: 0, next: 0, fields: 0, flags: 0, newline: 0, lines: 0 };
  const delimiterByte = delimiter.charCodeAt(0);
  let end = 0;
  while (end < bytes.length) {
    readRecord(bytes, end, delimiterByte, record);
    // A \r at the very end may be half of an end of line.
    if (record.newline === 0 || (record.newline === 4 && record.next === bytes.length)) break;
    end = record.next;
  }
  return end;
}

/** Header and well-formed records alone, in canonical form: lines end with \n, doubtful cells are quoted. */
export async function canonicalCsv(
  bytes: Uint8Array,
  delimiter: string,
  file: string,
  isUtf8: (bytes: Uint8Array) => boolean,
): Promise<{ bytes: Uint8Array; scan: CsvScan }> {
  const parts: Uint8Array[] = [];
  const encoder = new TextEncoder();
  const newline = encoder.encode('\n');
  const delimiterByte = delimiter.charCodeAt(0);
  const quoted = (cells: readonly string[]) =>
    encoder.encode(cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(delimiter));
  const scan = await scanCsv(bytes, delimiter, file, isUtf8, (record) => {
    if (record.flags !== 0) parts.push(quoted(splitRecord(bytes, record, delimiterByte)), newline);
    else parts.push(bytes.subarray(record.start, record.end), newline);
  });
  const head = quoted(scan.header);
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, head.length + 1));
  out.set(head);
  out[head.length] = LF;
  const dataStart = head.length + 1;
  let at = dataStart;
  const cuts: number[] = [];
  for (let i = 0; i < parts.length; i += 2) {
    if (cuts.length === 0 || at >= cuts.at(-1)! + CUT_BYTES) cuts.push(at);
    out.set(parts[i]!, at);
    at += parts[i]!.length;
    out[at++] = LF;
  }
  return { bytes: out, scan: { ...scan, dataStart, cuts, newlines: 1 } };
}

function fault(record: RawRecord, width: number): string | undefined {
  if (record.flags & UNCLOSED) return 'a quote is opened and never closed';
  if (record.flags & AFTER_QUOTE) return 'text follows a closing quote';
  if (record.flags & NUL) return 'the row holds a NUL byte';
  if (record.fields === width) return undefined;
  return `expected ${width} ${width === 1 ? 'cell' : 'cells'} as in the header but found ${record.fields}`;
}

function encodingFault(bytes: Uint8Array, record: RawRecord, isUtf8: (bytes: Uint8Array) => boolean) {
  return isUtf8(bytes.subarray(record.start, record.end)) ? undefined : 'the row is not valid UTF-8';
}

/** The cells of a record, quotes resolved. */
function splitRecord(bytes: Uint8Array, record: Readonly<RawRecord>, delimiter: number): string[] {
  const cells: string[] = [];
  const decode = (start: number, end: number) => decodeText(bytes.subarray(start, end));
  let i = record.start;
  for (;;) {
    let text = '';
    if (bytes[i] === QUOTE && i < record.end) {
      const start = ++i;
      while (i < record.end && !(bytes[i] === QUOTE && bytes[i + 1] !== QUOTE)) i += bytes[i] === QUOTE ? 2 : 1;
      text = decode(start, Math.min(i, record.end)).replaceAll('""', '"');
      i++;
    }
    const start = i;
    while (i < record.end && bytes[i] !== delimiter) i++;
    if (i > start) text += decode(start, i);
    cells.push(text);
    if (i >= record.end) return cells;
    i++;
  }
}

/** Broken UTF-8 becomes U+FFFD. */
export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function excerpt(bytes: Uint8Array, record: RawRecord): string {
  return decodeText(bytes.subarray(record.start, Math.min(record.end, record.start + 400))).slice(0, 200);
}

function without(count: number, left: readonly number[]): Uint32Array {
  const out = new Uint32Array(count - left.length);
  let [at, next] = [0, 0];
  for (let i = 0; i < count; i++) {
    if (left[next] === i) next++;
    else out[at++] = i;
  }
  return out;
}
