import type { Candidate, Comparison } from '../../evaluate/compare.js';
import { metricNamed } from '../../evaluate/metrics.js';
import { listMetricNames } from '../../evaluate/recommendation/index.js';
import type { ClassificationReport, EvaluationReport, MetricReport } from '../../evaluate/report.js';
import {
  barChart,
  type Chart,
  histogramChart,
  intervalChart,
  lineChart,
  renderCharts,
  scatterChart,
} from '../../explore/page/charts.js';
import { html, type Markup } from '../../explore/page/html.js';
import { renderTable } from '../../explore/page/page.js';
import { formatBytes, formatCount, formatNumber, formatSeconds, formatShare } from '../../table/format.js';
import type { HistoryPoint, Training } from '../../table/interfaces.js';
import type { GateResult, TuneResult } from '../../tune/index.js';
import type { ReportMaterial } from './files.js';

/** Sections 5 to 8: what was compared, how training went, what it is worth, what tuning changed. */

export const next = (text: string) => html`<p class="next"><strong>Next.</strong> ${text}</p>`;

function naturalRange(natural: (score: number) => number, low: number, high: number): [number, number] {
  const ends = [natural(low), natural(high)].sort((a, b) => a - b);
  return [ends[0]!, ends[1]!];
}

export function compareSection({
  candidates,
  metric,
  metricLabel,
  splitter,
  recommended,
  reason,
  failed,
}: Comparison): Markup {
  const { natural } = metricNamed(metric);
  const bars = candidates.map(({ name, score, interval }) => {
    const [low, high] = naturalRange(natural, interval.low, interval.high);
    return { label: name, value: natural(score), low, high };
  });
  const direction = metric.startsWith('neg_') ? 'further left is better' : 'further right is better';
  const chart = intervalChart(
    `${metricLabel} by ${splitter} cross-validation`,
    `Dots are means over the folds, bars 95 % intervals over out-of-fold rows; ${direction}.`,
    bars,
    metricLabel,
  );
  return html`<p>${reason}</p>
${renderCharts([{ ...chart, wide: true }])}
${renderTable(
  [
    'model',
    { title: metricLabel, number: true },
    '95 % interval',
    'against the best',
    { title: 'fit', number: true },
    { title: 'one row', number: true },
    { title: 'size', number: true },
    'readable',
  ],
  candidates.map((candidate) => ({
    best: candidate.name === recommended,
    cells: candidateCells(candidate, natural, recommended),
  })),
)}
${failed.map(({ name, error }) => html`<p class="quiet">${name} could not be fitted: ${error}</p>`)}
${next(`${recommended} goes on to training, with its default parameters; tuning may change them.`)}`;
}

function candidateCells(candidate: Candidate, natural: (score: number) => number, recommended: string) {
  const [low, high] = naturalRange(natural, candidate.interval.low, candidate.interval.high);
  const { againstBest } = candidate;
  return [
    html`${candidate.name}${candidate.name === recommended ? html` <span class="tag good">taken</span>` : ''}`,
    formatNumber(natural(candidate.score)),
    `${formatNumber(low)} … ${formatNumber(high)}`,
    againstBest
      ? `p = ${formatNumber(againstBest.p, 2)}${againstBest.worse ? ', worse' : ', not surely worse'}`
      : 'best score',
    formatSeconds(candidate.fitSeconds),
    `${formatNumber(candidate.latencyMicroseconds, 3)} µs`,
    formatBytes(candidate.modelBytes),
    candidate.interpretability,
  ];
}

export function trainSection(training: NonNullable<ReportMaterial['training']>): Markup {
  const { name, iterations, rows, verdict, importances, beside } = training;
  const ranked = Object.entries(importances ?? {})
    .filter(([, value]) => value > 0)
    .sort((a, b) => b[1] - a[1])
    .slice(0, 15);
  const importance = barChart(
    'What the model works with',
    `Share of the work that each feature does in ${name}; at most fifteen are shown.`,
    ranked.map(([label, value]) => ({ label, value })),
    'share',
  );
  return html`<p>${name} learnt from ${formatCount(rows)} rows in ${formatCount(iterations)} ${iterations === 1 ? 'step' : 'iterations'}: ${verdict}.</p>
${beside ? html`<p>A model that is solved at once has no loss curve; ${beside.name}, which learns step by step, was trained beside it: ${beside.verdict}.</p>` : ''}
${renderCharts([lossChart(name, training), beside && lossChart(beside.name, beside), ranked.length > 0 ? importance : undefined])}
${next('The model is judged on rows that neither training nor the comparison has seen.')}`;
}

