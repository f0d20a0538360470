import type { Chart, Specification } from '../../explore/page/charts.js';
import { formatMoment, formatNumber } from '../../table/format.js';
import type { ExplainedFeature, Explanation } from '../attribution.js';
import type { GridAxis, PartialDependence } from '../partial-dependence.js';

const MOST_DOTS = 220;
const MOST_CURVES = 30;
const MOST_STEPS = 9;
const MOST_LABELS = 20;

const quantitative = (field: string, title: string, more: object = {}) => ({
  field,
  type: 'quantitative',
  axis: { title, tickCount: 5 },
  ...more,
});

/** A feature's value as people read it. */
export function valueText({ type, labels }: Pick<ExplainedFeature, 'type' | 'labels'>, value: number): string {
  if (Number.isNaN(value)) return 'missing';
  if (type === 'category') return cut(labels![value] ?? 'not known', 24);
  if (type === 'boolean') return value === 1 ? 'true' : 'false';
  return type === 'timestamp' ? formatMoment(value) : formatNumber(value, 3);
}

export function cut(text: string, length: number): string {
  const letters = [...text];
  return letters.length > length ? `${letters.slice(0, length - 1).join('')}…` : text;
}

/** Evenly spread places, at most `most`. */
function spread(count: number, most: number): number[] {
  if (count <= most) return Array.from({ length: count }, (_, place) => place);
  return Array.from({ length: most }, (_, k) => Math.floor((k * count) / most));
}

