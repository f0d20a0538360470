import { readFileSync } from 'node:fs';
import { type RegisterColumn, readRegister, tableFromRegisters } from '#lanewise/table/columns.js';
import type { Model } from '#lanewise/table/interfaces.js';
import { labelled } from '../../models/tree-data.js';

/** A model that another library saved, rows, and what that library predicts for them. */
export interface GoldenCase {
  readonly file: string;
  readonly columns: Readonly<Record<string, readonly (number | string | null)[]>>;
  /** Labels that the file does not give rightly, for `categories`. */
  readonly labels?: Readonly<Record<string, readonly string[]>>;
  /** By output, then row. */
  readonly predictions: readonly (readonly number[])[];
}

const folder = new URL('../../fixtures/exchange/', import.meta.url);

export const goldenCases: readonly GoldenCase[] = JSON.parse(
  readFileSync(new URL('golden.json', folder), 'utf8'),
).cases;

export function fixture(file: string): Uint8Array {
  return readFileSync(new URL(file, folder));
}

export function tableOf({ columns }: Pick<GoldenCase, 'columns'>) {
  return tableFromRegisters(
    Object.entries(columns).map(([name, cells]): RegisterColumn => {
      const texts = cells.some((cell) => typeof cell === 'string' && !/Infinity$/.test(cell));
      if (texts)
        return labelled(
          name,
          cells.map((cell) => (cell === null ? undefined : String(cell))),
        );
      return {
        name,
        type: 'number',
        values: Float64Array.from(cells, (cell) => (cell === null ? Number.NaN : Number(cell))),
      };
    }),
  );
}

/** The numbers that the other library gives: probabilities of a classifier (of two classes that of the second), else predictions. */
export async function scoresOf(model: Model, golden: GoldenCase): Promise<Float64Array[]> {
  const predicted = await model.predict(tableOf(golden));
  const { classes } = model;
  const names = classes
    ? classes.slice(classes.length === 2 ? 1 : 0).map((label) => `probability_${label}`)
    : model.program.outputs.map(({ name }) => name);
  return names.map((name) => readRegister(predicted, name).values);
}
