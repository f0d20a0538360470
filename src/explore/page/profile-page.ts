import { formatCount, formatMoment, formatNumber, formatShare } from '../../table/format.js';
import type { Alert } from '../alerts.js';
import type { ColumnProfile, Profile } from '../profile.js';
import type { TargetView } from '../target-view.js';
import {
  barChart,
  type Chart,
  columnChart,
  heatMap,
  histogramChart,
  lineChart,
  renderCharts,
  scatterChart,
  sparkBars,
} from './charts.js';
import { html, type Markup } from './html.js';
import { type PageSection, renderPage, renderTable, renderTiles } from './page.js';

const MOST_COLUMN_CHARTS = 36;
const MOST_TABLE_COLUMNS = 200;
const MOST_ALERTS = 60;
const MOST_NAMED = 12;
const MOST_TARGET_VIEWS = 8;
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The profile as one page: alerts first, then columns, target, associations, scatter plots, missing values. */
export function renderProfilePage(
  profile: Profile,
  about: { readonly source: string; readonly version: string },
): string {
  return renderPage({
    title: `${about.source} at a glance`,
    lead: `${formatCount(profile.rows)} rows and ${profile.columns.length} columns${profile.target ? `, to predict ${profile.target}` : ''}. ${alertSentence(profile.alerts)}`,
    summary: profileTiles(profile),
    sections: profileSections(profile),
    footer: `Made by Lanewise ${about.version}. The page holds aggregates and at most 800 sampled points a plot, and loads nothing from the network.`,
  });
}

function profileTiles(profile: Profile): Markup {
  const cells = profile.rows * profile.columns.length;
  return renderTiles([
    { value: formatCount(profile.rows), label: 'rows', main: true },
    { value: String(profile.columns.length), label: 'columns' },
    {
      value: `${formatCount(profile.missingCells)} (${formatShare(cells ? profile.missingCells / cells : 0)})`,
      label: 'missing cells',
    },
    { value: formatCount(profile.duplicates), label: 'duplicate rows' },
    { value: String(profile.alerts.length), label: profile.alerts.length === 1 ? 'alert' : 'alerts' },
  ]);
}

function alertSentence(alerts: readonly Alert[]): string {
  const warnings = alerts.filter(({ severity }) => severity === 'warning').length;
  if (alerts.length === 0) return 'Nothing stands out as wrong.';
  return `${warnings === 0 ? 'No warnings' : warnings === 1 ? 'One warning' : `${warnings} warnings`} and ${alerts.length - warnings} notes on it.`;
}

/** The sections of the page, for pages that embed them. */
function profileSections(profile: Profile): PageSection[] {
  const sections: PageSection[] = [
    { id: 'alerts', title: 'Alerts', body: renderAlerts(profile.alerts) },
    { id: 'columns', title: 'Columns', body: columnsBody(profile) },
  ];
  if (profile.target && profile.targetViews.length > 0) {
    sections.push({ id: 'target', title: `What ${profile.target} goes with`, body: targetBody(profile) });
  }
  if (profile.scatters.length > 0)
    sections.push({ id: 'scatter', title: 'Scatter plots', body: renderCharts(scatterCharts(profile)) });
  if (profile.correlations.length > 0)
    sections.push({ id: 'associations', title: 'Correlation', body: correlationBody(profile) });
  if (profile.missingPatterns.length > 0)
    sections.push({ id: 'missing', title: 'Missing values', body: missingBody(profile) });
  return sections;
}

export function renderAlerts(alerts: readonly Alert[]): Markup {
  if (alerts.length === 0) return html`<p>Nothing stands out as wrong.</p>`;
  const more = alerts.length - MOST_ALERTS;
  return html`<ul class="alerts">${alerts
    .slice(0, MOST_ALERTS)
    .map(
      ({ severity, message, advice }) =>
        html`<li class="${severity}">${severity === 'warning' ? html`<span class="tag warn">warning</span> ` : ''}${message}<small>${advice}</small></li>`,
    )}</ul>${more > 0 ? html`<p class="quiet">${more} more are in the JSON.</p>` : ''}`;
}

function columnsBody(profile: Profile): Markup {
  const listed = profile.columns.slice(0, MOST_TABLE_COLUMNS);
  const rows = listed.map((column) => ({
    cells: [
      html`${column.name}${column.role === 'feature' ? '' : html` <span class="tag quiet">${column.role}</span>`}`,
      html`<span class="kind">${column.kind}</span>`,
      column.missing ? `${formatCount(column.missing)} (${formatShare(column.missing / column.rows)})` : '0',
      formatCount(column.profile.distinct),
      describe(column),
      spark(column),
    ],
  }));
  const drawn = profile.columns.slice(0, MOST_COLUMN_CHARTS);
  const left = profile.columns.length - drawn.length;
  return html`${renderTable(['column', 'kind', { title: 'missing', number: true }, { title: 'distinct', number: true }, 'in short', 'shape'], rows)}
<h3>Distributions</h3>
${renderCharts(drawn.flatMap(columnCharts))}
${left > 0 ? html`<p class="quiet">The first ${listed.length} of ${profile.columns.length} columns are in the table, the first ${drawn.length} are drawn; all are in the JSON.</p>` : ''}`;
}

function describe({ profile }: ColumnProfile): string {
  if (profile.kind === 'numeric') {
    return `${formatNumber(profile.minimum)} … ${formatNumber(profile.maximum)}, median ${formatNumber(profile.quantiles['0.5'])}, mean ${formatNumber(profile.mean)} ± ${formatNumber(profile.standardDeviation)}`;
  }
  if (profile.kind === 'timestamp') return `${formatMoment(profile.minimum)} … ${formatMoment(profile.maximum)}`;
  return profile.top
    .slice(0, 3)
    .map(({ label, count }) => `${cut(label, 28)} (${formatCount(count)})`)
    .join(', ');
}

