import type { Table } from 'apache-arrow';
import { Breather } from '../engine/turn.js';
import { invalid, LanewiseError } from '../errors.js';
import { log } from '../kernels/elementary.js';
import { defineParameters } from '../parameters.js';
import type { TextReading } from '../scoring/program.js';
import { type Analysis, analyzers, norms, termsOf } from '../scoring/terms.js';
import { compareUtf8, readRegister } from '../table/columns.js';
import type { Repair, TransformerContext } from '../table/interfaces.js';
import { countMissing } from '../table/statistics.js';
import { defineTransformer, type FittedParts } from '../table/transformer.js';

/** What decides a text's terms; names and defaults are scikit-learn's. */
const analysis = defineParameters({
  analyzer: {
    type: 'choice',
    default: 'word',
    choices: analyzers,
    meaning: 'terms are words, runs of characters, or runs of characters within words (char_wb)',
  },
  ngramMin: { type: 'integer', default: 1, min: 1, max: 64, meaning: 'neighbours a term has at least' },
  ngramMax: { type: 'integer', default: 1, min: 1, max: 64, meaning: 'neighbours a term has at most' },
  lowercase: { type: 'boolean', default: true, meaning: 'upper and lower case are one' },
  stopWords: { type: 'texts', default: [], meaning: 'words that are no terms' },
});

const vocabulary = defineParameters({
  ...analysis,
  minDf: {
    type: 'number',
    default: 1,
    min: 0,
    meaning: 'texts a term occurs in at least: a number from 1 on, below 1 a share of the texts',
  },
  maxDf: {
    type: 'number',
    default: 1,
    min: 0,
    above: true,
    meaning: 'texts a term occurs in at most: up to 1 a share of the texts, above 1 a number',
  },
  maxFeatures: {
    type: 'integer',
    default: null,
    nullable: true,
    min: 1,
    meaning: 'at most so many terms, the most frequent; null: no limit',
  },
  binary: { type: 'boolean', default: false, meaning: 'a term counts once a text' },
});

/** Terms by count, weighed by how few texts have them: what scikit-learn's TfidfVectorizer makes. */
export const tfIdf = defineTransformer({
  name: 'tf-idf',
  meaning: 'texts become sparse vectors of terms, weighed by how few texts have them',
  readsTexts: true,
  declarations: defineParameters({
    ...vocabulary,
    sublinearTf: { type: 'boolean', default: false, meaning: 'a count becomes 1 + its logarithm' },
    useIdf: { type: 'boolean', default: true, meaning: 'terms are weighed by how few texts have them' },
    smoothIdf: { type: 'boolean', default: true, meaning: 'as if one more text had every term' },
    norm: { type: 'choice', default: 'l2', choices: norms, meaning: 'what each vector is divided by' },
  }),
  fit(table, context, { sublinearTf, useIdf, smoothIdf, norm, ...parameters }) {
    checkLengths('tf-idf', parameters);
    return readingEach(table, context, async (name) => {
      const found = await learnVocabulary(table, name, parameters, context.signal);
      const { terms, texts } = found;
      const rest = smoothIdf ? 1 : 0;
      const weight = ({ inTexts }: Term) => log((texts + rest) / (inTexts + rest)) + 1;
      return {
        ...readingOf(parameters, terms),
        sublinear: sublinearTf,
        norm,
        weights: useIdf ? Float64Array.from(terms, weight) : new Float64Array(0),
      };
    });
  },
});

/** Terms by count: what scikit-learn's CountVectorizer makes. */
export const termCounts = defineTransformer({
  name: 'term-counts',
  meaning: 'texts become sparse vectors: how often each term occurs',
  readsTexts: true,
  declarations: vocabulary,
  fit(table, context, parameters) {
    checkLengths('term-counts', parameters);
    return readingEach(table, context, async (name) =>
      readingOf(parameters, (await learnVocabulary(table, name, parameters, context.signal)).terms),
    );
  },
});

/** Terms by hash, so that nothing is learnt from the texts: what scikit-learn's HashingVectorizer makes. */
export const hashedTerms = defineTransformer({
  name: 'hashed-terms',
  meaning: 'texts become sparse vectors by hashing their terms: no vocabulary is learnt or kept',
  readsTexts: true,
  declarations: defineParameters({
    ...analysis,
    nFeatures: { type: 'integer', default: 262_144, min: 1, max: 16_777_216, meaning: 'columns that terms share' },
    binary: { type: 'boolean', default: false, meaning: 'a term counts once a text' },
    alternateSign: {
      type: 'boolean',
      default: true,
      meaning: 'half of the terms count negatively, so that clashes even out',
    },
    norm: { type: 'choice', default: 'l2', choices: norms, meaning: 'what each vector is divided by' },
  }),
  fit(table, context, { nFeatures, alternateSign, norm, ...parameters }) {
    checkLengths('hashed-terms', parameters);
    const reading = { ...readingOf(parameters, []), buckets: nFeatures, alternateSign, norm };
    return readingEach(table, context, async () => reading);
  },
});

