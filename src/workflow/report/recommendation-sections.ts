import type { RecommenderComparison, RecommenderEvaluation } from '../../evaluate/recommendation/index.js';
import { listScorer } from '../../evaluate/recommendation/index.js';
import { intervalChart, renderCharts } from '../../explore/page/charts.js';
import { html, type Markup } from '../../explore/page/html.js';
import { renderTable } from '../../explore/page/page.js';
import type { PopularityDrift, RecommenderMonitorReport } from '../../monitor/index.js';
import { formatCount, formatNumber, formatSeconds, formatShare } from '../../table/format.js';
import type { ReportMaterial } from './files.js';
import { next } from './model-sections.js';

/** The sections of a recommendation that differ from those of a model of rows: what was compared, what it is worth, how it holds. */

export function rankedSection(comparison: RecommenderComparison & { readonly splitter?: string }): Markup {
  const { candidates, metric, metricLabel, recommended, reason, failed, splitter } = comparison;
  const { of } = listScorer(metric, candidates[0]!.evaluation.k);
  const figure = (evaluation: RecommenderEvaluation) => evaluation.metrics[of];
  const chart = intervalChart(
    `${metricLabel} of each recommender`,
    `Means over the users of the test part of the training rows (${splitter}), with 95 % intervals over users; further right is better.`,
    candidates.map(({ name, evaluation }) => {
      const { value, low, high } = figure(evaluation);
      return { label: name, value, low, high };
    }),
    metricLabel,
  );
  return html`<p>${reason}</p>
${renderCharts([{ ...chart, wide: true }])}
${renderTable(
  [
    'recommender',
    { title: metricLabel, number: true },
    '95 % interval',
    'less the best, 95 %',
    { title: 'coverage', number: true },
    { title: 'novelty, bits', number: true },
    { title: 'fit', number: true },
  ],
  candidates.map(({ name, evaluation, againstBest, fitSeconds }) => {
    const { value, low, high } = figure(evaluation);
    const range = againstBest ? `${formatNumber(againstBest.low)} … ${formatNumber(againstBest.high)}` : 'best score';
    return {
      best: name === recommended,
      cells: [
        html`${name}${name === recommended ? html` <span class="tag good">taken</span>` : ''}`,
        formatNumber(value),
        `${formatNumber(low)} … ${formatNumber(high)}`,
        range,
        formatShare(evaluation.coverage),
        formatNumber(evaluation.novelty),
        formatSeconds(fitSeconds),
      ],
    };
  }),
)}
${failed.map(({ name, error }) => html`<p class="quiet">${name} could not be fitted: ${error}</p>`)}
${next(`${recommended} goes on to training, with its default parameters; tuning may change them.`)}`;
}

export function listsSection({ name, metrics, evaluation, baseline }: NonNullable<ReportMaterial['lists']>): Markup {
  const { users, usersWithout, unknownUsers, unknownItems, coverage, novelty, ratings } = evaluation;
  return html`${renderTable(
    [
      'on the test rows',
      { title: name, number: true },
      '95 % interval',
      { title: 'popularity', number: true },
      'what it says',
    ],
    metrics.map(({ metric, label, value, valueLow, valueHigh, meaning }) => ({
      cells: [
        label,
        formatNumber(value),
        `${formatNumber(valueLow)} … ${formatNumber(valueHigh)}`,
        formatNumber(baseline.metrics[listScorer(metric, baseline.k).of].value),
        meaning,
      ],
    })),
  )}
<p>${formatShare(coverage)} of the items are recommended to anybody (popularity: ${formatShare(baseline.coverage)}); novelty is ${formatNumber(novelty)} bits (${formatNumber(baseline.novelty)}).${ratings ? ` Ratings are predicted with RMSE ${formatNumber(ratings.rmse)}.` : ''}</p>
<p class="quiet">${formatCount(users)} users were scored, ${formatCount(unknownUsers)} of them unknown in training; ${formatCount(usersWithout)} had nothing to find; ${formatCount(unknownItems)} items to find were unknown and count as missed.</p>
${next('Tuning looks for parameters that do better; a gate on these same users decides whether they replace the defaults.')}`;
}

export function liveSection(report: RecommenderMonitorReport | { readonly rows: 0 }): Markup {
  if (!('verdict' in report)) return html`<p>The split leaves no live rows to watch.</p>`;
  const { verdict, reasons, rows, unknownUsers, unknownItems, seen, recommended } = report;
  const tone = { stable: 'good', watch: 'warn', retrain: 'bad' }[verdict];
  const drift = (what: string, { psi, drift, reference, current }: PopularityDrift) => ({
    best: drift !== 'none',
    cells: [what, drift, formatNumber(psi, 3), formatShare(reference[0]!), formatShare(current[0]!)],
  });
  return html`<p><span class="tag ${tone}">${verdict}</span> ${reasons.join(' ')}</p>
${renderTable(
  [
    'how popular is',
    'drift',
    { title: 'PSI', number: true },
    { title: 'of the most popular, in training', number: true },
    { title: 'now', number: true },
  ],
  [drift('what users meet', seen), drift('what they are recommended', recommended)],
)}
<p class="quiet">${formatCount(rows)} live rows, ${formatShare(unknownUsers.shareOfRows)} of unknown users and ${formatShare(unknownItems.shareOfRows)} of unknown items. Items are in ten groups that each had a tenth of the pairs of training.</p>
${next('Keep watching: lanewise monitor NEW.csv compares later rows in the same way.')}`;
}