/** Loss on training and validation rows by iteration, with the iteration that was kept. */
function lossChart(name: string, { history, lossName, bestIteration, iterations }: Training): Chart | undefined {
  if (history.length < 2) return undefined;
  const points = (of: (point: HistoryPoint) => number | undefined) =>
    history.flatMap((point): [number, number][] => {
      const value = of(point);
      return value === undefined || !Number.isFinite(value) ? [] : [[point.iteration, value]];
    });
  const series = [
    { name: 'training', points: points(({ loss }) => loss) },
    { name: 'validation', points: points(({ validationLoss }) => validationLoss) },
  ].filter((line) => line.points.length > 0);
  const stopped = bestIteration < iterations;
  return lineChart(
    `Loss curve of ${name}`,
    `${lossName} after each iteration; ${stopped ? `iteration ${bestIteration} was kept` : 'the last one was kept'}.`,
    series,
    { xTitle: 'iteration', yTitle: lossName, ...(stopped && { mark: { x: bestIteration, label: 'kept' } }) },
  );
}

export function evaluateSection(report: EvaluationReport): Markup {
  const { metrics, diagnosis, stages, rows, regression, classification, target } = report;
  const { natural, label } = metricNamed(stages.metric);
  const stageBars = [
    { label: 'without features', value: stages.baseline },
    { label: 'training rows', value: stages.train },
    { label: 'cross-validation', value: stages.validation },
    { label: 'test rows', value: stages.test },
  ].flatMap((stage) => (stage.value === undefined ? [] : [{ label: stage.label, value: natural(stage.value) }]));
  const tone = {
    good: 'good',
    'slight-over-fit': 'warn',
    'over-fit': 'bad',
    'under-fit': 'warn',
    shift: 'bad',
    useless: 'bad',
    unknown: 'warn',
  }[diagnosis.verdict];
  return html`<p><span class="tag ${tone}">${diagnosis.verdict.replace('slight-', 'slight ')}</span> ${diagnosis.sentence}</p>
${renderTable(['on the test rows', { title: 'score', number: true }, '95 % interval', 'what it says'], metrics.map(metricRow))}
<p class="quiet">${formatCount(rows)} rows that were never learnt from; intervals by bootstrap over them.</p>
${renderCharts([
  barChart(
    `${label} by stage`,
    'A model that over-fits is much better on its training rows than on new ones.',
    stageBars,
    label,
  ),
  ...(regression ? residualCharts(regression, target) : []),
  ...(classification ? classificationCharts(classification) : []),
])}
${classification ? confusionTable(classification) : ''}
${next('Tuning looks for parameters that do better; a gate on these same test rows decides whether they replace the defaults.')}`;
}

function metricRow({ label, value, valueLow, valueHigh, meaning }: MetricReport) {
  return { cells: [label, formatNumber(value), `${formatNumber(valueLow)} … ${formatNumber(valueHigh)}`, meaning] };
}

function residualCharts(regression: NonNullable<EvaluationReport['regression']>, target: string): Chart[] {
  const scatter = {
    x: `predicted ${target}`,
    y: 'residual',
    rows: regression.points.length,
    form: 'points' as const,
    points: regression.points.map(({ prediction, residual }) => [prediction, residual] as const),
  };
  const { p05, p95 } = regression.quantiles;
  const { edges, counts } = regression.histogram;
  return [
    scatterChart(
      'Residuals',
      `True ${target} less the prediction, by prediction: no pattern around the line at 0 is good.`,
      scatter,
      'zero',
    ),
    histogramChart(
      'How large the errors are',
      { edges, counts, below: 0, above: 0 },
      `Nine in ten residuals lie between ${formatNumber(p05)} and ${formatNumber(p95)}; the outer bars take in what lies beyond.`,
    ),
  ];
}

function classificationCharts({ curves, calibration }: ClassificationReport): Chart[] {
  const shown = curves.slice(0, 6);
  if (shown.length === 0) return [];
  const roc = lineChart(
    'ROC curve',
    shown.length === 1
      ? `Area ${formatNumber(shown[0]!.area)}: the share of pairs ranked the right way round.`
      : 'One curve a class, against the rest.',
    shown.map(({ label, roc: points }) => ({ name: label, points: points.map(({ x, y }) => [x, y] as const) })),
    { xTitle: 'false-positive rate', yTitle: 'true-positive rate', zero: true },
  );
  const precision = lineChart(
    'Precision and recall',
    shown.length === 1
      ? `Average precision ${formatNumber(shown[0]!.averagePrecision)}.`
      : 'One curve a class, against the rest.',
    shown.map(({ label, precisionRecall }) => ({
      name: label,
      points: precisionRecall.map(({ x, y }) => [x, y] as const),
    })),
    { xTitle: 'recall', yTitle: 'precision', zero: true },
  );
  const ideal = {
    name: 'perfectly calibrated',
    points: [
      [0, 0],
      [1, 1],
    ] as [number, number][],
  };
  const calibrated = lineChart(
    'Calibration',
    'Where the line lies on the diagonal, a probability of 0.7 comes true 7 times in 10.',
    [{ name: 'model', points: calibration.map(({ predicted, observed }) => [predicted, observed] as const) }, ideal],
    { xTitle: 'predicted probability', yTitle: 'observed share', zero: true },
  );
  return [roc, precision, calibrated];
}

