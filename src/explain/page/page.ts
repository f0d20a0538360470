import { barChart, renderCharts } from '../../explore/page/charts.js';
import { html, type Markup } from '../../explore/page/html.js';
import { type PageSection, renderPage, renderTable, renderTiles } from '../../explore/page/page.js';
import { formatCount, formatNumber, formatShare } from '../../table/format.js';
import type { Importances } from '../importance.js';
import type { ExplanationReport } from '../report.js';
import {
  cut,
  dependenceChart,
  interactionChart,
  pairChart,
  partialDependenceChart,
  summaryChart,
  trendOf,
  waterfallChart,
} from './charts.js';

const MOST_BARS = 15;
const MOST_SUMMARISED = 12;
const MOST_TABLE_ROWS = 40;

/** A model's reasons as one page: what it goes by, which way, for single rows, and what acts together. */
export function renderExplanationPage(
  report: ExplanationReport,
  about: { readonly model: string; readonly source: string; readonly version: string },
): string {
  return renderPage({
    title: `Why ${about.model} predicts what it does`,
    lead: leadSentence(report),
    summary: tiles(report),
    sections: sections(report),
    footer: `Made by Lanewise ${about.version} from ${about.source}. The page holds sampled rows of the data, and loads nothing from the network.`,
  });
}

/** What matters most, and which way, in plain words. */
export function leadSentence(report: ExplanationReport): string {
  const { target } = report;
  const [first] = report.importances;
  const counted = first?.features.filter(({ share }) => share > 0) ?? [];
  if (counted.length === 0)
    return `No feature makes a difference: every row gets much the same prediction${target ? ` of ${target}` : ''}.`;
  const top = counted.slice(0, 3);
  const named = top.map(({ feature, share }) => `${feature} (${formatShare(share)})`);
  const list = named.length > 1 ? `${named.slice(0, -1).join(', ')} and ${named.at(-1)}` : named[0]!;
  return `${target ? `To predict ${target} the` : 'The'} model goes mostly by ${list}.${directionOf(report, top[0]!.feature)}`;
}

function directionOf({ explanation }: ExplanationReport, name: string): string {
  const index = explanation?.features.findIndex((feature) => feature.name === name) ?? -1;
  if (!explanation || index < 0 || explanation.outputs.length > 1) return '';
  const trend = trendOf(explanation.features[index]!, explanation.values[0]![index]!);
  const output = explanation.outputs[0]!;
  const plain = output === 'prediction' || output === 'path length';
  const thing = plain ? `the ${output}` : `the prediction of ${output}`;
  if (trend > 0.5) return ` Higher values of ${name} raise ${thing}.`;
  return trend < -0.5 ? ` Higher values of ${name} lower ${thing}.` : '';
}

function tiles({ explanation, importances, rows, estimator }: ExplanationReport): Markup {
  const scored = importances.find(({ score }) => score !== undefined);
  const used = importances[0]?.features.filter(({ importance }) => importance > 0).length ?? 0;
  return renderTiles([
    { value: estimator, label: 'model', main: true },
    { value: formatCount(rows), label: 'rows' },
    ...(explanation ? [{ value: formatCount(explanation.rows), label: 'rows explained' }] : []),
    { value: `${used} of ${importances[0]?.features.length ?? 0}`, label: 'features that matter' },
    ...(scored ? [{ value: formatNumber(scored.score!, 3), label: scored.unit.replace('loss of ', '') }] : []),
  ]);
}

function sections(report: ExplanationReport): PageSection[] {
  const { explanation, dependence, pair, interactions } = report;
  const list: PageSection[] = [{ id: 'importance', title: 'What matters', body: importanceBody(report) }];
  if (explanation) {
    list.push({ id: 'summary', title: 'Which way', body: summaryBody(report) });
    if (report.shownRows.length > 0) list.push({ id: 'rows', title: 'Single rows', body: rowsBody(report) });
  }
  if (dependence.length > 0) {
    list.push({
      id: 'dependence',
      title: 'What if a value were another',
      body: html`<p>The thick line is the mean prediction when every row is given this value of the feature; each faint line is one row. Where the faint lines run alike, the feature acts alone.</p>
${renderCharts(dependence.map(partialDependenceChart))}`,
    });
  }
  if (interactions && explanation) {
    const charts = [
      interactionChart(interactions.names, interactions.strength, explanation.unit),
      pair && pairChart(pair),
    ];
    list.push({ id: 'interactions', title: 'What acts together', body: renderCharts(charts) });
  }
  list.push({ id: 'method', title: 'How this was worked out', body: methodBody(report) });
  return list;
}

