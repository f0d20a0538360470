import { html, type Markup } from '../../explore/page/html.js';
import { formatNumber, formatShare } from '../../table/format.js';
import type { ExplanationReport } from '../report.js';
import { cut, standingOf, valueText } from './charts.js';
import { leadSentence } from './page.js';

/**
 * One picture that stands by itself, for documents: importances with the rows' effects beside them, and below, how the first
 * shown row's prediction comes about. It has no script, and follows the reader's light or dark scheme.
 */

const WIDTH = 880;
const LEFT = 170;
const MOST_FEATURES = 10;
const MOST_DOTS = 100;
const ROW = 30;

const style = `text{font:13px ui-sans-serif,system-ui,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;fill:#1c2024}
.quiet{fill:#5d666f;font-size:12px}.title{font-size:15px;font-weight:600}.bar{fill:#0f6b8f}.up{fill:#d0693c}.line{stroke:#9aa4ad}
@media (prefers-color-scheme:dark){text{fill:#e7eaec}.quiet{fill:#9ba5ae}.bar{fill:#5cb6d9}.up{fill:#e88f63}.line{stroke:#5d666f}}`;

/** An SVG image, 880 units wide. */
export function renderExplanationPicture(report: ExplanationReport): string {
  const [first] = report.importances;
  const features = (first?.features ?? []).filter(({ importance }) => importance > 0).slice(0, MOST_FEATURES);
  const top = 64;
  const below = top + features.length * ROW + 46;
  const steps = waterfall(report);
  const height = below + (steps ? steps.height + 40 : 0);
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${leadSentence(report)}">
<style>${style}</style>
<text class="title" x="0" y="20">${cut(leadSentence(report), 96)}</text>
<text class="quiet" x="${LEFT}" y="48">${first ? first.unit : ''}</text>
${features.map(({ feature, importance, share }, k) => {
  const y = top + k * ROW;
  const width = Math.max(1, (190 * importance) / features[0]!.importance);
  return html`<text x="${LEFT - 10}" y="${y + 15}" text-anchor="end">${cut(feature, 22)}</text><rect class="bar" x="${LEFT}" y="${y + 3}" width="${width.toFixed(1)}" height="16" rx="2"/><text class="quiet" x="${(LEFT + width + 6).toFixed(1)}" y="${y + 15}">${formatShare(share)}</text>`;
})}
${dots(
  report,
  features.map(({ feature }) => feature),
  top,
)}
${steps ? html`<g transform="translate(0 ${below})">${steps.drawing}</g>` : ''}
</svg>
`.text;
}

/** The rows' effects, a line of dots a feature; orange where the feature's value is high. */
function dots({ explanation }: ExplanationReport, names: readonly string[], top: number): Markup {
  if (!explanation || names.length === 0) return html``;
  const { features, values, rows, unit } = explanation;
  const step = Math.max(1, Math.floor(rows / MOST_DOTS));
  const columns = names.map((name) => features.findIndex((feature) => feature.name === name)).filter((at) => at >= 0);
  const effects = columns.flatMap((at) => Array.from(values[0]![at]!));
  const [least, most] = [
    effects.reduce((a, b) => Math.min(a, b), 0),
    effects.reduce((a, b) => Math.max(a, b), Number.MIN_VALUE),
  ];
  const [from, to] = [LEFT + 270, WIDTH - 12];
  const place = (effect: number) => from + ((effect - least) / (most - least)) * (to - from);
  const drawn = columns.map((at, k) => {
    const standing = standingOf(features[at]!);
    const circles = [];
    for (let row = 0; row < rows; row += step) {
      const high = standing(row);
      const colour = high === null ? '#8b949c' : mix(high);
      const y = top + k * ROW + 11 + (((row / step) % 5) - 2) * 2.4;
      circles.push(
        html`<circle cx="${place(values[0]![at]![row]!).toFixed(1)}" cy="${y.toFixed(1)}" r="2.4" fill="${colour}" fill-opacity="0.75"/>`,
      );
    }
    return circles;
  });
  const bottom = top + names.length * ROW;
  const zero = place(0).toFixed(1);
  return html`<text class="quiet" x="${from}" y="48">effect of each row (${unit}); orange: high values</text>
<line class="line" x1="${zero}" x2="${zero}" y1="${top - 4}" y2="${bottom}" stroke-dasharray="4 3"/>${drawn}
<text class="quiet" x="${zero}" y="${bottom + 14}" text-anchor="middle">0</text><text class="quiet" x="${to}" y="${bottom + 14}" text-anchor="end">${formatNumber(most, 2)}</text>`;
}

/** Between the two colours of the pages, which read on light and on dark. */
function mix(share: number): string {
  const [low, high] = [
    [31, 127, 166],
    [216, 116, 72],
  ];
  return `rgb(${low!.map((value, k) => Math.round(value + share * (high![k]! - value))).join(' ')})`;
}

function waterfall({
  explanation,
  shownRows,
  sampledRows,
}: ExplanationReport): { drawing: Markup; height: number } | undefined {
  const row = shownRows[0];
  if (!explanation || row === undefined) return undefined;
  const { features, values, expected, predicted } = explanation;
  const effects = features
    .map((feature, at) => ({ feature, value: feature.values[row]!, effect: values[0]![at]![row]! }))
    .filter(({ effect }) => effect !== 0)
    .sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect))
    .slice(0, 6);
  const ends = [expected[0]!];
  for (const { effect } of effects) ends.push(ends.at(-1)! + effect);
  const [least, most] = [Math.min(...ends), Math.max(...ends)];
  const place = (x: number) => LEFT + 90 + ((x - least) / (most - least || 1)) * (WIDTH - LEFT - 190);
  const bars = effects.map(({ feature, value, effect }, k) => {
    const [a, b] = [place(ends[k]!), place(ends[k + 1]!)].sort((p, q) => p - q) as [number, number];
    const y = 34 + k * ROW;
    return html`<text x="${LEFT + 70}" y="${y + 15}" text-anchor="end">${cut(`${feature.name} = ${valueText(feature, value)}`, 32)}</text><rect class="${effect > 0 ? 'up' : 'bar'}" x="${a.toFixed(1)}" y="${y + 3}" width="${Math.max(1, b - a).toFixed(1)}" height="16" rx="2"/><text class="quiet" x="${(b + 6).toFixed(1)}" y="${y + 15}">${effect > 0 ? '+' : ''}${formatNumber(effect, 3)}</text>`;
  });
  const name = explanation.outputs[0] === 'prediction' ? '' : ` for ${explanation.outputs[0]}`;
  return {
    drawing: html`<text class="title" x="0" y="16">Row ${sampledRows[row]! + 1}${name}: from ${formatNumber(expected[0]!, 3)} on average to ${formatNumber(predicted[0]![row]!, 3)} (${explanation.unit})</text>${bars}`,
    height: 34 + effects.length * ROW,
  };
}
