import { basename } from 'node:path';
import { metricNamed } from '../../evaluate/metrics.js';
import { barChart, heatMap, histogramChart, lineChart, renderCharts, scatterChart } from '../../explore/page/charts.js';
import { html, type Markup } from '../../explore/page/html.js';
import { renderTable } from '../../explore/page/page.js';
import { renderAlerts } from '../../explore/page/profile-page.js';
import type { Profile } from '../../explore/profile.js';
import type { ColumnDrift, MonitorReport } from '../../monitor/index.js';
import { formatCount, formatNumber, formatShare } from '../../table/format.js';
import type { Repair } from '../../table/interfaces.js';
import type { GateResult } from '../../tune/index.js';
import type { StepRecord } from '../record.js';
import type { ReportMaterial } from './files.js';
import { next } from './model-sections.js';

/** Sections 1 to 4 and 9 to 10: what the data held, and what became of it; what was deployed, and how it holds. */

interface CollectSummary {
  readonly rows?: number;
  readonly quarantined?: number;
  readonly reader?: string;
  readonly sha256?: string;
  readonly bytesCopied?: number;
  readonly columns?: readonly { readonly name: string; readonly role: string; readonly kind: string }[];
  readonly split?: {
    readonly train: number;
    readonly test: number;
    readonly live: number;
    readonly description: string;
  };
}

export function collectSection(step: StepRecord): Markup {
  const { columns = [], split, sha256, reader, quarantined, bytesCopied } = step.summary as CollectSummary;
  const ignored = columns.filter(({ role }) => role === 'ignore').map(({ name }) => name);
  const target = columns.find(({ role }) => role === 'target')?.name;
  return html`${split ? html`<p>${formatCount(split.train)} rows to learn from, ${formatCount(split.test)} to test on, ${formatCount(split.live)} that stand for what comes in later (${split.description}).</p>` : ''}
${ignored.length > 0 ? html`<p>Ignored, because they are not known when the prediction is needed and would give ${target ?? 'the target'} away: ${ignored.join(', ')}.</p>` : ''}
${renderTable(
  ['column', 'kind', 'role'],
  columns.map(({ name, kind, role }) => ({ cells: [name, kind, role] })),
)}
<p class="quiet">Read by ${reader ?? 'the reader'}; ${formatCount(quarantined ?? 0)} rows could not be taken in${bytesCopied === undefined ? '' : `; ${formatCount(bytesCopied)} bytes were copied into engine memory`}. SHA-256 of the source: <code>${sha256}</code></p>`;
}

export function prepareSection(step: StepRecord, report: readonly Repair[]): Markup {
  const {
    steps = [],
    columns,
    features,
  } = step.summary as { steps?: readonly string[]; columns?: number; features?: number };
  return html`<p>An unfitted pipeline (${steps.join(' → ') || 'no steps'}) is handed on, so that every fold fits its own. Fitted on the training rows to see what it finds, it turns ${columns} columns into ${features}.</p>
${repairTable(report)}`;
}

const MOST_REPAIRS = 40;

function repairTable(report: readonly Repair[]): Markup {
  if (report.length === 0) return html`<p>Nothing had to be repaired.</p>`;
  const rows = report
    .slice(0, MOST_REPAIRS)
    .map(({ what, column, rows, detail }) => ({ cells: [what, column ?? '', formatCount(rows), detail ?? ''] }));
  const more = report.length - rows.length;
  return html`${renderTable(['what', 'column', { title: 'rows', number: true }, 'detail'], rows)}${more > 0 ? html`<p class="quiet">${more} more are in the JSON.</p>` : ''}`;
}

export function exploreSection(profile: Profile, page: string | undefined): Markup {
  const target = profile.columns.find(({ name }) => name === profile.target);
  const scatter = profile.scatters[0];
  const numbers =
    target?.profile.kind === 'numeric'
      ? histogramChart(`${target.name}, the target`, target.profile.histogram)
      : undefined;
  const matrix = profile.correlations.find(({ method }) => method === 'spearman') ?? profile.correlations[0];
  return html`${renderAlerts(profile.alerts)}
${renderCharts([numbers, scatter && scatterChart(`${scatter.x} and ${scatter.y}`, 'The column that goes most closely with the target.', scatter), matrix && heatMap(matrix)])}
${page ? html`<p>Every column, scatter plots and correlations: <a href="${page}">the exploration page</a>.</p>` : ''}`;
}

export function featuresSection({ lineage, report }: NonNullable<ReportMaterial['features']>): Markup {
  const made = lineage.filter(({ operations }) => operations.length > 0);
  return html`<p>${made.length} features are made of the columns; ${lineage.length} are handed on, as part of the recipe that every fold refits.</p>
${renderTable(
  ['feature', 'made of', 'by'],
  made
    .slice(0, 40)
    .map(({ feature, columns, operations }) => ({ cells: [feature, columns.join(', '), operations.join(' → ')] })),
)}
${report.length > 0 ? repairTable(report) : ''}`;
}

