import { damaged } from './forest.js';

/** The `key=value` lines of a part of a model.txt. */
export type Fields = ReadonlyMap<string, string>;

/** A model.txt taken apart, its numbers not yet read. */
export interface LightGbmText {
  readonly header: Fields;
  readonly trees: readonly Fields[];
  /** `[name: value]` lines: what the model was trained with. */
  readonly parameters: Fields;
  /** The categories of each categorical column of the data frame, by code; null where there was none. */
  readonly pandasCategorical: unknown;
}

const PANDAS = 'pandas_categorical:';

/** @throws LanewiseError `file` where the file ends early or names a tree out of turn. */
export function parseLightGbm(text: string): LightGbmText {
  const lines = text.split(/\r?\n/);
  const header = new Map<string, string>();
  const trees: Map<string, string>[] = [];
  const parameters = new Map<string, string>();
  let pandasCategorical: unknown = null;
  let part: 'header' | 'trees' | 'end' | 'parameters' = 'header';
  for (const line of lines) {
    if (line.startsWith('Tree=') && (part === 'header' || part === 'trees')) {
      if (Number(line.slice(5)) !== trees.length) throw damaged(`Tree ${trees.length} is missing: "${shorten(line)}"`);
      trees.push(new Map());
      part = 'trees';
    } else if (line === 'end of trees') part = 'end';
    else if (line === 'parameters:' && part === 'end') part = 'parameters';
    else if (line === 'end of parameters') part = 'end';
    else if (part === 'parameters') {
      const match = /^\[([^:\]]+): ?(.*)\]$/.exec(line);
      if (match) parameters.set(match[1]!, match[2]!);
    } else if (line.startsWith(PANDAS)) pandasCategorical = parsePandas(line.slice(PANDAS.length));
    else if (part !== 'end') addField(part === 'header' ? header : trees.at(-1)!, line);
  }
  if (part !== 'end') throw damaged('Expected the line "end of trees" of a LightGBM model but the file ends before it');
  return { header, trees, parameters, pandasCategorical };
}

function addField(fields: Map<string, string>, line: string): void {
  const at = line.indexOf('=');
  // A flag such as average_output stands alone.
  if (line.trim() !== '') fields.set(at < 0 ? line.trim() : line.slice(0, at), at < 0 ? '' : line.slice(at + 1));
}

function parsePandas(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw damaged(`Expected lists of categories in pandas_categorical but received "${shorten(text)}"`);
  }
}

/** The numbers of a field, `count` of them. */
export function numbersOf(fields: Fields, name: string, count: number, where: string): Float64Array {
  const words = wordsOf(fields, name);
  if (words.length !== count)
    throw damaged(`Expected ${count} values of ${name} in ${where} but it has ${words.length}`);
  return Float64Array.from(words, (word) => numberOf(word, `${name} of ${where}`));
}

/** As `numbersOf`, of whole numbers in [least, most]. */
export function integersOf(
  fields: Fields,
  name: string,
  count: number,
  where: string,
  [least, most]: readonly [number, number],
): Float64Array {
  const values = numbersOf(fields, name, count, where);
  for (const value of values) {
    if (Number.isInteger(value) && value >= least && value <= most) continue;
    throw damaged(`Expected whole numbers in [${least}, ${most}] for ${name} of ${where} but received ${value}`);
  }
  return values;
}

export function wordsOf(fields: Fields, name: string): string[] {
  const text = fields.get(name)?.trim() ?? '';
  return text === '' ? [] : text.split(/\s+/);
}

/** One whole number of the file. */
export function countOf(fields: Fields, name: string, where: string, least: number, most: number): number {
  return integersOf(fields, name, 1, where, [least, most])[0]!;
}

function numberOf(word: string, where: string): number {
  const value = /^[-+]?inf(inity)?$/i.test(word) ? (word.startsWith('-') ? -Infinity : Infinity) : Number(word);
  if (Number.isNaN(value)) throw damaged(`Expected a number for ${where} but received "${shorten(word)}"`);
  return value;
}

export function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