/** Where a value stands among its feature's, 0 … 1; null where it is missing or has no order. */
export function standingOf({ type, values }: ExplainedFeature): (row: number) => number | null {
  if (type === 'category') return () => null;
  const sorted = values.filter((value) => !Number.isNaN(value)).sort();
  const below = (value: number) => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sorted[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const most = below(sorted.at(-1) ?? 0);
  return (row) =>
    Number.isNaN(values[row]!) ? null : Math.round((100 * below(values[row]!)) / Math.max(1, most)) / 100;
}

/** One dot a row and feature: how far it pushed the prediction, coloured by whether the value is low or high. */
export function summaryChart(explanation: Explanation, output: number, names: readonly string[], title: string): Chart {
  const rows = spread(explanation.rows, MOST_DOTS);
  const values = names.flatMap((name) => {
    const index = explanation.features.findIndex((feature) => feature.name === name);
    const feature = explanation.features[index]!;
    const place = standingOf(feature);
    const effects = rows.map((row) => explanation.values[output]![index]![row]!);
    const heaps = heap(effects);
    return rows.map((row, k) => ({
      feature: cut(name, 28),
      effect: effects[k]!,
      height: heaps[k]!,
      standing: place(row),
      value: valueText(feature, feature.values[row]!),
    }));
  });
  const encoding = {
    x: quantitative('effect', `effect on the prediction (${explanation.unit})`),
    y: {
      field: 'feature',
      type: 'nominal',
      sort: names.map((name) => cut(name, 28)),
      axis: { title: null, labelLimit: 130, grid: true },
    },
    yOffset: { field: 'height', type: 'quantitative', scale: { domain: [-1.15, 1.15] } },
    tooltip: [
      { field: 'feature', type: 'nominal' },
      { field: 'value', type: 'nominal' },
      { field: 'effect', type: 'quantitative', format: '.3g' },
    ],
  };
  const layer: Specification[] = [
    {
      transform: [{ filter: 'datum.standing === null' }],
      mark: { type: 'point', size: 22, opacity: 0.55, color: '@quiet' },
      encoding,
    },
    {
      transform: [{ filter: 'datum.standing !== null' }],
      mark: { type: 'point', size: 22, opacity: 0.75 },
      encoding: {
        ...encoding,
        color: {
          field: 'standing',
          type: 'quantitative',
          legend: {
            title: 'value: low to high',
            gradientLength: 120,
            values: [0, 1],
            labelExpr: "datum.value ? 'high' : 'low'",
          },
          scale: { domain: [0, 1], range: ['@accent', '@second'], interpolate: 'rgb' },
        },
      },
    },
  ];
  return {
    title,
    description:
      'Each dot is a row: right of 0 the feature raised the prediction, left of 0 it lowered it. Blue dots are low values of the feature, orange ones high; grey ones have no order or are missing.',
    specification: { height: Math.max(120, names.length * 40), data: { values }, layer },
    table: {
      head: ['feature', 'value', 'effect'],
      rows: values.slice(0, 400).map(({ feature, value, effect }) => [feature, value, effect]),
    },
    wide: true,
  };
}

/** Heights of dots that would lie on one another, −1 … 1: near neighbours go up and down in turn. */
function heap(effects: readonly number[]): number[] {
  const [least, most] = [Math.min(...effects), Math.max(...effects)];
  const step = (most - least) / 60 || 1;
  const heights = new Array<number>(effects.length).fill(0);
  const counts = new Map<number, number>();
  for (let k = 0; k < effects.length; k++) {
    const bucket = Math.round((effects[k]! - least) / step);
    const count = counts.get(bucket) ?? 0;
    counts.set(bucket, count + 1);
    heights[k] = (count % 2 === 0 ? 1 : -1) * Math.ceil(count / 2);
  }
  const tallest = Math.max(6, ...heights.map(Math.abs));
  return heights.map((height) => height / tallest);
}

/** How one row's prediction comes about, from the expected value to its own, the strongest features apart. */
export function waterfallChart(explanation: Explanation, output: number, row: number, title: string): Chart {
  const { features, values, expected, predicted } = explanation;
  const effects = features
    .map((feature, index) => ({
      label: `${cut(feature.name, 22)} = ${valueText(feature, feature.values[row]!)}`,
      effect: values[output]![index]![row]!,
    }))
    .filter(({ effect }) => effect !== 0)
    .sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect));
  const shown = effects.slice(0, MOST_STEPS);
  const rest = effects.slice(MOST_STEPS).reduce((sum, { effect }) => sum + effect, 0);
  if (effects.length > MOST_STEPS) shown.push({ label: `${effects.length - MOST_STEPS} others`, effect: rest });
  let at = expected[output]!;
  const steps = shown.map(({ label, effect }) => {
    const from = at;
    at += effect;
    return {
      label,
      from,
      to: at,
      effect,
      text: `${effect > 0 ? '+' : ''}${formatNumber(effect, 3)}`,
      way: effect > 0 ? 'raises' : 'lowers',
    };
  });
  const [start, end] = [expected[output]!, predicted[output]![row]!];
  const y = { field: 'label', type: 'nominal', sort: null, axis: { title: null, labelLimit: 190 } };
  const layer: Specification[] = [
    {
      data: { values: [{ x: start }] },
      mark: { type: 'rule', strokeDash: [4, 3] },
      encoding: { x: { field: 'x', type: 'quantitative' } },
    },
    {
      mark: { type: 'bar', tooltip: true, height: { band: 0.66 } },
      encoding: {
        y,
        x: {
          field: 'from',
          type: 'quantitative',
          scale: { zero: false },
          axis: { title: explanation.unit, tickCount: 5 },
        },
        x2: { field: 'to' },
        color: {
          field: 'way',
          type: 'nominal',
          title: null,
          scale: { domain: ['raises', 'lowers'], range: ['@second', '@accent'] },
        },
      },
    },
    {
      mark: { type: 'text', align: 'left', dx: 5, fontSize: 11, color: '@quiet' },
      encoding: { y, x: { field: 'end', type: 'quantitative' }, text: { field: 'text' } },
    },
  ];
  const data = steps.map((step) => ({ ...step, end: Math.max(step.from, step.to) }));
  const first = steps[0];
  return {
    title,
    description: first
      ? `From ${formatNumber(start, 3)} on average to ${formatNumber(end, 3)} for this row; ${first.label} ${first.way} it most.`
      : `No feature moves this row's prediction from ${formatNumber(start, 3)}.`,
    specification: { height: Math.max(80, steps.length * 26), data: { values: data }, layer },
    table: {
      head: ['feature', 'effect', 'prediction so far'],
      rows: steps.map(({ label, effect, to }) => [label, effect, to]),
    },
  };
}