function importanceBody({ importances }: ExplanationReport): Markup {
  const charts = importances.map((one) => importanceChart(one));
  const names = importances[0]?.features.map(({ feature }) => feature).slice(0, MOST_TABLE_ROWS) ?? [];
  const rows = names.map((name) => ({
    cells: [
      name,
      ...importances.map((one) => formatShare(one.features.find(({ feature }) => feature === name)?.share ?? 0)),
    ],
  }));
  const heads = ['feature', ...importances.map(({ kind }) => ({ title: titles[kind], number: true }))];
  return html`${renderCharts(charts)}${importances.length > 1 ? html`<h3>Side by side</h3>${renderTable(heads, rows)}` : ''}`;
}

const titles = {
  shap: 'Shapley values',
  permutation: 'shuffling',
  gain: 'gain in training',
  splits: 'splits',
  cover: 'cover',
} as const;

const meanings = {
  shap: 'How far each feature moves a prediction on average.',
  permutation:
    'By how much the score falls when the feature is shuffled; the line is a 95 % interval over shuffles. Near 0: the model does as well without it.',
  gain: 'By how much the splits on the feature lessened the training loss; it favours features of many values.',
  splits: 'How many splits look at the feature.',
  cover: 'How many training rows the feature’s splits part.',
} as const;

function importanceChart({ kind, unit, features }: Importances) {
  const bars = features.slice(0, MOST_BARS).map(({ feature, importance, low, high }) => ({
    label: cut(feature, 28),
    value: importance,
    ...(low !== undefined && { low, high: high! }),
  }));
  const more = features.length > MOST_BARS ? ` The first ${MOST_BARS} of ${features.length}.` : '';
  return barChart(`By ${titles[kind]}`, `${meanings[kind]}${more}`, bars, unit);
}

function best({ importances, explanation }: ExplanationReport, most: number): string[] {
  const known = new Set(explanation?.features.map(({ name }) => name));
  return (importances[0]?.features ?? [])
    .filter(({ feature, importance }) => known.has(feature) && importance > 0)
    .map(({ feature }) => feature)
    .slice(0, most);
}

/** The positive class where there are two, each class where there are more. */
function summaryBody(report: ExplanationReport): Markup {
  const explanation = report.explanation!;
  const names = best(report, MOST_SUMMARISED);
  if (names.length === 0) return html`<p>No feature moves any prediction.</p>`;
  const shown = explanation.outputs.slice(0, 4);
  const summaries = shown.map((output, k) =>
    summaryChart(explanation, k, names, output === 'prediction' ? 'All features' : `All features, for ${output}`),
  );
  const single = best(report, 4).map((name) => dependenceChart(explanation, 0, name));
  return html`${renderCharts(summaries)}${explanation.outputs.length > 4 ? html`<p class="quiet">The first 4 of ${explanation.outputs.length} outputs.</p>` : ''}
<h3>One by one${explanation.outputs.length > 1 ? `, for ${explanation.outputs[0]}` : ''}</h3>${renderCharts(single)}`;
}

function rowsBody(report: ExplanationReport): Markup {
  const explanation = report.explanation!;
  const charts = report.shownRows.map((row) => {
    const output = explanation.outputs.length > 1 ? largestOutput(report, row) : 0;
    const name = explanation.outputs[output]!;
    const of = name === 'prediction' ? '' : ` (${name})`;
    const value = formatNumber(explanation.predicted[output]![row]!, 3);
    return waterfallChart(explanation, output, row, `Row ${formatCount(report.sampledRows[row]! + 1)}: ${value}${of}`);
  });
  return html`<p>How a prediction comes about: from the average prediction, feature by feature, to the row’s own.</p>${renderCharts(charts)}`;
}

function largestOutput({ explanation }: ExplanationReport, row: number): number {
  const values = explanation!.predicted.map((output) => output[row]!);
  return values.indexOf(Math.max(...values));
}

const methods = {
  'path-dependent':
    'Exact Shapley values of the trees (TreeSHAP, path-dependent: what is not known is averaged as the training rows fell through the tree).',
  interventional: 'Exact Shapley values of the trees against background rows (interventional TreeSHAP).',
  linear: 'Exact Shapley values of a linear function: coefficient times the deviation from the mean.',
};

function methodBody({ explanation, notes }: ExplanationReport): Markup {
  const exact =
    explanation &&
    html`<p>${methods[explanation.method]} For every row, the effects and the expected value ${formatNumber(explanation.expected[0]!, 4)} add up to the model’s raw prediction, in ${explanation.unit}.${explanation.unit === 'log-odds' ? ' 0.7 of log-odds doubles the odds.' : ''}</p>`;
  return html`${exact}<p>Effects say what the model does, not what would happen in the world. Of two features that carry the same news the model may use either.</p>
${notes.length > 0 ? html`<ul class="alerts">${notes.map((note) => html`<li>${note}</li>`)}</ul>` : ''}`;
}
