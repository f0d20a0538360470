import { readFileSync } from 'node:fs';
import type { Table } from 'apache-arrow';
import { compareUtf8, type RegisterColumn, readRegister, tableFromRegisters } from '#lanewise/table/columns.js';
import type { Model } from '#lanewise/table/interfaces.js';

/** A pseudo-random number in [0, 1) that depends on nothing but its arguments. */
export function noise(row: number, column: number): number {
  let state = Math.imul(row + 1, 0x9e3779b1) ^ Math.imul(column + 1, 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d);
  state = Math.imul(state ^ (state >>> 12), 0x297a2d39);
  return ((state ^ (state >>> 15)) >>> 0) / 4294967296;
}

export function numbers(name: string, rows: number, value: (row: number) => number): RegisterColumn {
  return { name, type: 'number', values: Float64Array.from({ length: rows }, (_, row) => value(row)) };
}

/** A column of labels; undefined is missing. */
export function labelled(name: string, texts: readonly (string | undefined)[]): RegisterColumn {
  const labels = [...new Set(texts.filter((text) => text !== undefined))].sort(compareUtf8);
  const codes = new Map(labels.map((label, code) => [label, code]));
  const values = Float64Array.from(texts, (text) => (text === undefined ? Number.NaN : codes.get(text)!));
  return { name, type: 'category', values, labels };
}

/** The taxi trips of March 2019: numbers, categories, gaps. `tolls` is whether any were paid. */
export function taxiTrips(): Table {
  const file = new URL('../../examples/nyc-taxi/data/taxis.csv', import.meta.url);
  const [header, ...lines] = readFileSync(file, 'utf8').trim().split(/\r?\n/);
  const names = header!.split(',');
  const cells = lines.map((line) => line.split(','));
  const column = (name: string) => cells.map((row) => row[names.indexOf(name)] || undefined);
  const number = (name: string) => {
    const texts = column(name);
    return numbers(name, texts.length, (row) => Number(texts[row] ?? Number.NaN));
  };
  const categories = ['color', 'pickup_zone', 'dropoff_zone', 'pickup_borough', 'dropoff_borough'];
  const tolls = column('tolls').map((text) => (Number(text) > 0 ? 'paid' : 'none'));
  return tableFromRegisters([
    ...['passengers', 'distance', 'fare'].map(number),
    ...categories.map((name) => labelled(name, column(name))),
    labelled('tolls', tolls),
  ]);
}

/** An output column of a model's predictions. */
export async function outputOf(model: Model, table: Table, name = 'prediction'): Promise<Float64Array> {
  return readRegister(await model.predict(table), name, model.program.outputs.find((o) => o.name === name)!.labels)
    .values;
}

export function rootMeanSquare(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! * values[i]!;
  return Math.sqrt(sum / values.length);
}

/** Area under the ROC curve of class 1. */
export function areaUnderCurve(targets: ArrayLike<number>, scores: Float64Array): number {
  const order = [...scores.keys()].sort((a, b) => scores[a]! - scores[b]!);
  let [ranks, positives] = [0, 0];
  for (let i = 0; i < order.length; ) {
    let j = i;
    while (j < order.length && scores[order[j]!] === scores[order[i]!]) j++;
    for (let k = i; k < j; k++) {
      if (targets[order[k]!] !== 1) continue;
      ranks += (i + j + 1) / 2;
      positives++;
    }
    i = j;
  }
  return (ranks - (positives * (positives + 1)) / 2) / (positives * (order.length - positives));
}