/** A feature's effect by its value, a dot a row. */
export function dependenceChart(explanation: Explanation, output: number, name: string): Chart {
  const index = explanation.features.findIndex((feature) => feature.name === name);
  const feature = explanation.features[index]!;
  const known = Array.from(feature.values.keys()).filter((row) => !Number.isNaN(feature.values[row]!));
  const frequent = feature.type === 'category' ? mostFrequent(feature.values, MOST_LABELS) : undefined;
  const told = frequent ? known.filter((row) => frequent.has(feature.values[row]!)) : known;
  const rows = spread(told.length, 500).map((place) => told[place]!);
  const values = rows.map((row) => ({
    value: feature.type === 'category' ? valueText(feature, feature.values[row]!) : feature.values[row]!,
    effect: explanation.values[output]![index]![row]!,
  }));
  const type = {
    category: 'nominal',
    text: 'nominal',
    timestamp: 'temporal',
    boolean: 'quantitative',
    number: 'quantitative',
  }[feature.type];
  const axis = {
    title: cut(name, 40),
    ...(type === 'nominal' ? { labelAngle: -40, labelLimit: 90 } : { tickCount: 6 }),
  };
  const zero = { data: { values: [{ z: 0 }] }, mark: { type: 'rule', strokeDash: [4, 3] } };
  return {
    title: `Effect of ${cut(name, 40)}`,
    description: describeTrend(feature, explanation.values[output]![index]!, name),
    specification: {
      height: 220,
      layer: [
        { ...zero, encoding: { y: { field: 'z', type: 'quantitative' } } },
        {
          data: { values },
          mark: { type: 'point', size: 20, opacity: 0.5, tooltip: true },
          encoding: {
            x: { field: 'value', type, ...(type === 'quantitative' && { scale: { zero: false } }), axis },
            y: quantitative('effect', explanation.unit),
          },
        },
      ],
    },
    table: { head: [name, 'effect'], rows: values.map(({ value, effect }) => [value, effect]) },
  };
}

function mostFrequent(codes: Float64Array, most: number): ReadonlySet<number> {
  const counts = new Map<number, number>();
  for (const code of codes) if (!Number.isNaN(code)) counts.set(code, (counts.get(code) ?? 0) + 1);
  const order = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  return new Set(order.slice(0, most).map(([code]) => code));
}

/** Which way a feature works, by the correlation of its values and its effects. */
export function trendOf({ type, values }: ExplainedFeature, effects: Float64Array): number {
  if (type === 'category') return 0;
  let [n, x, y, xx, yy, xy] = [0, 0, 0, 0, 0, 0];
  for (let row = 0; row < values.length; row++) {
    const [a, b] = [values[row]!, effects[row]!];
    if (!Number.isFinite(a)) continue;
    n++;
    const [dx, dy] = [a - x, b - y];
    x += dx / n;
    y += dy / n;
    xx += dx * (a - x);
    yy += dy * (b - y);
    xy += dx * (b - y);
  }
  return xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : 0;
}

function describeTrend(feature: ExplainedFeature, effects: Float64Array, name: string): string {
  const trend = trendOf(feature, effects);
  const words = feature.type === 'category' ? 'Each label has its own effect' : undefined;
  const way = trend > 0.5 ? 'Higher values raise' : trend < -0.5 ? 'Higher values lower' : undefined;
  const spreadOut = 'the height of the dots at one value is what other features change about it.';
  if (words) return `${words}; ${spreadOut}`;
  return way ? `${way} the prediction; ${spreadOut}` : `No simple rise or fall with ${cut(name, 30)}; ${spreadOut}`;
}

function gridLabel(axis: GridAxis, value: number): string | number {
  return axis.type === 'category' || axis.type === 'boolean' ? valueText(axis, value) : value;
}

/** The mean prediction by a feature's value, over faint curves of single rows. */
export function partialDependenceChart({ axes, mean, curves, output }: PartialDependence): Chart | undefined {
  const [axis] = axes;
  if (!axis || axis.grid.length < 2) return undefined;
  const grid = Array.from(axis.grid, (value) => gridLabel(axis, value));
  const average = grid.map((x, point) => ({ x, y: mean[point]! }));
  const kept = curves.slice(0, MOST_CURVES);
  const lines = kept.flatMap((curve, row) => grid.map((x, point) => ({ x, y: curve[point]!, row })));
  const discrete = axis.type === 'category' || axis.type === 'boolean';
  const type = discrete ? 'nominal' : axis.type === 'timestamp' ? 'temporal' : 'quantitative';
  const x = {
    field: 'x',
    type,
    sort: null,
    ...(type === 'quantitative' && { scale: { zero: false, nice: false } }),
    axis: { title: cut(axis.feature, 40), ...(discrete ? { labelAngle: -40, labelLimit: 90 } : { tickCount: 6 }) },
  };
  const y = quantitative('y', output.replace(/^probability_/, 'probability of '), { scale: { zero: false } });
  const faint = { opacity: 0.16, strokeWidth: 1, color: '@quiet' };
  const least = mean.indexOf(Math.min(...mean));
  const most = mean.indexOf(Math.max(...mean));
  return {
    title: cut(axis.feature, 40),
    description: `On average from ${formatNumber(mean[least]!, 3)} (at ${valueText(axis, axis.grid[least]!)}) to ${formatNumber(mean[most]!, 3)} (at ${valueText(axis, axis.grid[most]!)}).`,
    specification: {
      height: 200,
      layer: [
        {
          data: { values: lines },
          mark: discrete ? { type: 'tick', thickness: 1, opacity: 0.3, color: '@quiet' } : { type: 'line', ...faint },
          encoding: discrete ? { x, y } : { x, y, detail: { field: 'row', type: 'nominal' } },
        },
        {
          data: { values: average },
          mark: discrete ? { type: 'point', size: 90, tooltip: true } : { type: 'line', strokeWidth: 3, tooltip: true },
          encoding: { x, y },
        },
      ],
    },
    table: { head: [axis.feature, 'mean prediction'], rows: average.map((point) => [point.x, point.y]) },
  };
}

