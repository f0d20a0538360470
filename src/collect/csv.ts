import { invalid, LanewiseError } from '../errors.js';
import { type RegisterColumn, tableFromRegisters } from '../table/columns.js';
import type { Collected } from '../table/interfaces.js';
import { type Missing, missingSet } from './cells.js';
import { readWithPapaparse } from './csv-papaparse.js';
import { type CsvScan, canonicalCsv, decodeText, scanCsv } from './csv-scan.js';
import { sniffDialect } from './dialect.js';
import { columnNames } from './names.js';

/** Parses the data records of a text that has been scanned; a text instead: why this reader cannot, and another shall. */
export type CsvReader = (text: CsvText) => Promise<RegisterColumn[] | string>;

/** A text whose records were found. */
export interface CsvText {
  readonly bytes: Uint8Array;
  readonly scan: CsvScan;
  readonly delimiter: string;
  readonly names: readonly string[];
  readonly missing: Missing;
  /** true: the file itself holds this text (perhaps compressed, perhaps behind a byte order mark). */
  readonly asInFile: boolean;
}

export interface CsvOptions {
  /** One character; default: the one of `,` `;` tab `|` that fits best. */
  readonly delimiter?: string;
  /** Texts that stand for a missing cell, beside the usual ones (missingTokens): '?', '-'. */
  readonly missing?: readonly string[];
}

const SAMPLE_BYTES = 1 << 17;

/**
 * Reads a delimited text with a header. Records are found by our own scan, so that every reader quarantines the same
 * rows; cells are then split and converted by `fast`, or by papaparse where there is none, it cannot, or `passOver` says that it is not worth it.
 * @throws LanewiseError `data` naming the file where there is no header or no row.
 */
export async function readCsvBytes(
  file: string,
  source: Uint8Array,
  options: CsvOptions = {},
  fast?: { name: string; read: CsvReader },
  passOver: (text: CsvText) => boolean = () => false,
): Promise<Omit<Collected, 'hash'>> {
  const { bytes: text, notes: encodingNotes } = toUtf8(source);
  const { delimiter: given } = options;
  if (given !== undefined && !/^[\t -~]$/.test(given)) throw invalid('delimiter', 'one ASCII character', given);
  const delimiter = given ?? sniffDialect(decodeText(text.subarray(0, SAMPLE_BYTES))).delimiter;
  const { bytes, scan } = await scanned(file, text, delimiter);
  const { names, notes } = columnNames(scan.header);
  const asInFile = bytes === text && encodingNotes.length === 0;
  const content = { bytes, scan, delimiter, names, missing: missingSet(options.missing), asInFile };
  const quick = passOver(content) ? undefined : fast;
  const read = quick ? await quick.read(content) : [];
  const refused = typeof read === 'string' ? [`${quick!.name} did not read it, papaparse did: ${read}`] : [];
  const isQuick = quick !== undefined && refused.length === 0;
  const columns = isQuick ? (read as RegisterColumn[]) : await readWithPapaparse(content);
  return {
    table: tableFromRegisters(columns),
    quarantine: scan.quarantine,
    reader: isQuick ? quick.name : 'papaparse',
    sourceRows: scan.sourceRows,
    lineOffsets: scan.lineOffsets,
    notes: [...encodingNotes, ...notes, ...refused],
  };
}

async function scanned(file: string, text: Uint8Array, delimiter: string) {
  const isUtf8 = await utf8Check();
  const first = await scanCsv(text, delimiter, file, isUtf8);
  if (first.header.length === 0) {
    throw new LanewiseError('data', `Expected a header and rows in ${file} but the file is empty`, { file });
  }
  if (!first.headerIsText) {
    throw new LanewiseError('data', `Expected text in UTF-8 but the header of ${file} is not in UTF-8`, {
      file,
      line: 1,
      hint: 'Write the file as UTF-8; one that is not text needs another format',
    });
  }
  if (first.rowCount === 0 && first.quarantine.length > 0) {
    const { line, reason } = first.quarantine[0]!;
    throw new LanewiseError('data', `Expected rows in ${file} but none can be read: line ${line}: ${reason}`, {
      file,
      line,
      hint: `The header has the cells ${first.header.slice(0, 8).join(' | ')}; the delimiter was taken to be ${JSON.stringify(delimiter)}`,
    });
  }
  if (first.rowCount === 0) {
    throw new LanewiseError('data', `Expected rows below the header of ${file} but there are none`, { file });
  }
  return first.canonical ? { bytes: text, scan: first } : canonicalCsv(text, delimiter, file, isUtf8);
}

/** UTF-16 is recognised by its byte order mark and transcoded; that of UTF-8 is taken off. */
function toUtf8(bytes: Uint8Array): { bytes: Uint8Array; notes: string[] } {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return { bytes: bytes.subarray(3), notes: [] };
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : null;
  if (encoding === null) return { bytes, notes: [] };
  const text = new TextDecoder(encoding).decode(bytes);
  return { bytes: new TextEncoder().encode(text), notes: [`the file is ${encoding.toUpperCase()} and was transcoded`] };
}

/** Node's own check is many times faster than decoding. */
async function utf8Check(): Promise<(bytes: Uint8Array) => boolean> {
  const { isUtf8 } = await import('node:buffer').catch(() => ({ isUtf8: undefined }));
  if (isUtf8) return isUtf8;
  const decoder = new TextDecoder('utf-8', { fatal: true });
  return (bytes) => {
    try {
      decoder.decode(bytes);
      return true;
    } catch {
      return false;
    }
  };
}
