import type { Table } from 'apache-arrow';
import { invalid, unknownName } from '../errors.js';
import { countCopy } from './adopt.js';
import type { Scope } from './arena.js';
import type { Engine } from './engine.js';
import { plainNumbers, writeNumbers } from './numbers.js';

/** Columns of f64 in the engine's memory, missing as NaN: what models compute on. Kernels take `column.byteOffset`. */
export class Matrix implements Disposable {
  readonly names: readonly string[];
  readonly columns: readonly Float64Array[];
  readonly rowCount: number;
  readonly #scope: Scope;

  constructor(names: readonly string[], columns: readonly Float64Array[], rowCount: number, scope: Scope) {
    this.names = names;
    this.columns = columns;
    this.rowCount = rowCount;
    this.#scope = scope;
  }

  /** Gives back what was copied; columns that lay in the arena stay. */
  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }
}

/**
 * Numeric columns of a table. A Float64 column of one chunk without nulls that lies in the arena is used where it lies;
 * every other is copied once, and counted. Null becomes NaN, booleans 0 and 1, timestamps milliseconds.
 * @throws LanewiseError `data` for a column that is not there, `engine` for a copy in strict mode.
 */
export function matrixOfTable(engine: Engine, table: Table, names: readonly string[]): Matrix {
  return makeMatrix(engine, names, table.numRows, (name, scope) => {
    const vector = table.getChild(name);
    if (!vector) {
      const known = table.schema.fields.map((field) => String(field.name));
      throw unknownName('column', name, known, 'data');
    }
    const lying = plainNumbers(vector);
    if (lying && engine.arena.holds(lying)) return lying;
    const copy = allocateCounted(engine, scope, vector.length, name);
    writeNumbers(vector, copy);
    return copy;
  });
}

/** As `matrixOfTable`, of arrays; those that lie in the arena are used where they lie. */
export function matrixOfArrays(
  engine: Engine,
  arrays: readonly Float64Array[],
  names: readonly string[] = arrays.map((_, index) => `x${index}`),
): Matrix {
  const rowCount = arrays[0]?.length ?? 0;
  let index = 0;
  return makeMatrix(engine, names, rowCount, (name, scope) => {
    const array = arrays[index++]!;
    if (array.length !== rowCount) throw invalid(`the length of ${name}`, `${rowCount}`, array.length);
    if (engine.arena.holds(array)) return array;
    const copy = allocateCounted(engine, scope, rowCount, name);
    copy.set(array);
    return copy;
  });
}

function allocateCounted(engine: Engine, scope: Scope, rows: number, name: string): Float64Array {
  countCopy(engine, 8 * rows, `column "${name}"`);
  return scope.allocate('f64', rows);
}

function makeMatrix(
  engine: Engine,
  names: readonly string[],
  rowCount: number,
  place: (name: string, scope: Scope) => Float64Array,
): Matrix {
  const scope = engine.arena.scope();
  try {
    const columns = names.map((name) => place(name, scope));
    return new Matrix(names, columns, rowCount, scope);
  } catch (error) {
    scope[Symbol.dispose]();
    throw error;
  }
}
