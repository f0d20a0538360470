import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { type Document, isMap, isPair, isScalar, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { LanewiseError, nearest } from '../errors.js';
import { splitKinds } from '../evaluate/recommendation/index.js';

/**
 * The workflow file: three lines suffice (source, target, ignore), everything else has a default that the run record
 * spells out. Paths are relative to the file. A key that is not here is an error with file, line, column and the nearest
 * key that is.
 */
const date = z
  .union([z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'expected a date, YYYY-MM-DD'), z.date()])
  .transform((value) => (typeof value === 'string' ? value : value.toISOString().slice(0, 10)));
const share = z.number().gt(0).lt(1);
/** A step or a model by its name alone, or with parameters: `- impute: { strategy: mean, columns: [age] }`. */
const entry = z.union([z.string(), z.record(z.string(), z.unknown())]);

const keys = z.strictObject({
  name: z
    .string()
    .regex(/^[a-zA-Z0-9][a-zA-Z0-9_-]*$/, 'expected letters, digits, - and _')
    .optional()
    .describe("names the run and the model; default: the file's folder"),
  source: z
    .strictObject({
      csv: z.string().optional().describe('a CSV file, also gzipped; dialect and types are found out'),
      tsv: z.string().optional().describe('a file with tabs between the cells'),
      parquet: z.string().optional().describe('a Parquet file'),
      arrow: z.string().optional().describe('an Arrow IPC file or stream'),
    })
    .refine((source) => Object.keys(source).length === 1, 'expected exactly one of csv, tsv, parquet, arrow')
    .describe('where the rows come from: one of these, relative to this file'),
  note: z.string().optional().describe('what a reader of the report should know about the data or the question'),
  target: z.string().min(1).optional().describe('the column to predict; a recommendation has user and item instead'),
  task: z
    .enum(['classification', 'regression', 'ranking', 'recommendation'])
    .optional()
    .describe('default: classification of labels, booleans and few whole numbers, else regression'),
  user: z.string().min(1).optional().describe('recommendation: the column of who met something'),
  item: z.string().min(1).optional().describe('recommendation: the column of what was met'),
  rating: z
    .string()
    .min(1)
    .optional()
    .describe('recommendation: how they liked it; absent: that they met is all that is known'),
  weight: z.string().min(1).optional().describe('recommendation: how much an event counts; default: 1 each'),
  lists: z
    .strictObject({
      k: z.int().min(1).max(1000).default(10).describe('length of the lists that are scored'),
      relevant_from: z
        .number()
        .optional()
        .describe('lists are to find what was rated so high; default: all that was met'),
    })
    .prefault({})
    .describe('recommendation: what is asked of the lists'),
  group: z
    .string()
    .optional()
    .describe('the column whose rows of one value belong together: no split cuts them; ranking orders them'),
  ignore: z.array(z.string().min(1)).default([]).describe('columns that are not known when the prediction is needed'),
  contract: z.string().optional().describe('a data contract (YAML) that every row is held to'),
  time: z.string().optional().describe('the column that orders the rows in time'),
  split: z
    .strictObject({
      train: date.optional().describe('last day (included) of the rows learnt from'),
      test: z
        .union([date, share])
        .default(0.2)
        .describe('last day (included) of the test rows, or a share of the rows learnt from, drawn at random'),
      live: z
        .union([date, z.number().min(0).lt(1)])
        .default(0.2)
        .describe(
          'last day (included) of the live rows, or a share: the last by time, else drawn at random; recommendation: 0 for none',
        ),
      by: z
        .enum(splitKinds)
        .optional()
        .describe('recommendation: what tests; default: random with ratings, else leave-one-out (the latest by time)'),
      folds: z
        .string()
        .optional()
        .describe(
          'recommendation: a file with a column `test`, 1 where a row tests, a line a data row; nothing is live then',
        ),
    })
    .prefault({})
    .describe('rows to learn from, to test on, and those that stand for what comes in later'),
  prepare: z.array(entry).optional().describe('repairs, in order; default: those that suit any table'),
  features: z.array(entry).optional().describe('features, in order; default: timestamps become their parts'),
  models: z
    .array(entry)
    .optional()
    .describe('models to compare; default: one or two of each kind that can do the task'),
  compare: z
    .strictObject({
      folds: z.int().min(2).max(50).default(5).describe('folds of the cross-validation'),
      metric: z
        .string()
        .optional()
        .describe(
          "what ranks, by scikit-learn's scorer name; recommendation: ndcg, map, mrr, recall, …; default: by the task",
        ),
    })
    .prefault({}),
  train: z
    .strictObject({ validation: share.default(0.15).describe('share of the training rows that stops training') })
    .prefault({}),
  tune: z
    .strictObject({
      trials: z.int().min(1).max(10_000).default(20).describe("trials in all, the defaults' one included"),
      folds: z.int().min(2).max(50).default(3).describe('folds of a trial'),
      model: z.string().optional().describe('the model to tune; default: the recommended one'),
    })
    .prefault({}),
  gate: z
    .strictObject({
      rule: z
        .enum(['better', 'not-worse'])
        .default('better')
        .describe("a challenger takes the champion's place if it is better beyond chance, or if it is not worse"),
      minimum_score: z
        .number()
        .optional()
        .describe("below it (scikit-learn's sign: greater is better) nothing is deployed, and the exit code is 3"),
    })
    .prefault({}),
  deploy: z
    .strictObject({
      name: z.string().optional().describe("the model's name in the registry; default: the run's"),
      rows: z.int().min(1).max(10_000).default(100).describe('test rows that the served model is asked for'),
    })
    .prefault({}),
  monitor: z
    .strictObject({
      psi: z.number().gt(0).default(0.25).describe('PSI from which drift is large; moderate from two fifths of it'),
      alpha: z.number().gt(0).lt(1).default(0.01).describe('significance of the adjusted p'),
    })
    .prefault({}),
  seed: z.int().min(0).default(0).describe('key of all randomness'),
  backend: z.enum(['auto', 'native', 'wasm', 'reference']).default('auto').describe('what computes'),
  threads: z.int().min(1).max(49).optional().describe('default: all cores'),
});