function spark({ name, profile }: ColumnProfile): Markup {
  const counts =
    profile.kind === 'numeric'
      ? profile.histogram.counts
      : profile.kind === 'timestamp'
        ? profile.periods.map(({ count }) => count)
        : profile.top.map(({ count }) => count);
  return sparkBars(counts.slice(0, 120), `distribution of ${name}`);
}

function columnCharts({ name, profile }: ColumnProfile): Chart[] {
  if (profile.distinct === 0) return [];
  if (profile.kind === 'numeric') return [histogramChart(name, profile.histogram)];
  if (profile.kind !== 'timestamp') {
    const top = profile.top.slice(0, 10).map(({ label, count }) => ({ label: cut(label, 40), value: count }));
    const rest = profile.distinct - top.length;
    return [
      barChart(
        name,
        rest > 0 ? `The most frequent labels; ${formatCount(rest)} more are not shown.` : 'All labels by frequency.',
        top,
        'rows',
      ),
    ];
  }
  const months = profile.months.map((value, i) => ({ label: MONTHS[i]!, value })).filter(({ value }) => value > 0);
  return [
    lineChart(
      `${name}, rows by ${profile.period}`,
      `From ${formatMoment(profile.minimum)} to ${formatMoment(profile.maximum)}, UTC.`,
      [{ name: 'rows', points: profile.periods.map(({ start, count }) => [start, count] as const) }],
      { time: true, yTitle: 'rows', zero: true },
    ),
    columnChart(
      `${name}, by hour of the day`,
      'Rows in each hour, UTC as written in the data.',
      profile.hours.map((value, i) => ({ label: String(i), value })),
      'rows',
    ),
    columnChart(
      `${name}, by weekday`,
      'Rows on each day of the week.',
      profile.weekdays.map((value, i) => ({ label: WEEKDAYS[i]!, value })),
      'rows',
    ),
    ...(months.length > 1 ? [columnChart(`${name}, by month`, 'Rows in each month of the year.', months, 'rows')] : []),
  ];
}

function targetBody(profile: Profile): Markup {
  const meaning =
    profile.positiveClass === undefined
      ? `mean ${profile.target}`
      : `share of ${profile.target} = ${profile.positiveClass}`;
  const known = profile.targetViews.filter(({ association }) => Number.isFinite(association));
  const strength = barChart(
    'Strength of association',
    `How much each column alone tells about ${profile.target}, from 0 (nothing) to 1 (all).`,
    known.slice(0, 20).map(({ feature, association }) => ({ label: feature, value: association })),
    'association',
  );
  const roles = new Map(profile.columns.map((column) => [column.name, column.role]));
  const shown = known.filter(({ feature }) => roles.get(feature) === 'feature').slice(0, MOST_TARGET_VIEWS);
  return renderCharts([{ ...strength, wide: true }, ...shown.map((view) => targetChart(view, meaning))]);
}

function targetChart(view: TargetView, meaning: string): Chart {
  const bars = view.groups.map(({ label, mean, error }) => ({
    label: cut(label, 34),
    value: mean,
    low: mean - 1.96 * error,
    high: mean + 1.96 * error,
  }));
  const method = { spearman: 'Spearman’s |ρ|', 'correlation-ratio': 'correlation ratio', 'cramers-v': 'Cramér’s V' }[
    view.method
  ];
  return barChart(
    view.feature,
    `The ${meaning} by ${view.feature}, with 95 % intervals; ${method} ${view.association.toFixed(2)}.`,
    bars,
    meaning,
  );
}

function scatterCharts(profile: Profile): Chart[] {
  return profile.scatters.map((scatter) =>
    scatterChart(
      `${scatter.x} and ${scatter.y}`,
      scatter.form === 'points'
        ? scatter.points.length < scatter.rows
          ? `${formatCount(scatter.points.length)} of ${formatCount(scatter.rows)} rows, drawn at random.`
          : `All ${formatCount(scatter.rows)} rows that have both.`
        : `${formatCount(scatter.rows)} rows as density: the fuller the colour, the more rows.`,
      scatter,
    ),
  );
}

function correlationBody(profile: Profile): Markup {
  return html`${renderCharts(profile.correlations.map(heatMap))}${profile.limits.map((limit) => html`<p class="quiet">${limit}</p>`)}`;
}

function missingBody(profile: Profile): Markup {
  const bars = profile.columns
    .filter(({ missing }) => missing > 0)
    .sort((a, b) => b.missing - a.missing)
    .slice(0, 30)
    .map(({ name, missing, rows }) => ({ label: name, value: missing / rows }));
  const patterns = renderTable(
    ['missing together', { title: 'rows', number: true }],
    profile.missingPatterns.map(({ columns, rows }) => ({ cells: [someNames(columns), formatCount(rows)] })),
  );
  return html`${renderCharts([barChart('Share of missing values', 'Columns that miss any value.', bars, 'share missing')])}<h3>Which are missing together</h3>${patterns}`;
}

/** Shortens a label for a chart, at a whole character. */
function cut(text: string, most: number): string {
  const characters = [...text];
  return characters.length > most ? `${characters.slice(0, most - 1).join('')}…` : text;
}

function someNames(names: readonly string[]): string {
  const more = names.length - MOST_NAMED;
  return names.slice(0, MOST_NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
