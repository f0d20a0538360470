import type { Engine } from '../../../engine/engine.js';
import { Role } from '../../../engine/trees/spilled-rows.js';
import type { InputType } from '../../../scoring/program.js';
import { numericBins } from '../../binning/find-bins.js';
import type { FeatureBins } from '../../binning/index.js';
import { chunkRows, LARGEST_WORD } from '../../binning/sample.js';
import { type Binning, CategorySummary, NumericSummary } from '../../binning/summary.js';
import { EXACT_ROWS, HoldOut, holdOutWords } from '../hold-out.js';
import { heldLists } from '../lists.js';
import type { StreamBatch, StreamReader } from './stream.js';

/** What decides about the rows of a source before the first tree is grown. */
export interface SurveyOptions {
  readonly engine: Engine;
  readonly maxBins: number;
  readonly binning: Binning;
  readonly seed: number;
  /** Share of the rows that is held out; 0: none. */
  readonly validationFraction: number;
  /** Rows up to which none is held out. */
  readonly holdOutAbove: number;
  readonly byClass: boolean;
  /** Classes of weight 0, whose rows are as if they were not there. */
  readonly leftOut: ReadonlySet<string>;
  /** Refuses targets that the loss is not defined for. */
  readonly checkTarget?: (values: Float64Array, firstRow: number, name: string) => void;
  /** Sees every batch. */
  readonly onBatch?: (batch: StreamBatch) => void;
  readonly onRows?: (rows: number) => void;
}

/** What passes over all rows have told. */
export interface Survey {
  readonly rowCount: number;
  readonly bins: readonly FeatureBins[];
  readonly roles: Roles;
  readonly learnt: number;
  readonly followed: number;
  readonly weighted: boolean;
  /** Rows of weight above 0 by their targets, which of classes are codes by order of arrival. */
  readonly classCounts: ReadonlyMap<number, number>;
}

/** What each row is there for: a function of its number, its weight and its class. */
export class Roles {
  readonly #held: OfRows | undefined;
  readonly #weighs: OfRows;

  constructor(held: OfRows | undefined, weighs: OfRows) {
    this.#held = held;
    this.#weighs = weighs;
  }

  of(batch: Omit<StreamBatch, 'features'>): Uint8Array {
    const roles = new Uint8Array(batch.rowCount);
    const held = this.#held?.(batch);
    const weighs = this.#weighs(batch);
    for (let row = 0; row < roles.length; row++) {
      if (!weighs(row)) roles[row] = Role.left;
      else if (held?.(row)) roles[row] = Role.following;
    }
    return roles;
  }
}

/** Says something of the rows of a batch. */
type OfRows = (batch: Omit<StreamBatch, 'features'>) => (row: number) => boolean;

/** Which rows weigh something, by their own weight and that of their class. */
function weighsOf({ targets: [target] }: StreamReader, leftOut: ReadonlySet<string>): OfRows {
  return ({ targets, weights }) => {
    const codes = new Set<number>();
    if (leftOut.size > 0) {
      target!.arrived().forEach((label, code) => {
        if (leftOut.has(label)) codes.add(code);
      });
    }
    const classes = targets[0]!;
    return (row) => (!weights || weights[row]! > 0) && (codes.size === 0 || !codes.has(classes[row]!));
  };
}

/** Looks at all rows: once, and once more before that at their targets where some are to be held out. */
export async function survey(reader: StreamReader, options: SurveyOptions): Promise<Survey> {
  const weighs = weighsOf(reader, options.leftOut);
  const held = await (reader.groups ? findHeldLists : findHeld)(reader, options, weighs);
  const roles = new Roles(held, weighs);
  const summaries = reader.features.map(() => undefined) as (FeatureSummary | undefined)[];
  const classCounts = new Map<number, number>();
  const counts = { rows: 0, learnt: 0, followed: 0 };
  let weighted = false;
  for await (const batch of reader.batches()) {
    reader.targets.forEach(({ name }, t) => {
      options.checkTarget?.(batch.targets[t]!, batch.firstRow, name);
    });
    options.onBatch?.(batch);
    const rolesOf = roles.of(batch);
    const learnt = rowsWith(rolesOf, Role.learnt);
    const atMost = largestWanted(reader, summaries);
    const chunk = chunkRows(options.engine, options.seed, batch.firstRow, learnt, batch.weights, undefined, atMost);
    for (const [index, feature] of reader.features.entries()) {
      const values = batch.features[index]!;
      const summary = (summaries[index] ??= {
        numeric: new NumericSummary(feature.name, options.binning, options.maxBins),
        category: new CategorySummary(feature.name),
      });
      if (feature.type === 'category') summary.category.add(values, learnt, feature.labelCount, batch.weights);
      else summary.numeric.add({ values, type: feature.type as InputType }, chunk);
    }
    if (options.byClass) countClasses(classCounts, batch.targets[0]!, rolesOf);
    weighted ||= batch.weights !== undefined;
    counts.rows += batch.rowCount;
    counts.learnt += learnt.length;
    counts.followed += rowsWith(rolesOf, Role.following).length;
    options.onRows?.(counts.rows);
  }
  reader.checkTargets(counts.rows);
  const bins = await binsOf(reader, summaries as FeatureSummary[], options);
  const { rows: rowCount, learnt, followed } = counts;
  return { rowCount, bins, roles, learnt, followed, weighted, classCounts };
}

