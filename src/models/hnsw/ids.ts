import { LanewiseError } from '../../errors.js';

/** What a row is called: numbers or texts, all of one kind within an index. */
export type RowId = number | string;

/** Names of rows, by row and back. */
export class RowIds {
  readonly #ids: (RowId | undefined)[] = [];
  readonly #rows = new Map<RowId, number>();
  #kind: 'number' | 'string' | undefined;

  get size(): number {
    return this.#rows.size;
  }

  get kind(): 'number' | 'string' {
    return this.#kind ?? 'number';
  }

  rowOf(id: RowId): number | undefined {
    return this.#rows.get(id);
  }

  /** The id of a row that is present. */
  at(row: number): RowId {
    return this.#ids[row]!;
  }

  has(row: number): boolean {
    return this.#ids[row] !== undefined;
  }

  set(row: number, id: RowId): void {
    this.#kind ??= typeof id as 'number' | 'string';
    this.#ids[row] = id;
    this.#rows.set(id, row);
  }

  remove(row: number): void {
    this.#rows.delete(this.#ids[row]!);
    this.#ids[row] = undefined;
    if (this.#rows.size === 0) this.#kind = undefined;
  }

  /** @throws LanewiseError `data` for an id of another kind, one that is there already, or one given twice. */
  checkNew(ids: readonly RowId[]): void {
    const kind = this.#kind ?? (typeof ids[0] as 'number' | 'string');
    const seen = new Set<RowId>();
    ids.forEach((id, index) => {
      if (
        typeof id !== kind ||
        (typeof id !== 'string' && !Number.isFinite(id)) ||
        (typeof id === 'string' && !isWellFormed(id))
      ) {
        const wanted = kind === 'string' ? 'texts' : 'finite numbers';
        throw new LanewiseError('data', `Expected ${wanted} for ids but received ${show(id)} at place ${index + 1}`, {
          row: index + 1,
          hint: 'The ids of an index are all numbers or all texts.',
        });
      }
      if (seen.has(id) || this.#rows.has(id)) {
        const where = this.#rows.has(id) ? 'is in the index already' : 'is given twice';
        throw new LanewiseError('data', `Expected new ids but ${show(id)}, at place ${index + 1}, ${where}`, {
          row: index + 1,
          hint: 'Delete the row first to replace it.',
        });
      }
      seen.add(id);
    });
  }
}

/** A lone surrogate has no UTF-8 and would not come back from a file. */
function isWellFormed(text: string): boolean {
  return !/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/.test(text);
}

export function show(id: unknown): string {
  return typeof id === 'string' ? JSON.stringify(id).slice(0, 80) : String(id);
}
