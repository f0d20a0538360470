import { randomUUID } from 'node:crypto';
import { unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from '../engine/engine.js';
import { LanewiseError } from '../errors.js';
import type { RegisterColumn } from '../table/columns.js';
import type { Missing } from './cells.js';
import { typedColumn } from './columns-of-text.js';
import type { CsvReader, CsvText } from './csv.js';
import type { CsvScan } from './csv-scan.js';
import { type Duck, literal, readChunks, withDuckdb } from './duckdb-node.js';

/** DuckDB gives up on longer records; papaparse takes such files. */
const LONGEST_RECORD = 16_000_000;
const TIMESTAMP =
  '\\d{4}-\\d\\d-\\d\\d([ T]([01]\\d|2[0-3]):\\d\\d(:\\d\\d(\\.\\d{1,6})?)?(Z|[+-]\\d\\d(:?\\d\\d)?)?)?';
/** Rows that tell at little cost which columns are no numbers: casts that fail are slow. */
const SAMPLE_ROWS = 1000;
/** DuckDB plans a query in more than linear time. */
const COLUMNS_PER_QUERY = 64;

/** The DuckDB reader for a file. */
export function duckdbReader(path: string, engine: Engine): { name: string; read: CsvReader } {
  return {
    name: 'duckdb',
    async read(text) {
      const { bytes, scan, asInFile } = text;
      if (scan.longestRecord > LONGEST_RECORD) return `a row of ${scan.longestRecord} bytes is too long for it`;
      const file = asInFile ? path : join(tmpdir(), `lanewise-${randomUUID()}.csv`);
      try {
        if (!asInFile) await writeFile(file, bytes, { flag: 'wx' });
        return await withDuckdb((duck) => readColumns(duck, file, text, engine));
      } catch (error) {
        if (error instanceof LanewiseError) throw error;
        return String((error as Error).message).split('\n')[0]!;
      } finally {
        if (!asInFile) await unlink(file).catch(() => undefined);
      }
    },
  };
}

/** The reason, where DuckDB found other rows than our scan did. */
async function readColumns(
  duck: Duck,
  file: string,
  { scan, delimiter, names, missing }: CsvText,
  engine: Engine,
): Promise<RegisterColumn[] | string> {
  await duck.run(loadStatement(file, delimiter, names.length, scan, missing));
  const [[rows, rejects]] = (await duck.rows(
    'SELECT (SELECT count(*) FROM cells)::DOUBLE, (SELECT count(*) FROM reject_errors)::DOUBLE',
  )) as [[number, number]];
  if (rows !== scan.rowCount || rejects > 0) return `it found ${rows} rows of ${scan.rowCount} and rejected ${rejects}`;
  const plans = await planColumns(duck, names, missing);
  const expressions = plans.map((plan) => plan.expression);
  const scope = engine.arena.scope();
  const targets = plans.map((plan) => (plan.dtype === 'i32' ? new Int32Array(rows) : scope.allocate('f64', rows)));
  try {
    await readChunks(duck, `SELECT ${expressions.join(', ')} FROM cells`, targets);
  } catch (error) {
    scope[Symbol.dispose]();
    throw error;
  }
  return plans.map((plan, index) => plan.finish(targets[index]!));
}

function loadStatement(
  file: string,
  delimiter: string,
  width: number,
  { newlines, longestRecord }: CsvScan,
  missing: Missing,
): string {
  const columns = Array.from({ length: width }, (_, i) => `'c${i}': 'VARCHAR'`).join(', ');
  const longest = Math.max(2_097_152, 2 * longestRecord);
  const options = [
    'auto_detect = false',
    'header = true',
    `delim = ${literal(delimiter)}`,
    `quote = '"', escape = '"'`,
    `new_line = '${newlines === 2 ? '\\r\\n' : '\\n'}'`,
    `columns = {${columns}}`,
    `nullstr = [${[...missing].map(literal).join(', ')}]`,
    'store_rejects = true',
    `max_line_size = ${longest}, buffer_size = ${longest * 16}`,
  ];
  return `CREATE TABLE cells AS SELECT * FROM read_csv(${literal(file)}, ${options.join(', ')})`;
}

/** How a column is fetched, and what is made of what comes. */
interface Plan {
  readonly dtype: 'f64' | 'i32';
  readonly expression: string;
  readonly finish: (values: Float64Array | Int32Array) => RegisterColumn;
}

async function planColumns(duck: Duck, names: readonly string[], missing: Missing): Promise<Plan[]> {
  const numeric = await numericColumns(duck, names.length);
  const plans: Plan[] = [];
  for (const [index, name] of names.entries()) {
    if (numeric[index]) plans.push(numberPlan(name, `c${index}`));
    else if (await isTimestamp(duck, `c${index}`)) plans.push(timestampPlan(name, `c${index}`));
    else plans.push(await codedPlan(duck, name, `c${index}`, missing));
  }
  return plans;
}

/**
 * Is every cell that is there a number? DuckDB also takes underscores, which our rule does not; cells that begin with
 * white space or with 0 and a digit are looked at one by one (see typedColumn).
 */
async function numericColumns(duck: Duck, width: number): Promise<boolean[]> {
  const test = (i: number) => {
    const cell = `c${i}`;
    const plain = `try_cast(${cell} AS DOUBLE) IS NOT NULL AND NOT contains(${cell}, '_')`;
    const all = `bool_and(${plain} AND ${cell} >= '!' AND NOT (${cell} >= '00' AND ${cell} < '0:'))`;
    return `coalesce(${all} FILTER (WHERE ${cell} IS NOT NULL), true)`;
  };
  const among = async (columns: readonly number[], limit: string): Promise<number[]> => {
    const found: number[] = [];
    for (let start = 0; start < columns.length; start += COLUMNS_PER_QUERY) {
      const some = columns.slice(start, start + COLUMNS_PER_QUERY);
      const source = `(SELECT ${some.map((i) => `c${i}`).join(', ')} FROM cells${limit})`;
      const [row] = await duck.rows(`SELECT ${some.map(test).join(', ')} FROM ${source}`);
      found.push(...some.filter((_, index) => row![index]));
    }
    return found;
  };
  const all = Array.from({ length: width }, (_, i) => i);
  const likely = await among(all, ` LIMIT ${SAMPLE_ROWS}`);
  const numeric = new Set(await among(likely, ''));
  return all.map((column) => numeric.has(column));
}

function numberPlan(name: string, cell: string): Plan {
  return {
    dtype: 'f64',
    expression: `coalesce(try_cast(${cell} AS DOUBLE), 'nan'::DOUBLE)`,
    finish: (values) => ({ name, type: 'number', values: values as Float64Array }),
  };
}

async function isTimestamp(duck: Duck, cell: string): Promise<boolean> {
  const test = `regexp_full_match(${cell}, '${TIMESTAMP}') AND try_cast(${cell} AS TIMESTAMPTZ) IS NOT NULL`;
  const among = async (source: string) => {
    const [[all]] = (await duck.rows(
      `SELECT coalesce(bool_and(${test}) FILTER (WHERE ${cell} IS NOT NULL), true) FROM ${source}`,
    )) as [[boolean]];
    return all;
  };
  return (await among(`(SELECT ${cell} FROM cells WHERE ${cell} IS NOT NULL LIMIT 100)`)) && (await among('cells'));
}

function timestampPlan(name: string, cell: string): Plan {
  const micros = `epoch_us(try_cast(${cell} AS TIMESTAMPTZ))`;
  return {
    dtype: 'f64',
    expression: `coalesce(floor(${micros}::DOUBLE / 1000), 'nan'::DOUBLE)`,
    finish: (values) => ({ name, type: 'timestamp', values: values as Float64Array }),
  };
}

/** Everything else by its distinct texts: an ENUM, whose codes come as they lie. */
async function codedPlan(duck: Duck, name: string, cell: string, missing: Missing): Promise<Plan> {
  const type = `t_${cell}`;
  await duck.run(
    `CREATE TYPE ${type} AS ENUM (SELECT DISTINCT ${cell} FROM cells WHERE ${cell} IS NOT NULL ORDER BY ${cell})`,
  );
  const texts = (await duck.rows(`SELECT unnest(enum_range(NULL::${type}))::VARCHAR`)).map(([text]) => text as string);
  return {
    dtype: 'i32',
    expression: `coalesce(enum_code(${cell}::${type})::INTEGER, -1)`,
    finish: (codes) => typedColumn({ name, codes: codes as Int32Array, texts }, missing),
  };
}
