import { formatCount, formatMoment, formatNumber } from '../../table/format.js';
import type { AssociationMatrix } from '../association.js';
import type { Histogram } from '../numbers.js';
import type { Scatter } from '../scatter.js';
import { html, jsonForScript, type Markup } from './html.js';

/** A Vega-Lite specification, less its width (the page's), with colours by role: '@accent', '@second', '@quiet'. */
export type Specification = Readonly<Record<string, unknown>>;

/** A chart with what a reader needs who cannot see it. */
export interface Chart {
  readonly title: string;
  /** What it shows and what to see in it, in a sentence. */
  readonly description: string;
  readonly specification: Specification;
  /** The same figures as a table. */
  readonly table: { readonly head: readonly string[]; readonly rows: readonly (readonly (string | number)[])[] };
  /** Spans both columns of a grid of charts. */
  readonly wide?: boolean;
}

const MOST_TABLE_ROWS = 60;

/** A figure: title, drawing, sentence, and the figures as a table to unfold. */
function renderChart(chart: Chart): Markup {
  const { title, description, specification, table } = chart;
  const full = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    description: `${title}. ${description}`,
    height: 220,
    ...specification,
  };
  const shown = table.rows.slice(0, MOST_TABLE_ROWS);
  return html`<figure data-chart class="${chart.wide ? 'wide' : ''}">
<figcaption>${title}</figcaption>
<div class="chart" role="img" aria-label="${title}. ${description}"></div>
<p class="quiet">${description}</p>
<script type="application/json">${jsonForScript(full)}</script>
<details><summary>Figures</summary><div class="scroll"><table><thead><tr>${table.head.map((cell) => html`<th scope="col">${cell}</th>`)}</tr></thead>
<tbody>${shown.map((row) => html`<tr>${row.map((cell) => html`<td>${typeof cell === 'number' ? formatNumber(cell) : cell}</td>`)}</tr>`)}</tbody></table></div>
${table.rows.length > shown.length ? html`<p class="quiet">The first ${shown.length} of ${table.rows.length}.</p>` : ''}</details>
</figure>`;
}

/** Charts two abreast where there is room; undefined ones are left out. */
export function renderCharts(list: readonly (Chart | undefined)[]): Markup {
  const drawn = list.filter((chart) => chart !== undefined);
  if (drawn.length === 0) return html``;
  // The last one does not stand beside a gap.
  const narrow = drawn.filter(({ wide }) => !wide).length;
  if (narrow % 2 === 1) drawn[drawn.length - 1] = { ...drawn.at(-1)!, wide: true };
  return html`<div class="charts">${drawn.map(renderChart)}</div>`;
}

/** An axis without title noise; `format` as d3. */
const axis = (title: string, more: object = {}) => ({ title, tickCount: 6, ...more });

export function histogramChart(title: string, histogram: Histogram, description?: string): Chart {
  const bins = histogram.counts.map((count, i) => ({ from: histogram.edges[i]!, to: histogram.edges[i + 1]!, count }));
  const outside = histogram.below + histogram.above;
  const beyond = outside > 0 ? ` ${formatCount(outside)} outlying values lie beyond the edges.` : '';
  const mode = bins.reduce(
    (best, bin) => (bin.count > best.count ? bin : best),
    bins[0] ?? { from: NaN, to: NaN, count: 0 },
  );
  return {
    title,
    description: `${description ?? `Most rows lie between ${formatNumber(mode.from)} and ${formatNumber(mode.to)}.`}${beyond}`,
    specification: {
      data: { values: bins },
      mark: { type: 'bar', tooltip: true, binSpacing: 1 },
      encoding: {
        x: { field: 'from', type: 'quantitative', bin: { binned: true }, axis: axis('') },
        x2: { field: 'to' },
        y: { field: 'count', type: 'quantitative', axis: axis('rows', { tickCount: 4 }) },
      },
    },
    table: { head: ['from', 'to', 'rows'], rows: bins.map(({ from, to, count }) => [from, to, count]) },
  };
}

export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly low?: number;
  readonly high?: number;
}