/** Keys that only a recommendation has, and those that it has not. */
const ofRecommendations = ['user', 'item', 'rating', 'weight'] as const;
const ofRows = ['target', 'group', 'prepare', 'features'] as const;

export const workflowSchema = keys.superRefine((settings, context) => {
  const refuse = (key: string, code: 'missing' | 'foreign') => {
    const message = code === 'missing' ? MISSING : `expected no such key for ${settings.task ?? 'this task'}`;
    context.addIssue({ code: 'custom', path: key.split('.'), message });
  };
  const isRecommendation = settings.task === 'recommendation';
  for (const key of isRecommendation ? (['user', 'item'] as const) : (['target'] as const))
    if (settings[key] === undefined) refuse(key, 'missing');
  for (const key of isRecommendation ? ofRows : ofRecommendations)
    if (settings[key] !== undefined) refuse(key, 'foreign');
  for (const key of ['by', 'folds'] as const)
    if (!isRecommendation && settings.split[key] !== undefined) refuse(`split.${key}`, 'foreign');
});

/** The message of an issue that is told as a missing value. */
const MISSING = 'missing';

export type WorkflowSettings = z.output<typeof workflowSchema>;

export interface Workflow extends WorkflowSettings {
  readonly name: string;
  /** The column to predict; of a recommendation the items. */
  readonly target: string;
  /** Absolute path of the YAML file. */
  readonly file: string;
  /** Absolute path of the data. */
  readonly data: string;
}

/**
 * Reads and checks a workflow file.
 * @throws LanewiseError `file` where it cannot be read, `usage` with line and column where it is not what it should be.
 */
export function readWorkflow(path: string): Workflow {
  const file = resolve(path);
  const lines = new LineCounter();
  const document = parseDocument(readText(path, file), { lineCounter: lines, prettyErrors: true });
  const broken = document.errors[0];
  if (broken) {
    const { line, col } = lines.linePos(broken.pos[0]);
    const message = `${path}:${line}:${col}: not YAML: ${broken.message.split('\n')[0]}`;
    throw new LanewiseError('usage', message, { file: path, line, column: col });
  }
  const checked = workflowSchema.safeParse(document.toJS() ?? {});
  if (!checked.success) {
    const { issues } = checked.error;
    // A misspelt key is why the right one seems to be missing.
    const first = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0]!;
    throw workflowError(path, document, lines, first);
  }
  const settings = checked.data;
  const data = resolve(dirname(file), Object.values(settings.source).find((value) => value !== undefined)!);
  const contract = settings.contract && resolve(dirname(file), settings.contract);
  const folds = settings.split.folds && resolve(dirname(file), settings.split.folds);
  const split = { ...settings.split, ...(folds && { folds }) };
  const target = settings.target ?? settings.item!;
  return { ...settings, split, target, name: settings.name ?? defaultName(file), file, data, contract };
}