interface DeploySummary {
  readonly name?: string;
  readonly version?: number;
  readonly alias?: string;
  readonly digest?: string;
  /** In the run's folder. */
  readonly registry?: string;
}

export function deploySection(step: StepRecord, folder: string): Markup {
  const { name, version, alias = 'champion', digest, registry } = step.summary as DeploySummary;
  const files = Object.entries(step.outputs).map(([path, hash]) => ({
    cells: [path, html`<code>${hash.slice(0, 16)}</code>`],
  }));
  return html`<p>${step.outcome}</p>
${name ? html`<p><strong>${name}</strong>, version ${version}, alias ${alias}${digest ? html`, digest <code>${digest.slice(0, 16)}</code>` : ''}. The same file is served, run in the browser and read by other languages; its golden rows prove it wherever it is loaded.</p>` : ''}
${renderTable(['file', 'SHA-256'], files)}
<pre>lanewise serve --model ${name ?? 'model'}@${alias} --registry runs/${basename(folder)}/${registry}</pre>`;
}

export function monitorSection(report: MonitorReport, step: StepRecord): Markup {
  const { verdict, reasons, columns, target, prediction, error } = report;
  const tone = { stable: 'good', watch: 'warn', retrain: 'bad' }[verdict];
  const all: readonly [ColumnDrift, string][] = [
    ...columns.map((column): [ColumnDrift, string] => [column, 'feature']),
    ...(target ? [[target, 'target'] as [ColumnDrift, string]] : []),
    ...(prediction ? [[prediction, 'predictions'] as [ColumnDrift, string]] : []),
  ];
  return html`<p><span class="tag ${tone}">${verdict}</span> ${reasons.join(' ')}</p>
${renderCharts(error ? [errorChart(error)] : [])}
${renderTable(
  [
    'column',
    'what',
    'drift',
    { title: 'PSI', number: true },
    { title: 'KS or V', number: true },
    { title: 'adjusted p', number: true },
    { title: 'missing', number: true },
    { title: 'unseen', number: true },
  ],
  all.map(([column, what]) => ({ best: column.drift !== 'none', cells: driftCells(column, what) })),
)}
<p class="quiet">${formatCount(report.rows)} live rows against ${formatCount(report.referenceRows)} of the reference. p is adjusted for the number of tests (Benjamini–Hochberg); drift is called by its size, not by p alone.</p>
${retrainBody(step)}`;
}

function driftCells(column: ColumnDrift, what: string) {
  const tone = { none: 'good', moderate: 'warn', large: 'bad' }[column.drift];
  return [
    column.name,
    what,
    html`<span class="tag ${tone}">${column.drift}</span>`,
    formatNumber(column.psi, 3),
    formatNumber(column.ks?.statistic ?? column.chiSquared?.effect, 2),
    formatNumber(column.adjustedP, 2),
    formatShare(column.missing),
    formatShare(column.unseen),
  ];
}

function errorChart(error: NonNullable<MonitorReport['error']>) {
  const { natural } = metricNamed(error.metric);
  const points = error.periods
    .map(({ start, score }) => [Date.parse(start), natural(score)] as const)
    .filter(([, value]) => Number.isFinite(value));
  if (points.length < 2) return undefined;
  const level = natural(error.reference.score);
  const reference = {
    name: 'at deployment',
    points: [
      [points[0]![0], level],
      [points.at(-1)![0], level],
    ] as [number, number][],
  };
  return {
    ...lineChart(
      `${error.metricLabel} by ${error.period}`,
      `The realised error of each ${error.period}, beside what it was on the test rows (${formatNumber(level)}).`,
      [{ name: 'realised', points }, reference],
      { time: true, yTitle: error.metricLabel, points: true, zero: true },
    ),
    wide: true,
  };
}

/** What came of retraining, where the verdict asked for it. */
function retrainBody({ summary }: StepRecord): Markup {
  const retrained = summary['retrain'] as
    | { errorBefore: number; errorAfter: number; sentence: string; promoted: boolean; gate: GateResult }
    | undefined;
  if (!retrained) return next('Keep watching: lanewise monitor NEW.csv compares later rows in the same way.');
  const { errorBefore, errorAfter, sentence, promoted, gate } = retrained;
  const rows = [
    { label: 'before', value: errorBefore },
    { label: 'after', value: errorAfter },
  ];
  return html`<h3>Retrained</h3>
<p>${capital(sentence)}.</p>
${renderCharts([barChart(`${gate.metricLabel} before and after retraining`, `On the same ${formatCount(gate.rows)} later rows, which neither model has seen.`, rows, gate.metricLabel)])}
<p>${gate.reasons.map(capital).join(' ')}</p>
${next(promoted ? 'The registry keeps the old version to roll back to.' : 'The champion stays; look for what has changed in the world that the columns do not tell.')}`;
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