function countClasses(counts: Map<number, number>, targets: Float64Array, roles: Uint8Array): void {
  for (let row = 0; row < targets.length; row++) {
    if (roles[row] !== Role.left) counts.set(targets[row]!, (counts.get(targets[row]!) ?? 0) + 1);
  }
}

/** Rows with larger random words are in no column's sample any more. */
function largestWanted(reader: StreamReader, summaries: readonly (FeatureSummary | undefined)[]): number {
  let limit = 0;
  reader.features.forEach(({ type }, index) => {
    if (type !== 'category') limit = Math.max(limit, summaries[index]?.numeric.sample.limit ?? LARGEST_WORD);
  });
  return limit;
}

/** Only one of them is filled: which one, the first value says. */
interface FeatureSummary {
  readonly numeric: NumericSummary;
  readonly category: CategorySummary;
}

async function binsOf(
  reader: StreamReader,
  summaries: readonly FeatureSummary[],
  { engine }: SurveyOptions,
): Promise<FeatureBins[]> {
  const bins: FeatureBins[] = [];
  for (const [index, feature] of reader.features.entries()) {
    const { numeric, category } = summaries[index]!;
    if (feature.type === 'category') {
      const { column, codes } = feature.finish();
      bins.push(category.bins(column.labels!.length, codes));
    } else bins.push(...(await numericBins(engine, [numeric])));
  }
  return bins;
}

/** Who is held out. Where rows are many, that needs no look at them; where they are few, the share is exact. */
async function findHeld(reader: StreamReader, options: SurveyOptions, weighs: OfRows): Promise<OfRows | undefined> {
  const { validationFraction, holdOutAbove, byClass, seed } = options;
  if (validationFraction === 0) return undefined;
  const held = new HoldOut(validationFraction, byClass);
  let count = 0;
  for await (const batch of reader.batches(true)) {
    const { firstRow, rowCount, targets } = batch;
    const words = holdOutWords(seed, firstRow, rowCount);
    const present = Uint32Array.from({ length: rowCount }, (_, row) => row).filter(weighs(batch));
    count += present.length;
    held.add(
      Uint32Array.from(present, (row) => words[row]!),
      Float64Array.from(present, (row) => targets[0]![row]!),
    );
    // What follows would change nothing.
    if (count > EXACT_ROWS) break;
  }
  reader.restart();
  if (!(count > holdOutAbove && count > 1)) return undefined;
  return ({ firstRow, rowCount, targets: [target] }) => {
    const words = holdOutWords(seed, firstRow, rowCount);
    return (row) => held.takes(words[row]!, target![row]!);
  };
}

/** Whole lists. What is kept of each is its number of rows. */
async function findHeldLists(
  reader: StreamReader,
  options: SurveyOptions,
  weighs: OfRows,
): Promise<OfRows | undefined> {
  const { validationFraction, holdOutAbove, seed } = options;
  if (validationFraction === 0) return undefined;
  const sizes = new Map<number, number>();
  let count = 0;
  for await (const batch of reader.batches(true)) {
    const isPresent = weighs(batch);
    const groups = batch.groups!;
    for (let row = 0; row < groups.length; row++) {
      if (!isPresent(row)) continue;
      sizes.set(groups[row]!, (sizes.get(groups[row]!) ?? 0) + 1);
      count++;
    }
  }
  reader.restart();
  if (!(count > holdOutAbove && count > 1)) return undefined;
  const { codes } = reader.groups!.finish();
  const final = (group: number) => (codes ? codes[group]! : group);
  const lists = [...sizes.keys()].sort((a, b) => final(a) - final(b));
  const held = heldLists(
    lists.map((list) => sizes.get(list)!),
    validationFraction,
    seed,
  );
  const taken = new Set(lists.filter((_, index) => held.has(index)));
  return ({ groups }) =>
    (row) =>
      taken.has(groups![row]!);
}

/** The rows of a role, ascending. */
export function rowsWith(roles: Uint8Array, role: number, other = role): Uint32Array {
  const rows = new Uint32Array(roles.length);
  let count = 0;
  for (let row = 0; row < roles.length; row++) if (roles[row] === role || roles[row] === other) rows[count++] = row;
  return rows.slice(0, count);
}