/** Horizontal bars in the order given; whiskers where low and high are known. */
export function barChart(title: string, description: string, bars: readonly Bar[], valueTitle: string): Chart {
  const whiskers = bars.some(({ low }) => low !== undefined);
  const y = { field: 'label', type: 'nominal', sort: null, axis: { title: null, labelLimit: 130 } };
  const layer: Specification[] = [
    {
      mark: { type: 'bar', tooltip: true, height: { band: 0.7 } },
      encoding: { y, x: { field: 'value', type: 'quantitative', axis: axis(valueTitle, { tickCount: 4 }) } },
    },
  ];
  if (whiskers)
    layer.push({
      mark: { type: 'rule', color: '@text' },
      encoding: { y, x: { field: 'low', type: 'quantitative' }, x2: { field: 'high' } },
    });
  return {
    title,
    description,
    specification: { height: Math.max(60, bars.length * 22), data: { values: bars }, layer },
    table: {
      head: ['', valueTitle, ...(whiskers ? ['low', 'high'] : [])],
      rows: bars.map(({ label, value, low, high }) => [label, value, ...(whiskers ? [low ?? NaN, high ?? NaN] : [])]),
    },
  };
}

/** Dots with intervals, one a label. */
export function intervalChart(title: string, description: string, bars: readonly Bar[], valueTitle: string): Chart {
  const y = {
    field: 'label',
    type: 'nominal',
    sort: null,
    axis: { title: null, labelLimit: 150, grid: true, gridDash: [2, 3] },
  };
  return {
    title,
    description,
    specification: {
      height: Math.max(80, bars.length * 34),
      data: { values: bars },
      layer: [
        {
          mark: { type: 'rule', strokeWidth: 3, opacity: 0.45, color: '@accent' },
          encoding: {
            y,
            x: {
              field: 'low',
              type: 'quantitative',
              scale: { zero: false, nice: true },
              axis: axis(valueTitle, { tickCount: 5 }),
            },
            x2: { field: 'high' },
          },
        },
        {
          mark: { type: 'point', size: 90, opacity: 1, tooltip: true },
          encoding: { y, x: { field: 'value', type: 'quantitative' } },
        },
      ],
    },
    table: {
      head: ['', valueTitle, 'low', 'high'],
      rows: bars.map(({ label, value, low, high }) => [label, value, low ?? NaN, high ?? NaN]),
    },
  };
}

/** Vertical bars over ordered labels (hours, weekdays). */
export function columnChart(title: string, description: string, bars: readonly Bar[], valueTitle: string): Chart {
  return {
    title,
    description,
    specification: {
      height: 180,
      data: { values: bars },
      mark: { type: 'bar', tooltip: true },
      encoding: {
        x: {
          field: 'label',
          type: 'ordinal',
          sort: null,
          axis: { title: null, labelAngle: 0, labelOverlap: 'greedy' },
        },
        y: { field: 'value', type: 'quantitative', axis: axis(valueTitle, { tickCount: 4 }) },
      },
    },
    table: { head: ['', valueTitle], rows: bars.map(({ label, value }) => [label, value]) },
  };
}

export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [number, number])[];
}

export interface LineOptions {
  readonly time?: boolean;
  readonly xTitle?: string;
  readonly yTitle: string;
  readonly zero?: boolean;
  /** A vertical line with a word, at an x. */
  readonly mark?: { readonly x: number; readonly label: string };
  /** Draws the points too. */
  readonly points?: boolean;
  /** A series of dots that no line joins. */
  readonly dots?: Series;
}

