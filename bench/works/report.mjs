// A suite's report as a table, and as the page, figures and chart under docs/.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { barChart } from '../chart.mjs';
import { aligned, conditionsOf, markdown, megabytes, nameOf, ours, seconds } from '../suite.mjs';

/** Rows of one work and number of threads, with each phase's ratio to the fastest peer's. */
function groups({ timed }) {
  const found = new Map();
  for (const row of timed) {
    const key = `${row.title}, ${row.threads} thread${row.threads > 1 ? 's' : ''}`;
    found.set(key, [...(found.get(key) ?? []), row]);
  }
  return [...found].map(([title, rows]) => {
    const fastest = (phase) =>
      Math.min(...rows.filter(({ engine, least }) => !ours(engine) && phase in least).map(({ least }) => least[phase]));
    const ratio = (row, phase) => (ours(row.engine) ? row.least[phase] / fastest(phase) : undefined);
    const phases = [...new Set(rows.flatMap(({ least }) => Object.keys(least)))];
    return { title, phases, rows: rows.map((row) => ({ ...row, ratios: phases.map((phase) => ratio(row, phase)) })) };
  });
}

function lines({ phases, rows }) {
  const names = [...new Set(rows.flatMap(({ quality }) => Object.keys(quality)))];
  const rate = rows.some(({ flops }) => flops);
  const head = ['engine', ...phases.flatMap((phase) => [`${phase} s`, 'median', '÷ fastest peer'])];
  const body = rows.map(({ engine, least, median, ratios, quality, memory, flops }) => [
    nameOf(engine),
    ...phases.flatMap((phase, p) => [
      seconds(least[phase]),
      seconds(median[phase]),
      Number.isFinite(ratios[p]) ? ratios[p].toFixed(2) : '',
    ]),
    ...(rate ? [flops ? (flops / least[phases[0]] / 1e9).toFixed(1) : ''] : []),
    megabytes(memory),
    ...names.map((name) => quality[name]?.toPrecision(9) ?? '–'),
  ]);
  return [[...head, ...(rate ? ['GFLOP/s'] : []), 'peak MB', ...names], ...body];
}

const conditions = (report) =>
  conditionsOf(
    report,
    `Fastest of ${report.runs} processes an engine, in turns; within a process the fastest of three runs.${report.small ? ' Small data: these figures measure nothing.' : ''}`,
  );

export function formatReport(report) {
  const tables = groups(report).flatMap((group) => ['', group.title, ...aligned(lines(group))]);
  return [conditions(report), ...tables].join('\n');
}

/** What earlier runs measured and this one did not stays, under the conditions that it was measured in. */
function withEarlier(report, file) {
  const again = new Set(report.timed.map(({ work, threads }) => `${work} ${threads}`));
  const earlier = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
  const kept = earlier.map((one) => ({
    ...one,
    timed: one.timed.filter(({ work, threads }) => !again.has(`${work} ${threads}`)),
  }));
  return [...kept.filter(({ timed }) => timed.length > 0), report];
}

/** The first phase of each work, as ratios to the fastest peer. */
export function chart(report) {
  const bars = groups(report).flatMap(({ title, phases: [phase], rows }) => {
    const best = Math.min(...rows.filter(({ engine }) => !ours(engine)).map(({ least }) => least[phase] ?? Infinity));
    return rows
      .filter(({ least }) => phase in least)
      .map(({ engine, least }) => ({
        group: title,
        engine: nameOf(engine),
        ratio: least[phase] / best,
        whose: ours(engine) ? 'Lanewise' : 'peer',
      }));
  });
  // Names of works and engines are long: one panel below the other.
  return barChart(bars, 'time ÷ fastest peer', { columns: 1, width: 420 });
}

/** @param page name of the files, title and text of the page */
export async function writeDocs(report, folder, { name, title, text }) {
  const reports = withEarlier(report, join(folder, `${name}.json`));
  const tables = reports.flatMap((one) => [
    '',
    conditions(one),
    ...groups(one).flatMap((group) => ['', `## ${group.title}`, '', ...markdown(lines(group))]),
  ]);
  const page = [
    `# ${title}`,
    '',
    `${text} Quality stands beside speed: a faster run of lower quality does not count.`,
    '',
    `![Time divided by the fastest peer’s, for each work and number of threads](${name}.svg)`,
    ...tables,
    '',
  ];
  writeFileSync(join(folder, `${name}.md`), page.join('\n'));
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(reports, null, 1)}\n`);
  writeFileSync(join(folder, `${name}.svg`), await chart({ timed: reports.flatMap(({ timed }) => timed) }));
}