/** The mean prediction over a grid of two features. */
export function pairChart({ axes, mean, output }: PartialDependence): Chart | undefined {
  const [a, b] = axes;
  if (!a || !b || a.grid.length < 2 || b.grid.length < 2) return undefined;
  const text = (axis: GridAxis, value: number) => String(valueText(axis, value));
  const cells = Array.from(mean, (value, point) => ({
    a: text(a, a.grid[Math.floor(point / b.grid.length)]!),
    b: text(b, b.grid[point % b.grid.length]!),
    value,
  }));
  const position = (field: string, title: string, more: object = {}) => ({
    field,
    type: 'ordinal',
    sort: null,
    axis: { title: cut(title, 40), labelLimit: 90, ...more },
  });
  return {
    title: `${cut(a.feature, 30)} and ${cut(b.feature, 30)} together`,
    description: 'The mean prediction where the two are set to these values; the pair that acts together most.',
    specification: {
      height: 260,
      data: { values: cells },
      mark: { type: 'rect', tooltip: true },
      encoding: {
        x: position('a', a.feature, { labelAngle: -45 }),
        y: { ...position('b', b.feature), sort: 'descending', scale: { reverse: false } },
        color: {
          field: 'value',
          type: 'quantitative',
          legend: { title: output.replace(/^probability_/, 'probability of '), gradientLength: 160 },
          scale: { range: ['@page', '@accent'], interpolate: 'rgb' },
        },
      },
    },
    table: { head: [a.feature, b.feature, 'mean prediction'], rows: cells.map((cell) => [cell.a, cell.b, cell.value]) },
  };
}

/** How much features act together, as squares; on the diagonal what each does alone. */
export function interactionChart(
  names: readonly string[],
  strength: readonly (readonly number[])[],
  unit: string,
): Chart {
  const short = names.map((name) => cut(name, 22));
  const cells = short.flatMap((a, i) =>
    short.map((b, j) => ({ a, b, value: strength[i]![j]!, alone: i === j, text: formatNumber(strength[i]![j]!, 2) })),
  );
  const strongest = cells.filter(({ alone }) => !alone).sort((p, q) => q.value - p.value)[0];
  const most = Math.max(...cells.map(({ value }) => value), Number.MIN_VALUE);
  const position = (field: string, more: object) => ({
    field,
    type: 'nominal',
    sort: null,
    axis: { title: null, domain: false, ticks: false, labelLimit: 110, ...more },
  });
  const encoding = { x: position('b', { labelAngle: -60 }), y: position('a', {}) };
  return {
    title: 'Interactions',
    description:
      strongest && strongest.value > 0
        ? `${strongest.a} and ${strongest.b} act together most (${strongest.text} on average). The diagonal is what a feature does by itself.`
        : 'No two features act together: the model adds their effects up.',
    specification: {
      height: Math.max(160, names.length * 34),
      data: { values: cells },
      layer: [
        {
          mark: { type: 'rect', tooltip: true, cornerRadius: 2 },
          encoding: {
            ...encoding,
            color: {
              field: 'value',
              type: 'quantitative',
              legend: { title: `mean |${unit}|`, gradientLength: 160, tickCount: 4 },
              scale: { type: 'sqrt', domain: [0, most], range: ['@page', '@accent'], interpolate: 'rgb' },
            },
          },
        },
        {
          mark: { type: 'text', fontSize: 10 },
          encoding: {
            ...encoding,
            text: { field: 'text' },
            color: { condition: { test: `datum.value > ${0.4 * most}`, value: '@page' }, value: '@text' },
          },
        },
      ],
    },
    table: {
      head: ['', ...short],
      rows: short.map((name, i) => [name, ...strength[i]!.map((value) => formatNumber(value, 3))]),
    },
    wide: names.length > 6,
  };
}