function checkLengths(step: string, { ngramMin, ngramMax }: Analysis): void {
  if (ngramMin > ngramMax) throw invalid(`${step}.ngramMax`, `an integer >= ngramMin, ${ngramMin},`, ngramMax);
}

function readingOf(parameters: Analysis & { readonly binary: boolean }, terms: readonly Term[]): TextReading {
  const { analyzer, ngramMin, ngramMax, lowercase, stopWords, binary } = parameters;
  return {
    ...{ analyzer, ngramMin, ngramMax, lowercase, stopWords, binary },
    buckets: 0,
    alternateSign: false,
    sublinear: false,
    norm: 'none',
    vocabulary: terms.map(({ term }) => term),
    weights: new Float64Array(0),
  };
}

async function readingEach(
  table: Table,
  { columns }: TransformerContext,
  learn: (name: string) => Promise<TextReading>,
): Promise<FittedParts> {
  const readings = new Map<string, TextReading>();
  for (const name of columns) readings.set(name, await learn(name));
  return {
    lower(builder) {
      for (const [name, reading] of readings) builder.define({ ...builder.columns.get(name)!, type: 'text', reading });
    },
    report: [...readings].flatMap(([name, reading]) => report(table, name, reading)),
  };
}

function report(table: Table, name: string, { analyzer, ngramMin, ngramMax, buckets, vocabulary }: TextReading) {
  const lengths = ngramMin === ngramMax ? `${ngramMin}` : `${ngramMin} to ${ngramMax}`;
  const what = analyzer === 'word' ? 'words' : 'characters';
  const count = buckets > 0 ? `${buckets} columns of hashed terms` : `${vocabulary.length} terms`;
  const repairs: Repair[] = [
    { what: 'read as terms', column: name, rows: table.numRows, detail: `${count} of ${lengths} ${what}` },
  ];
  const missing = countMissing(readRegister(table, name).values);
  if (missing > 0) repairs.push({ what: 'missing texts taken as empty', column: name, rows: missing });
  return repairs;
}

interface Term {
  readonly term: string;
  /** How many texts have it, and how often it occurs in all of them. */
  inTexts: number;
  inAll: number;
}

type Choice = Analysis & { readonly minDf: number; readonly maxDf: number; readonly maxFeatures: number | null };

/** The terms of a column that are frequent, and rare, enough, by UTF-8 bytes. @throws LanewiseError `data` for none. */
async function learnVocabulary(
  table: Table,
  name: string,
  choice: Choice,
  signal: AbortSignal | undefined,
): Promise<{ terms: Term[]; texts: number }> {
  const { minDf, maxDf, maxFeatures } = choice;
  const texts = table.numRows;
  const all = await countTerms(table, name, choice, signal);
  const least = minDf < 1 ? minDf * texts : minDf;
  const most = maxDf <= 1 ? maxDf * texts : maxDf;
  let terms = all.filter(({ inTexts }) => inTexts >= least && inTexts <= most);
  if (maxFeatures !== null && terms.length > maxFeatures) {
    const byFrequency = (a: Term, b: Term) => b.inAll - a.inAll || compareUtf8(a.term, b.term);
    terms = terms.sort(byFrequency).slice(0, maxFeatures);
  }
  if (terms.length > 0) return { terms: terms.sort((a, b) => compareUtf8(a.term, b.term)), texts };
  const why = all.length === 0 ? 'its texts have none' : `none of its ${all.length} is within minDf and maxDf`;
  throw new LanewiseError('data', `Expected terms in column "${name}" but ${why}`, {
    column: name,
    hint: 'Words have two letters or more; analyzer: char reads single characters too.',
  });
}

async function countTerms(
  table: Table,
  name: string,
  choice: Choice,
  signal: AbortSignal | undefined,
): Promise<Term[]> {
  const { values, labels = [] } = readRegister(table, name);
  const rowsOf = new Uint32Array(labels.length);
  for (let row = 0; row < values.length; row++) if (!Number.isNaN(values[row])) rowsOf[values[row]!]!++;
  const stopWords = new Set(choice.stopWords);
  const counts = new Map<string, Term>();
  const breather = new Breather();
  for (const [code, rows] of rowsOf.entries()) {
    if (rows === 0) continue;
    const seen = new Set<string>();
    for (const term of termsOf(labels[code]!, choice, stopWords)) {
      let entry = counts.get(term);
      if (!entry) counts.set(term, (entry = { term, inTexts: 0, inAll: 0 }));
      entry.inAll += rows;
      if (seen.has(term)) continue;
      seen.add(term);
      entry.inTexts += rows;
    }
    if (code % 64 === 63) await breather.breathe(signal);
  }
  return [...counts.values()];
}
