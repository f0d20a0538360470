// The chart of a suite: bars of ratios, a small panel a group.
import { parse, View } from 'vega';
import { compile } from 'vega-lite';

/**
 * An SVG of `bars` ({ group, engine, ratio, whose: 'Lanewise' | 'peer' }), engines in the order in which they come. Its
 * greys are legible on white and on black.
 */
export async function barChart(bars, title, { columns = 2, width = 260 } = {}) {
  const grey = '#7d8590';
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
    background: null,
    config: {
      view: { stroke: null },
      axis: { labelColor: grey, titleColor: grey, gridColor: '#8884', domainColor: grey, tickColor: grey },
      font: 'system-ui, sans-serif',
    },
  });
  return new View(parse(spec), { renderer: 'none' }).toSVG();
}