/** Lines of one or more series over numbers or moments. */
export function lineChart(title: string, description: string, series: readonly Series[], options: LineOptions): Chart {
  const { dots, mark, time, xTitle, yTitle } = options;
  const all = dots ? [...series, dots] : series;
  const values = all.flatMap(({ name, points }) => points.map(([x, y]) => ({ series: name, x, y })));
  const x = lineAxis(values, options);
  const y = {
    field: 'y',
    type: 'quantitative',
    scale: { zero: options.zero ?? false },
    axis: axis(yTitle, { tickCount: 5 }),
  };
  const colour = all.length > 1 ? { color: { field: 'series', type: 'nominal', title: null, sort: null } } : {};
  const encoding = { x, y, ...colour };
  const only = (names: readonly string[]) => [{ filter: { field: 'series', oneOf: names } }];
  const point = options.points ? { size: 40 } : false;
  const layer: Specification[] = [
    { transform: only(series.map(({ name }) => name)), mark: { type: 'line', tooltip: true, point }, encoding },
  ];
  if (dots) layer.push({ transform: only([dots.name]), mark: { type: 'point', size: 45, tooltip: true }, encoding });
  if (mark) layer.push(...verticalMark(mark, x));
  return {
    title,
    description,
    specification: { height: 240, data: { values }, layer },
    table: {
      head: ['series', xTitle || 'x', yTitle],
      rows: values.map((point) => [point.series, time ? formatMoment(point.x) : point.x, point.y]),
    },
  };
}

function lineAxis(values: readonly { readonly x: number }[], { time, xTitle }: LineOptions): Record<string, unknown> {
  const whole = values.every(({ x }) => Number.isInteger(x));
  const ticks = time ? { labelOverlap: 'greedy' } : whole ? { tickMinStep: 1 } : {};
  return {
    field: 'x',
    type: time ? 'temporal' : 'quantitative',
    scale: time ? { type: 'utc' } : { zero: false, nice: false },
    axis: axis(xTitle ?? '', ticks),
  };
}

function verticalMark({ x: at, label }: { x: number; label: string }, x: Record<string, unknown>): Specification[] {
  const data = { values: [{ x: at, label }] };
  const place = { ...x, axis: undefined };
  return [
    { data, mark: { type: 'rule', strokeDash: [4, 3] }, encoding: { x: place } },
    {
      data,
      mark: { type: 'text', align: 'right', dx: -6, dy: -4, baseline: 'top', y: 4, color: '@quiet' },
      encoding: { x: place, text: { field: 'label' } },
    },
  ];
}

/** Points, or counts on a grid as squares. `line` draws y = x or y = 0 through it. */
export function scatterChart(title: string, description: string, scatter: Scatter, line?: 'diagonal' | 'zero'): Chart {
  const [x, y] = [axis(scatter.x), axis(scatter.y, { tickCount: 5 })];
  const layer: Specification[] = [];
  let rows: (string | number)[][];
  if (scatter.form === 'points') {
    const values = scatter.points.map(([a, b]) => ({ a, b }));
    rows = scatter.points.map(([a, b]) => [a, b]);
    layer.push({
      data: { values },
      mark: { type: 'point', size: 18, opacity: 0.35, tooltip: false },
      encoding: {
        x: { field: 'a', type: 'quantitative', scale: { zero: false }, axis: x },
        y: { field: 'b', type: 'quantitative', scale: { zero: false }, axis: y },
      },
    });
  } else {
    rows = scatter.cells.map(({ x0, x1, y0, y1, count }) => [
      `${formatNumber(x0)} – ${formatNumber(x1)}`,
      `${formatNumber(y0)} – ${formatNumber(y1)}`,
      count,
    ]);
    layer.push({
      data: { values: scatter.cells },
      mark: { type: 'rect', tooltip: true },
      encoding: {
        x: { field: 'x0', type: 'quantitative', bin: { binned: true }, axis: x },
        x2: { field: 'x1' },
        y: { field: 'y0', type: 'quantitative', bin: { binned: true }, axis: y },
        y2: { field: 'y1' },
        opacity: { field: 'count', type: 'quantitative', scale: { type: 'sqrt', range: [0.12, 1] }, legend: null },
      },
    });
  }
  if (line === 'zero')
    layer.push({
      data: { values: [{ z: 0 }] },
      mark: { type: 'rule', strokeDash: [4, 3] },
      encoding: { y: { field: 'z', type: 'quantitative' } },
    });
  if (line === 'diagonal') layer.push(diagonal(scatter));
  return {
    title,
    description,
    specification: { height: 260, layer },
    table: { head: [scatter.x, scatter.y, ...(scatter.form === 'density' ? ['rows'] : [])], rows },
  };
}

