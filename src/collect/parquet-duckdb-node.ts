import type { Scope } from '../engine/arena.js';
import type { Engine } from '../engine/engine.js';
import type { RegisterColumn } from '../table/columns.js';
import type { Collected } from '../table/interfaces.js';
import { labelledColumn } from './columns-of-text.js';
import { type Duck, identifier, literal, readChunks, withDuckdb } from './duckdb-node.js';
import { parquetTable } from './parquet.js';

const MILLISECONDS = /^(TIMESTAMP|DATE)/;
const NUMBER = /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|UINTEGER|FLOAT|DOUBLE|DECIMAL.*)$/;

interface Plan {
  readonly name: string;
  readonly target: Float64Array | Int32Array;
  readonly expression: string;
  readonly finish: () => RegisterColumn;
}

/** Reads a Parquet file with DuckDB, numbers straight into the engine's memory. */
export async function readParquetWithDuckdb(path: string, engine: Engine): Promise<Omit<Collected, 'hash'>> {
  return withDuckdb(async (duck) => {
    const source = `read_parquet(${literal(path)}, binary_as_string = true)`;
    const described = (await duck.rows(`DESCRIBE SELECT * FROM ${source}`)) as [string, string][];
    const [[rowCount]] = (await duck.rows(`SELECT count(*)::DOUBLE FROM ${source}`)) as [[number]];
    const plans: Plan[] = [];
    const scope = engine.arena.scope();
    try {
      for (const [index, [name, type]] of described.entries()) {
        const plan = await planColumn(duck, source, { name, type, index, rowCount }, scope);
        if (plan) plans.push(plan);
      }
      const expressions = plans.map(({ expression }) => expression).join(', ');
      const targets = plans.map(({ target }) => target);
      if (plans.length > 0) await readChunks(duck, `SELECT ${expressions} FROM ${source}`, targets);
    } catch (error) {
      scope[Symbol.dispose]();
      throw error;
    }
    const names = described.map(([name]) => name);
    return parquetTable(
      path,
      plans.map((plan) => plan.finish()),
      names,
      rowCount,
      'duckdb',
    );
  });
}

async function planColumn(
  duck: Duck,
  source: string,
  column: { name: string; type: string; index: number; rowCount: number },
  scope: Scope,
): Promise<Plan | undefined> {
  const { name, type, index, rowCount } = column;
  const cell = identifier(name);
  const values = (kind: 'number' | 'boolean' | 'timestamp', expression: string): Plan => {
    const target = scope.allocate('f64', rowCount);
    return {
      name,
      target,
      expression: `coalesce(${expression}, 'nan'::DOUBLE)`,
      finish: () => ({ name, type: kind, values: target }),
    };
  };
  if (MILLISECONDS.test(type)) {
    return values(
      'timestamp',
      `floor(epoch_us(${cell}::TIMESTAMP${type.includes('TIME ZONE') ? 'TZ' : ''})::DOUBLE / 1000)`,
    );
  }
  if (NUMBER.test(type)) return values('number', `${cell}::DOUBLE`);
  if (type === 'BOOLEAN') return values('boolean', `${cell}::INTEGER::DOUBLE`);
  if (type !== 'VARCHAR' && !type.startsWith('ENUM') && type !== 'UUID') return undefined;
  const labels = `labels_${index}`;
  await duck.run(
    `CREATE TYPE ${labels} AS ENUM (SELECT DISTINCT ${cell}::VARCHAR AS t FROM ${source} WHERE ${cell} IS NOT NULL ORDER BY t)`,
  );
  const texts = (await duck.rows(`SELECT unnest(enum_range(NULL::${labels}))::VARCHAR`)).map(
    ([text]) => text as string,
  );
  const codes = new Int32Array(rowCount);
  return {
    name,
    target: codes,
    expression: `coalesce(enum_code(${cell}::VARCHAR::${labels})::INTEGER, -1)`,
    finish: () => labelledColumn({ name, codes, texts }),
  };
}
