import { compareUtf8 } from '../../table/columns.js';
import { BitBudget, checkLabelCount, damaged, type ExchangeFeature, isAscii, unsupported } from './forest.js';
import type { ImportOptions } from './imported.js';
import { at, type Json, listAt, numbersAt } from './json-fields.js';

/** Codes are below this in XGBoost, so that an f32 holds them. */
const MOST = 1 << 24;

/** The columns of an XGBoost model, with the labels of those that are categories. */
export interface XgboostColumns {
  readonly features: readonly ExchangeFeature[];
  /** By feature: places of the labels by code. */
  readonly codes: readonly (ReadonlyMap<number, number> | undefined)[];
  readonly bits: BitBudget;
}

/** Labels come from `options`, the file, or else the codes that stand in the trees. */
export function readColumns(learner: Json, model: Json, count: number, options: ImportOptions): XgboostColumns {
  const given = at(learner, 'feature_names') === undefined ? [] : listAt(learner, 'feature_names', 'learner');
  if (given.length !== 0 && given.length !== count) {
    throw damaged(`Expected ${count} feature_names but received ${given.length}`);
  }
  const trees = listAt(model, 'trees', 'model');
  const used = trees.length > 0 ? usedCategories(trees, count) : new Map<number, Set<number>>();
  const types = at(learner, 'feature_types') === undefined ? [] : listAt(learner, 'feature_types', 'learner');
  types.forEach((type, feature) => {
    if (type === 'c' && feature < count && !used.has(feature)) used.set(feature, new Set());
  });
  const codes: (ReadonlyMap<number, number> | undefined)[] = Array.from({ length: count }, () => undefined);
  const features = Array.from({ length: count }, (_, index): ExchangeFeature => {
    const name = given.length > 0 ? String(given[index]) : `f${index}`;
    const found = used.get(index);
    if (!found) return { name, type: 'number' };
    const own = Object.hasOwn(options.categories ?? {}, name) ? options.categories![name] : encodedLabels(model, index);
    const texts = own
      ? own.map((label, code) => [code, label] as const)
      : [...found].sort((a, b) => a - b).map((code) => [code, String(code)] as const);
    checkLabelCount(name, texts.length);
    const sorted = texts.map(([, label]) => label).sort(compareUtf8);
    if (new Set(sorted).size !== sorted.length) throw damaged(`Expected distinct categories of "${name}"`);
    const places = new Map(sorted.map((label, place) => [label, place]));
    codes[index] = new Map(texts.map(([code, label]) => [code, places.get(label)!]));
    return { name, type: 'category', labels: sorted };
  });
  if (new Set(features.map(({ name }) => name)).size !== count) throw damaged('Expected distinct feature_names');
  return { features, codes, bits: new BitBudget() };
}

/** The codes that stand in the trees, by feature. */
function usedCategories(trees: readonly Json[], count: number): Map<number, Set<number>> {
  const used = new Map<number, Set<number>>();
  trees.forEach((tree, index) => {
    if (at(tree, 'categories_nodes') === undefined) return;
    const splits = numbersAt(tree, 'split_indices', `tree ${index}`);
    for (const [node, set] of categorySets(tree, `tree ${index}`)) {
      const feature = splits[node];
      if (feature === undefined || !(feature < count)) continue;
      const codes = used.get(feature) ?? new Set();
      used.set(feature, codes);
      for (const code of set) codes.add(code);
    }
  });
  return used;
}

/** By node: the codes that go right. */
export function categorySets(tree: Json, where: string): Map<number, Float64Array> {
  if (at(tree, 'categories_nodes') === undefined) return new Map();
  const categories = numbersAt(tree, 'categories', where);
  const nodes = numbersAt(tree, 'categories_nodes', where);
  const begins = numbersAt(tree, 'categories_segments', where, nodes.length);
  const lengths = numbersAt(tree, 'categories_sizes', where, nodes.length);
  const sets = new Map<number, Float64Array>();
  let end = 0;
  nodes.forEach((node, i) => {
    const [begin, length] = [begins[i]!, lengths[i]!];
    // One after the other, so that what is read is no more than what is there.
    if (begin !== end || !(length >= 0) || begin + length > categories.length) {
      throw damaged(`Expected the categories of node ${node} of ${where} within its ${categories.length}`);
    }
    end = begin + length;
    sets.set(node, categories.subarray(begin, end));
  });
  if (categories.some((code) => !(Number.isInteger(code) && code >= 0 && code < MOST))) {
    throw damaged(`Expected categories in [0, ${MOST}) in ${where}`);
  }
  return sets;
}

/** XGBoost 3.1 keeps the categories of a data frame: texts as bytes with offsets, or whole numbers. */
function encodedLabels(model: Json, feature: number): string[] | undefined {
  const encoded = at(at(model, 'cats'), 'enc');
  const column = Array.isArray(encoded) ? (encoded as Json[])[feature] : undefined;
  if (column === undefined) return undefined;
  const where = `the categories of feature ${feature}`;
  const values = numbersAt(column, 'values', where);
  if (at(column, 'offsets') === undefined) return values.length > 0 ? Array.from(values, String) : undefined;
  const offsets = numbersAt(column, 'offsets', where);
  if (offsets.length < 2) return undefined;
  for (let i = 1; i < offsets.length; i++) {
    if (!(offsets[i - 1]! >= 0 && offsets[i]! >= offsets[i - 1]!))
      throw damaged(`The offsets of ${where} do not ascend`);
  }
  const bytes = Uint8Array.from(values, (value) => value & 255);
  if (offsets.at(-1)! > bytes.length) throw damaged(`The offsets of ${where} lie outside of its ${bytes.length} bytes`);
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true });
    return Array.from({ length: offsets.length - 1 }, (_, i) =>
      decoder.decode(bytes.subarray(offsets[i]!, offsets[i + 1]!)),
    );
  } catch {
    throw unsupported(
      `The labels of feature ${feature} were written wrongly: XGBoost's Python package counts characters for bytes`,
      'Name them at import: `categories` by column, in the order of the codes.',
    );
  }
}

/** Where cutting at wrong places happens to give texts, nobody can see it. */
export function miscountedNotes(features: readonly ExchangeFeature[], { categories = {} }: ImportOptions): string[] {
  return features
    .filter(({ name, labels }) => !Object.hasOwn(categories, name) && labels?.some((label) => !isAscii(label)))
    .map(
      ({ name }) =>
        `XGBoost's Python package may have cut labels of "${name}" wrongly, as some are not ASCII: look at them.`,
    );
}