function diagonal(scatter: Scatter): Specification {
  const numbers =
    scatter.form === 'points' ? scatter.points.map(([x]) => x) : scatter.cells.flatMap(({ x0, x1 }) => [x0, x1]);
  const [low, high] = [
    numbers.reduce((a, b) => Math.min(a, b), Infinity),
    numbers.reduce((a, b) => Math.max(a, b), -Infinity),
  ];
  return {
    data: { values: [{ u: low }, { u: high }] },
    mark: { type: 'line', strokeDash: [4, 3], strokeWidth: 1.2, color: '@quiet' },
    encoding: { x: { field: 'u', type: 'quantitative' }, y: { field: 'u', type: 'quantitative' } },
  };
}

const METHODS = { pearson: 'Pearson’s r', spearman: 'Spearman’s ρ', 'cramers-v': 'Cramér’s V' };
const MOST_CELLS_WITH_TEXT = 12;

/** An association matrix as coloured squares; numbers in them where they fit. */
export function heatMap(matrix: AssociationMatrix): Chart {
  const { names, values, method } = matrix;
  const cells = names.flatMap((a, i) => names.map((b, j) => ({ a, b, value: round(values[i]![j]!) })));
  const strongest = cells
    .filter(({ a, b, value }) => a < b && value !== null)
    .sort((p, q) => Math.abs(q.value!) - Math.abs(p.value!))[0];
  const signed = method !== 'cramers-v';
  const size = Math.max(180, names.length * 26 + 90);
  const position = (field: string, more: object) => ({
    field,
    type: 'nominal',
    sort: null,
    axis: { title: null, domain: false, ticks: false, labelLimit: 110, ...more },
  });
  const encoding = { x: position('b', { labelAngle: -60 }), y: position('a', {}) };
  const layer: Specification[] = [
    {
      mark: { type: 'rect', tooltip: true, cornerRadius: 2 },
      encoding: {
        ...encoding,
        color: {
          field: 'value',
          type: 'quantitative',
          legend: { title: null, gradientLength: 160, tickCount: 5 },
          scale: signed
            ? { domain: [-1, 0, 1], range: ['@second', '@page', '@accent'], interpolate: 'rgb' }
            : { domain: [0, 1], range: ['@page', '@accent'], interpolate: 'rgb' },
        },
      },
    },
  ];
  if (names.length <= MOST_CELLS_WITH_TEXT) {
    layer.push({
      mark: { type: 'text', fontSize: 11 },
      encoding: {
        ...encoding,
        text: { field: 'value', type: 'quantitative', format: '.2f' },
        color: { condition: { test: 'abs(datum.value) > 0.6', value: '@page' }, value: '@text' },
      },
    });
  }
  const description = strongest
    ? `${names.length} columns; the strongest pair is ${strongest.a} and ${strongest.b} (${strongest.value!.toFixed(2)}).`
    : `${names.length} columns; no pair could be compared.`;
  return {
    title: METHODS[method],
    description,
    specification: { height: size, data: { values: cells }, layer },
    table: {
      head: ['', ...names],
      rows: names.map((name, i) => [
        name,
        ...values[i]!.map((value) => (Number.isNaN(value) ? '–' : value.toFixed(2))),
      ]),
    },
  };
}

function round(value: number): number | null {
  return Number.isNaN(value) ? null : Math.round(value * 1000) / 1000;
}

/** Bars so small that they stand in a line of a table; drawn by the page itself, without a script. */
export function sparkBars(counts: readonly number[], label: string): Markup {
  const most = Math.max(1, ...counts);
  const width = 120 / Math.max(1, counts.length);
  const bars = counts.map((count, i) => {
    const height = count === 0 ? 0 : Math.max(1, (count / most) * 26);
    return html`<rect x="${(i * width).toFixed(2)}" y="${(28 - height).toFixed(2)}" width="${Math.max(0.6, width - (width > 3 ? 1 : 0)).toFixed(2)}" height="${height.toFixed(2)}"/>`;
  });
  return html`<svg class="spark" viewBox="0 0 120 28" role="img" aria-label="${label}" preserveAspectRatio="none">${bars}</svg>`;
}
