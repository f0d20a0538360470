// The tree bench as a table, and as the page, figures and chart under docs/.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { barChart } from '../chart.mjs';
import { aligned, conditionsOf, markdown, megabytes, nameOf, ours, seconds } from '../suite.mjs';

/** Rows of one set and number of threads, with the ratio of the fit to the fastest peer's. */
function groups({ timed }) {
  const found = new Map();
  for (const row of timed) {
    const key = `${row.set}, ${row.threads} thread${row.threads > 1 ? 's' : ''}`;
    found.set(key, [...(found.get(key) ?? []), row]);
  }
  return [...found].map(([title, rows]) => {
    const best = (key) =>
      Math.min(...rows.filter(({ engine, [key]: value }) => !ours(engine) && value != null).map((row) => row[key]));
    const ratio = (row, key) =>
      ours(row.engine) && Number.isFinite(best(key)) && row[key] != null ? row[key] / best(key) : undefined;
    return {
      title,
      rows: rows.map((row) => ({
        ...row,
        fitRatio: ratio(row, 'fit'),
        boostingRatio: ratio(row, 'boosting'),
        predictRatio: ratio(row, 'predict'),
      })),
    };
  });
}

const times = (value) => (value === undefined ? '' : value.toFixed(2));

function timeLines(rows) {
  const metrics = Object.keys(rows[0].scores);
  const head = [
    'engine',
    'fit s',
    'median',
    'binning',
    'boosting',
    '÷ fastest peer',
    'predict s',
    '÷',
    'one row µs',
    'peak MB',
    'added MB',
    ...metrics,
  ];
  const body = rows.map((row) => [
    nameOf(row.engine),
    seconds(row.fit),
    seconds(row.fitMedian),
    seconds(row.binning),
    seconds(row.boosting),
    times(row.fitRatio),
    seconds(row.predict),
    times(row.predictRatio),
    seconds(row.one),
    megabytes(row.memory),
    megabytes(row.memoryAdded),
    ...metrics.map((name) => row.scores[name].toPrecision(5)),
  ]);
  return [head, ...body];
}

/** Mean and standard deviation over the seeds; mean and standard error of the paired difference to each peer. */
function scoreLines({ scored }) {
  const lines = [['set', 'metric', 'engine', 'seeds', 'mean', '± s.d.', 'Lanewise − it', '± s.e.']];
  for (const set of new Set(scored.map((row) => row.set))) {
    const rows = scored.filter((row) => row.set === set);
    const mine = rows.find(({ engine }) => ours(engine));
    for (const metric of Object.keys(rows[0].scores[0])) {
      for (const { engine, seeds, scores } of rows) {
        const values = scores.map((one) => one[metric]);
        const differences = mine && !ours(engine) ? mine.scores.map((one, i) => one[metric] - values[i]) : undefined;
        const shown = (list) => (list ? list.mean.toPrecision(4) : '');
        const spread = (list, key) => (list && seeds > 1 ? list[key].toPrecision(2) : '');
        const [mean, difference] = [summary(values), differences && summary(differences)];
        lines.push([
          set,
          metric,
          ours(engine) ? 'Lanewise' : engine,
          String(seeds),
          mean.mean.toPrecision(6),
          spread(mean, 'deviation'),
          shown(difference),
          spread(difference, 'error'),
        ]);
      }
    }
  }
  return lines;
}

function summary(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1);
  return { mean, deviation: Math.sqrt(variance), error: Math.sqrt(variance / values.length) };
}

const WHAT =
  '100 rounds, 31 leaves, learning rate 0.1, 255 bins, at least 20 rows a leaf (XGBoost has no such limit: the hessian that 20 rows have at the start stands in; CatBoost only ends at nodes of fewer rows, and at depth 16), no regularisation, from the constant of least loss (CatBoost from even chances, if of several classes), one Newton step a leaf, no sampling, no early stopping. Fit is binning and boosting, from columns in memory; scikit-learn does not tell them apart.';

/** Scores alone do not depend on what else the machine does. `note`: what was otherwise than now in an earlier report. */
function conditions({ note, ...report }) {
  const line =
    report.timed.length > 0
      ? conditionsOf(report, `Fastest of ${report.runs} trainings, each in a process of its own, engines in turns.`)
      : conditionsOf({ ...report, timed: report.scored }, `Scores of ${report.seeds} seeds, nothing timed.`);
  return note ? `${line} ${note}` : line;
}

export function formatReport(report) {
  const tables = groups(report).flatMap(({ title, rows }) => ['', title, ...aligned(timeLines(rows))]);
  return [conditions(report), WHAT, ...tables, '', 'Scores', ...aligned(scoreLines(report))].join('\n');
}

/** Fit times as ratios to the fastest peer, one small panel a set. */
function chart(report) {
  const bars = groups(report).flatMap(({ title, rows }) => {
    const best = Math.min(...rows.filter(({ engine }) => !ours(engine)).map(({ fit }) => fit));
    return rows.map((row) => ({
      group: title,
      engine: nameOf(row.engine),
      ratio: row.fit / best,
      whose: ours(row.engine) ? 'Lanewise' : 'peer',
    }));
  });
  return barChart(bars, 'fit time ÷ fastest peer');
}

/** What earlier runs measured and this one did not stays, under the conditions that it was measured in. */
function withEarlier(report, file) {
  const notAgain = (key) => {
    const again = new Set(report[key].map(({ set }) => set));
    return ({ set }) => !again.has(set);
  };
  const earlier = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
  const kept = earlier.map((one) => ({
    ...one,
    timed: one.timed.filter(notAgain('timed')),
    scored: one.scored.filter(notAgain('scored')),
  }));
  return [...kept.filter(({ timed, scored }) => timed.length + scored.length > 0), report];
}

export async function writeDocs(report, folder) {
  const reports = withEarlier(report, join(folder, 'bench-trees.json'));
  const all = { timed: reports.flatMap(({ timed }) => timed), scored: reports.flatMap(({ scored }) => scored) };
  const tables = reports
    .filter(({ timed }) => timed.length > 0)
    .flatMap((one) => [
      '',
      conditions(one),
      ...groups(one).flatMap(({ title, rows }) => ['', `## ${title}`, '', ...markdown(timeLines(rows))]),
    ]);
  const scoredAlone = reports.filter(({ timed }) => timed.length === 0).flatMap((one) => [conditions(one), '']);
  const page = [
    '# Trees beside their peers',
    '',
    WHAT,
    '',
    '![Fit time divided by the fastest peer’s, for each data set and number of threads](bench-trees.svg)',
    ...tables,
    '',
    '## Scores over seeds',
    '',
    'Another seed is another draw (HIGGS-like) or another split of four to one (real data). All backends and numbers of threads give the same bits, so Lanewise has one score. flights-375k: 375,000 rows of flights, drawn anew with each seed; scikit-learn holds sets of categories to no limits, Lanewise and LightGBM to the same.',
    '',
    ...scoredAlone,
    ...markdown(scoreLines(all)),
    '',
  ];
  writeFileSync(join(folder, 'bench-trees.md'), page.join('\n'));
  writeFileSync(join(folder, 'bench-trees.json'), `${JSON.stringify(reports, null, 2)}\n`);
  writeFileSync(join(folder, 'bench-trees.svg'), await chart(all));
}
