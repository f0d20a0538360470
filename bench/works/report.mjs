// A suite's report as a table, and as the page, figures and chart under docs/.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { barChart, growthChart } from '../chart.mjs';
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
    const ratio = (row, phase) => {
      const peer = fastest(phase);
      return ours(row.engine) && Number.isFinite(peer) ? row.least[phase] / peer : undefined;
    };
    const phases = [...new Set(rows.flatMap(({ least }) => Object.keys(least)))];
    return { title, phases, rows: rows.map((row) => ({ ...row, ratios: phases.map((phase) => ratio(row, phase)) })) };
  });
}

function lines({ phases, rows }, limits) {
  const names = [...new Set(rows.flatMap(({ quality }) => Object.keys(quality)))];
  const rate = rows.some(({ flops }) => flops);
  const head = ['engine', ...phases.flatMap((phase) => [`${phase} s`, 'median', '÷ fastest peer'])];
  const body = rows.map(({ engine, threads, least, median, ratios, quality, memory, flops }) => [
    nameOf(engine),
    ...phases.flatMap((phase, p) => [
      seconds(least[phase]),
      seconds(median[phase]),
      Number.isFinite(ratios[p]) ? ratios[p].toFixed(2) : '',
    ]),
    ...(rate ? [rateOf(flops / least[phases[0]] / 1e9, limits?.[threads])] : []),
    megabytes(memory),
    ...names.map((name) => quality[name]?.toPrecision(9) ?? '–'),
  ]);
  return [[...head, ...(rate ? ['GFLOP/s'] : []), 'peak MB', ...names], ...body];
}

/** Billions of products and sums a second, and their share of what BLAS does in f32 on this machine. */
function rateOf(rate, limit) {
  if (!Number.isFinite(rate)) return '';
  return limit ? `${rate.toFixed(1)} (${(rate / limit.f32).toFixed(2)})` : rate.toFixed(1);
}

/** How the seconds of a work grow with each size: the exponent is the slope of ln seconds over ln size. */
function growthTables({ rows }) {
  const known = rows.filter(({ growth }) => growth);
  return Object.entries(known[0]?.growth ?? {}).map(([what, points]) => [
    [what, ...points.map(([size]) => size.toLocaleString('en')), 'exponent'],
    ...known.map(({ engine, growth }) => [
      nameOf(engine),
      ...growth[what].map(([, time]) => seconds(time)),
      slope(growth[what]).toFixed(2),
    ]),
  ]);
}

/** Points of the lines of `growthChart`: a line an engine, on the most threads that were measured. */
function linesOf(rows) {
  const threads = Math.max(...rows.map((row) => row.threads));
  return rows
    .filter((row) => row.threads === threads)
    .flatMap(({ engine, growth }) =>
      Object.entries(growth).flatMap(([what, points]) =>
        points.map(([size, time]) => ({ what, size, seconds: time, engine: nameOf(engine) })),
      ),
    );
}

function slope(points) {
  const logs = points.map((pair) => pair.map(Math.log));
  const mean = (at) => logs.reduce((sum, pair) => sum + pair[at], 0) / logs.length;
  const [x, y] = [mean(0), mean(1)];
  return logs.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0) / logs.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
}

const limitsText = ({ limits }) =>
  Object.entries(limits ?? {})
    .map(
      ([threads, { f32, f64 }]) =>
        `${f32.toFixed(0)} in f32 and ${f64.toFixed(0)} in f64 on ${threads} thread${threads > 1 ? 's' : ''}`,
    )
    .join(', ');

const conditions = (report) =>
  conditionsOf(
    report,
    `Fastest of ${report.runs} processes an engine, in turns; within a process the fastest of three runs.${report.small ? ' Small data: these figures measure nothing.' : ''} A matrix product by BLAS (numpy) reaches ${limitsText(report)} GFLOP/s; the share of the first stands behind each rate.`,
  );

export function formatReport(report) {
  const tables = groups(report).flatMap((group) => [
    '',
    group.title,
    ...aligned(lines(group, report.limits)),
    ...growthTables(group).flatMap((table) => ['', ...aligned(table)]),
  ]);
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
  const growing = reports.flatMap(({ timed }) => timed).filter(({ growth }) => growth);
  const tables = reports.flatMap((one) => [
    '',
    conditions(one),
    ...groups(one).flatMap((group) => [
      '',
      `## ${group.title}`,
      '',
      ...markdown(lines(group, one.limits)),
      ...growthTables(group).flatMap((table) => ['', ...markdown(table)]),
    ]),
  ]);
  const page = [
    `# ${title}`,
    '',
    `${text} Quality stands beside speed: a faster run of lower quality does not count.`,
    '',
    `![Time divided by the fastest peer’s, for each work and number of threads](${name}.svg)`,
    ...(growing.length > 0 ? ['', `![How the seconds grow with each size](${name}-growth.svg)`] : []),
    ...tables,
    '',
  ];
  if (growing.length > 0) writeFileSync(join(folder, `${name}-growth.svg`), await growthChart(linesOf(growing)));
  writeFileSync(join(folder, `${name}.md`), page.join('\n'));
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(reports, null, 1)}\n`);
  writeFileSync(join(folder, `${name}.svg`), await chart({ timed: reports.flatMap(({ timed }) => timed) }));
}
