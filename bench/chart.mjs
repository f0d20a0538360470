// The chart of a suite: bars of ratios, a small panel a group.
import { parse, View } from 'vega';
import { compile } from 'vega-lite';

/** A grey that is legible on white and on black. */
const grey = '#7d8590';
const look = {
  background: null,
  config: {
    view: { stroke: null },
    axis: { labelColor: grey, titleColor: grey, gridColor: '#8884', domainColor: grey, tickColor: grey },
    font: 'system-ui, sans-serif',
  },
};

/**
 * An SVG of `bars` ({ group, engine, ratio, whose: 'Lanewise' | 'peer' }), engines in the order in which they come.
 */
export async function barChart(bars, title, { columns = 2, width = 260 } = {}) {
  const { spec } = compile({
    data: { values: bars },
    facet: {
      field: 'group',
      type: 'nominal',
      title: null,
      sort: [...new Set(bars.map(({ group }) => group))],
      header: { labelColor: grey, labelFontSize: 12, labelAnchor: 'start', labelLimit: 0 },
    },
    columns,
    resolve: { scale: { y: 'independent' } },
    spec: {
      width,
      layer: [
        {
          mark: { type: 'bar', height: { band: 0.7 } },
          encoding: {
            color: {
              field: 'whose',
              scale: { domain: ['Lanewise', 'peer'], range: ['#2f81f7', '#9aa4af'] },
              legend: null,
            },
          },
        },
        {
          mark: { type: 'text', align: 'left', dx: 4, color: grey },
          encoding: { text: { field: 'ratio', format: '.2f' } },
        },
      ],
      encoding: {
        y: {
          field: 'engine',
          type: 'nominal',
          title: null,
          sort: [...new Set(bars.map(({ engine }) => engine))],
          axis: { labelLimit: 0 },
        },
        x: {
          field: 'ratio',
          type: 'quantitative',
          scale: { domain: [0, 3], clamp: true },
          title,
          axis: { tickCount: 4 },
        },
      },
    },
    ...look,
  });
  return new View(parse(spec), { renderer: 'none' }).toSVG();
}

/** An SVG of lines, seconds over size, both logarithmic, a panel for each thing that grows: `points` are { what, size, seconds, engine }. */
export async function growthChart(points) {
  const engines = [...new Set(points.map(({ engine }) => engine))];
  const colors = ['#2f81f7', '#1f9e89', '#d29922', '#9aa4af', '#c06cc0', '#e5534b'];
  const panel = (what) => ({
    title: { text: what, color: grey, fontSize: 12, anchor: 'start' },
    width: 200,
    height: 200,
    transform: [{ filter: { field: 'what', equal: what } }],
    mark: { type: 'line', point: true },
    encoding: {
      x: {
        field: 'size',
        type: 'quantitative',
        scale: { type: 'log', nice: false },
        title: null,
        axis: {
          values: [...new Set(points.filter((one) => one.what === what).map(({ size }) => size))],
          grid: false,
          labelOverlap: false,
        },
      },
      y: { field: 'seconds', type: 'quantitative', scale: { type: 'log' }, title: 'seconds' },
      color: {
        field: 'engine',
        type: 'nominal',
        scale: { domain: engines, range: colors.slice(0, engines.length) },
        legend: { title: null, labelColor: grey, orient: 'bottom', labelLimit: 0 },
      },
    },
  });
  const { spec } = compile({
    data: { values: points },
    columns: 3,
    concat: [...new Set(points.map(({ what }) => what))].map(panel),
    ...look,
  });
  return new View(parse(spec), { renderer: 'none' }).toSVG();
}