const HINT =
  'A workflow file starts with two lines: source: { csv: data.csv } and target: COLUMN; a recommendation has task: recommendation, user: COLUMN and item: COLUMN.';

function defaultName(file: string): string {
  const folder = basename(dirname(file))
    .replaceAll(/[^a-z0-9_-]/gi, '-')
    .replace(/^[-_]+/, '');
  return folder || 'workflow';
}

function readText(path: string, file: string): string {
  try {
    if (!statSync(file).isDirectory()) return readFileSync(file, 'utf8');
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code;
    throw new LanewiseError('file', `Expected a workflow file at ${path} but it cannot be read: ${reason}`, {
      file: path,
      cause,
      hint: HINT,
    });
  }
  throw new LanewiseError('file', `Expected a workflow file but ${path} is a directory`, { file: path });
}

interface Place {
  readonly line?: number;
  readonly column?: number;
}

/** A zod issue in the house's words, with the place in the file. */
function workflowError(path: string, document: Document, lines: LineCounter, issue: z.core.$ZodIssue): LanewiseError {
  const keys = issue.path.map(String);
  if (issue.code === 'unrecognized_keys')
    return unknownKey(path, placeOf(document, lines, [...keys, issue.keys[0]!]), keys, issue.keys[0]!);
  const place = placeOf(document, lines, keys);
  const value = keys.length > 0 ? document.getIn(keys) : undefined;
  const isMissing = issue.code === 'invalid_type' || (issue.code === 'custom' && issue.message === MISSING);
  if (isMissing && keys.length > 0 && (value === undefined || value === null)) return missingKey(path, place, keys);
  const received = value === undefined || value === null ? 'nothing' : JSON.stringify(value).slice(0, 80);
  const message = issue.message.charAt(0).toLowerCase() + issue.message.slice(1);
  return new LanewiseError(
    'usage',
    `${at(path, place)}: ${message} for "${keys.join('.') || 'the file'}"; received ${received}`,
    {
      ...place,
      file: path,
    },
  );
}

function missingKey(path: string, place: Place, keys: readonly string[]): LanewiseError {
  return new LanewiseError('usage', `${at(path, place)}: Expected a value for "${keys.join('.')}" but there is none`, {
    ...place,
    file: path,
    hint: HINT,
  });
}

function unknownKey(path: string, place: Place, keys: readonly string[], wrong: string): LanewiseError {
  const known = keysAt(keys);
  const near = nearest(wrong, known);
  const where = keys.length > 0 ? ` in "${keys.join('.')}"` : '';
  const message = `${at(path, place)}: Unknown key "${wrong}"${where}${near ? `: did you mean "${near}"?` : ''}`;
  return new LanewiseError('usage', message, { ...place, file: path, hint: `There are: ${known.join(', ')}` });
}

/** The keys that the schema knows at a path. */
function keysAt(path: readonly string[]): string[] {
  let schema = unwrap(workflowSchema);
  for (const key of path) schema = unwrap(schema?.shape?.[key]);
  return Object.keys(schema?.shape ?? {});
}

interface Shaped {
  readonly shape?: Readonly<Record<string, unknown>>;
  readonly def?: { readonly innerType?: unknown };
}

/** What stands inside optional, default and prefault. */
function unwrap(schema: unknown): Shaped | undefined {
  let inner = schema as Shaped | undefined;
  while (inner?.def?.innerType) inner = inner.def.innerType as Shaped;
  return inner;
}

function placeOf(document: Document, lines: LineCounter, path: readonly string[]): Place {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const key of path) {
    if (!isMap(node)) break;
    const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === key);
    if (!pair) break;
    offset = (pair.key as { range?: [number, number, number] }).range?.[0];
    node = pair.value;
  }
  if (offset === undefined) return {};
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}

const at = (path: string, place: Place) => (place.line ? `${path}:${place.line}:${place.column}` : path);
