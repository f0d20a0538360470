// Runs in the report page. Draws every `<figure data-chart>` from the Vega-Lite specification beside it, without
// `eval` (the page's security policy forbids it), in the colours of the page, and again when those change.
import * as vega from 'vega';
import { expressionInterpreter } from 'vega-interpreter';
import { compile } from 'vega-lite';

const dark = matchMedia('(prefers-color-scheme: dark)');

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function config() {
  const [text, quiet, line, accent, second] = ['--text', '--quiet', '--line', '--accent', '--second'].map(colour);
  const font = getComputedStyle(document.body).fontFamily;
  return {
    background: 'transparent',
    font,
    view: { stroke: null },
    mark: { color: accent },
    bar: { color: accent },
    point: { color: accent, filled: true },
    line: { color: accent, strokeWidth: 2 },
    rule: { color: quiet },
    text: { color: text, fontSize: 12 },
    axis: {
      labelColor: quiet,
      titleColor: quiet,
      titleFontWeight: 'normal',
      labelFontSize: 12,
      titleFontSize: 12,
      gridColor: line,
      domainColor: line,
      tickColor: line,
      labelLimit: 120,
    },
    legend: {
      labelColor: text,
      titleColor: quiet,
      titleFontWeight: 'normal',
      labelFontSize: 12,
      orient: 'top',
      labelLimit: 240,
    },
    range: { category: [accent, second, '#8a7ad8', '#c58b2a', '#5f9e6e', '#b5566b'] },
  };
}

/** Marks that a specification names by role: colours that follow the scheme. */
const roles = {
  '@text': '--text',
  '@quiet': '--quiet',
  '@line': '--line',
  '@accent': '--accent',
  '@second': '--second',
  '@page': '--page',
};

function coloured(node) {
  if (typeof node === 'string') return node in roles ? colour(roles[node]) : node;
  if (Array.isArray(node)) return node.map(coloured);
  if (node && typeof node === 'object')
    return Object.fromEntries(
      Object.entries(node).map(([key, value]) => [key, key === 'values' ? value : coloured(value)]),
    );
  return node;
}

async function draw(figure) {
  const place = figure.querySelector('.chart');
  const specification = JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
  const { spec } = compile(
    coloured({ ...specification, width: 'container', autosize: { type: 'fit-x', contains: 'padding' } }),
    { config: config() },
  );
  const runtime = vega.parse(spec, undefined, { ast: true });
  figure.lanewiseView?.finalize();
  const view = new vega.View(runtime, {
    expr: expressionInterpreter,
    renderer: 'svg',
    container: place,
    hover: true,
    logLevel: vega.Error,
  });
  figure.lanewiseView = view;
  await view.runAsync();
}

async function drawAll() {
  for (const figure of document.querySelectorAll('figure[data-chart]')) {
    try {
      await draw(figure);
    } catch (error) {
      figure.querySelector('.chart').textContent =
        `This chart could not be drawn (${error.message}); its figures are in the table below.`;
    }
  }
  document.documentElement.dataset.drawn = 'yes';
}

// Vega measures its container once and at window resizes; containers that a layout change narrows are seen here.
addEventListener('DOMContentLoaded', () => {
  drawAll();
  dark.addEventListener('change', drawAll);
});