function confusionTable({ classes, confusion, perClass }: ClassificationReport): Markup {
  const most = 12;
  if (classes.length > most)
    return html`<p class="quiet">The confusion matrix of ${classes.length} classes is in the JSON.</p>`;
  return html`<h3>Confusion matrix</h3>${renderTable(
    [
      'true class',
      ...classes.map((label) => ({ title: `predicted ${label}`, number: true })),
      { title: 'precision', number: true },
      { title: 'recall', number: true },
    ],
    classes.map((label, k) => ({
      cells: [
        label,
        ...confusion[k]!.map(formatCount),
        formatShare(perClass[k]!.precision),
        formatShare(perClass[k]!.recall),
      ],
    })),
  )}`;
}

/** How people read a score of the study: measures of lists are as they are. */
function naturalOf(metric: string): (score: number) => number {
  return (listMetricNames as readonly string[]).includes(metric) ? (score) => score : metricNamed(metric).natural;
}

export function tuneSection(tuning: TuneResult | undefined, gate: GateResult | undefined): Markup {
  return html`${tuning ? tuningBody(tuning) : ''}${gate ? gateBody(gate) : ''}${next('The champion is what gets deployed.')}`;
}

function tuningBody({ history, metric, metricLabel, best, verdict, importances, defaults }: TuneResult): Markup {
  const natural = naturalOf(metric);
  const done = history.flatMap(({ trial, score }) =>
    score === undefined || !Number.isFinite(score) ? [] : [{ trial, score }],
  );
  let sofar = Number.NEGATIVE_INFINITY;
  const bests = done.map(({ trial, score }): [number, number] => [trial, natural((sofar = Math.max(sofar, score)))]);
  const chart = lineChart(
    'Tuning history',
    `${metricLabel} of each trial, and the best so far; trial 0 has the default parameters.`,
    [{ name: 'best so far', points: bests }],
    {
      xTitle: 'trial',
      yTitle: metricLabel,
      dots: { name: 'trial', points: done.map(({ trial, score }) => [trial, natural(score)] as const) },
    },
  );
  const ranked = Object.entries(importances)
    .filter(([, value]) => Number.isFinite(value))
    .sort((a, b) => b[1] - a[1]);
  const importance =
    ranked.length > 1
      ? barChart(
          'Which parameters matter',
          'How much of the score goes with each parameter over the trials.',
          ranked.slice(0, 12).map(([label, value]) => ({ label, value })),
          'importance',
        )
      : undefined;
  const names = Object.keys({ ...defaults.parameters, ...best.parameters });
  return html`<p>${verdict}</p>
${renderCharts([chart, importance])}
${renderTable(
  ['parameter', { title: 'default', number: true }, { title: `best (trial ${best.trial})`, number: true }],
  names.map((name) => ({ cells: [name, shown(defaults.parameters[name]), shown(best.parameters[name])] })),
)}`;
}

function shown(value: unknown): string {
  if (typeof value === 'object' && value !== null) return JSON.stringify(value);
  return typeof value === 'number' ? formatNumber(value) : value === undefined ? '' : String(value);
}

function gateBody({
  champion,
  metric,
  metricLabel,
  championScore,
  challengerScore,
  reasons,
  rows,
}: GateResult): Markup {
  const natural = naturalOf(metric);
  return html`<h3>The gate</h3>
${renderTable(
  ['on the test rows', { title: metricLabel, number: true }],
  [
    { cells: ['default parameters', formatNumber(natural(championScore))] },
    { cells: ['tuned parameters', formatNumber(natural(challengerScore))] },
  ],
)}
<p>Champion: <strong>${champion}</strong>. ${reasons.map((reason) => reason.charAt(0).toUpperCase() + reason.slice(1)).join(' ')}</p>
<p class="quiet">Both were scored on the same ${formatCount(rows)} rows, which neither had seen.</p>`;
}
