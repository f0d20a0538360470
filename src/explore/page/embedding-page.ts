import { formatCount, formatNumber } from '../../table/format.js';
import type { EmbeddingColors } from '../embedding/colors.js';
import type { Embedding } from '../embedding/embedding.js';
import { sampleRows } from '../scatter.js';
import { html, jsonForScript, Markup } from './html.js';
import { renderPage, renderTiles } from './page.js';

export type { EmbeddingColors };

export interface EmbeddingPageOptions {
  readonly source: string;
  readonly version: string;
  readonly colors?: EmbeddingColors;
  /** What stands beside the row's number where the pointer is, by row: texts of the data, so only where they are asked for. */
  readonly titles?: readonly string[];
  /** Of the rows that are drawn, where there are too many; default 0. */
  readonly seed?: number;
  /** The number of each row in the file, from 0; default: its place in the embedding. */
  readonly rowNumbers?: ArrayLike<number>;
}

/** Points in a page, and the side of its picture in its own units. */
const MOST_POINTS = 20_000;
const SIDE = 1000;
const MARGIN = 24;
/** More groups than this have no names in the picture. */
const MOST_NAMES = 12;

const lightColors = [
  '#0f6b8f',
  '#d0693c',
  '#22774a',
  '#8a5cc2',
  '#a87b00',
  '#c2417c',
  '#50626f',
  '#128a8a',
  '#6d7f12',
  '#8c4a2f',
];
const darkColors = [
  '#5cb6d9',
  '#e88f63',
  '#69c492',
  '#b79ae6',
  '#e0b84f',
  '#ee86b4',
  '#a6b4c0',
  '#5fd3d0',
  '#b9cf5a',
  '#cf9279',
];
const lightScale = ['#2b1a55', '#3d3d8f', '#31688e', '#21828d', '#1f9e89', '#3cb26f', '#7cb52c', '#b7a900'];
const darkScale = ['#8d7bd8', '#7c8fe0', '#62a8dd', '#4fc0d0', '#4fd3b0', '#7fdf88', '#b9e55e', '#fde725'];

/** The rows as points on one page: a legend whose entries hide and show their rows, and what a row is under the pointer. */
export function renderEmbeddingPage(embedding: Embedding, options: EmbeddingPageOptions): string {
  const { source, version, colors, titles } = options;
  const drawn = drawingOf(embedding, options);
  const name = nameOf(embedding);
  const third = embedding.nComponents > 2 ? ' The first two of three coordinates are drawn.' : '';
  const left = embedding.rows - drawn.count;
  return renderPage({
    title: `${source} by ${name}`,
    lead: `${leadOf(embedding, colors)}${third}`,
    note: `Rows that lie close together are alike. Distances between far groups, and the directions of the axes, mean nothing.${left > 0 ? ` ${formatCount(drawn.count)} rows are drawn, chosen at random.` : ''}`,
    summary: tilesOf(embedding),
    sections: [{ id: 'picture', title: 'Picture', body: pictureBody(drawn, colors) }],
    footer: `Made by Lanewise ${version}. The page holds places${colors ? `, groups of ${colors.column}` : ''}${titles ? ', titles' : ''} and row numbers, and loads nothing from the network.`,
    script,
  });
}

/** An SVG image that stands by itself, with its legend beside it; it follows the reader's light or dark scheme. */
export function renderEmbeddingPicture(embedding: Embedding, options: EmbeddingPageOptions): string {
  const drawn = drawingOf(embedding, options);
  const { colors } = options;
  const entries = colors?.groups.map((group, k) => ({ group, k })) ?? [];
  const width = drawn.width + (entries.length > 0 ? 240 : 0);
  const height = Math.max(drawn.height, 70 + 30 * entries.length);
  const legend = entries.map(({ group, k }) => {
    const y = 64 + 30 * k;
    return html`<path class="${classOf(colors!, k)}" d="M${drawn.width + 12} ${y}h0" style="stroke-width:16"/><text x="${drawn.width + 30}" y="${y + 6}">${cut(group, 24)}</text>`;
  });
  const about = leadOf(embedding, colors);
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${about}">
<style>${new Markup(`text{font:18px ui-sans-serif,system-ui,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;fill:#1c2024}${pictureStyle('#fbfbfa', '#15181b')}@media (prefers-color-scheme:dark){text{fill:#e7eaec}}`)}</style>
${drawn.marks}${colors ? html`<text x="${drawn.width}" y="34" font-weight="600">${cut(colors.column, 24)}</text>` : ''}${legend}
</svg>
`.text;
}

function leadOf(embedding: Embedding, colors: EmbeddingColors | undefined): string {
  return `${formatCount(embedding.rows)} rows, placed by ${nameOf(embedding)}${colors ? `, coloured by ${colors.column}` : ''}.`;
}

const nameOf = ({ method }: Embedding) => (method === 't-sne' ? 't-SNE' : 'UMAP');

function tilesOf({ rows, iterations, klDivergence, method, warnings }: Embedding): Markup {
  const tiles = renderTiles([
    { value: formatCount(rows), label: 'rows', main: true },
    { value: formatCount(iterations), label: method === 't-sne' ? 'iterations' : 'epochs' },
    ...(klDivergence === undefined
      ? []
      : [{ value: formatNumber(klDivergence), label: 'Kullback-Leibler divergence' }]),
  ]);
  if (warnings.length === 0) return tiles;
  return html`${tiles}<ul class="alerts">${warnings.map(({ message }) => html`<li class="warning">${message}</li>`)}</ul>`;
}

interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly count: number;
  readonly marks: Markup;
  /** The rows of each group, in the order of its points. */
  readonly rows: readonly (readonly number[])[];
  readonly titles: readonly (readonly string[])[] | undefined;
}

/** A path a group, a stroke without length a point: ten thousand points are a hundred kilobytes. */
function drawingOf(embedding: Embedding, { colors, seed = 0, rowNumbers, titles }: EmbeddingPageOptions): Drawing {
  const { coordinates, nComponents, rows } = embedding;
  const all = Array.from({ length: rows }, (_, row) => row);
  const chosen = sampleRows(all, MOST_POINTS, seed);
  const low = [0, 1].map((c) =>
    chosen.reduce((least, row) => Math.min(least, coordinates[row * nComponents + c]!), Infinity),
  );
  const high = [0, 1].map((c) =>
    chosen.reduce((most, row) => Math.max(most, coordinates[row * nComponents + c]!), -Infinity),
  );
  // One scale for both axes: distances are to be seen as they are.
  const scale = (SIDE - 2 * MARGIN) / (Math.max(high[0]! - low[0]!, high[1]! - low[1]!) || 1);
  const side = (c: number) => Math.max(360, Math.round((high[c]! - low[c]!) * scale) + 2 * MARGIN);
  const [width, height] = [side(0), side(1)];
  const middle = [0, 1].map((c) => (low[c]! + high[c]!) / 2);
  const x = (row: number) => Math.round(width / 2 + (coordinates[row * nComponents]! - middle[0]!) * scale);
  const y = (row: number) => Math.round(height / 2 - (coordinates[row * nComponents + 1]! - middle[1]!) * scale);
  const groupCount = Math.max(1, colors?.groups.length ?? 1);
  const members = Array.from({ length: groupCount }, () => [] as number[]);
  for (const row of chosen) members[colors?.codes[row] ?? 0]!.push(row);
  const paths = members.map((own, k) => {
    const d = own.map((row) => `M${x(row)} ${y(row)}h0`).join('');
    const title = colors ? `${colors.groups[k]}: ${formatCount(own.length)} rows` : `${formatCount(own.length)} rows`;
    return html`<path class="${colors ? classOf(colors, k) : 'c0'}" data-group="${k}" d="${d}"><title>${title}</title></path>`;
  });
  const isNamed = colors && !colors.ordered && colors.plainFrom <= MOST_NAMES && colors.plainFrom > 1;
  const names = isNamed
    ? members.slice(0, colors.plainFrom).map((own, k) => {
        if (own.length === 0) return undefined;
        const at = middleRow(own, x, y);
        return html`<text class="name" data-group="${k}" x="${x(at)}" y="${y(at) + 6}" text-anchor="middle">${cut(colors.groups[k]!, 18)}</text>`;
      })
    : [];
  const size = chosen.length <= 300 ? 11 : chosen.length <= 3000 ? 7.5 : 5;
  const marks = html`<g class="points" stroke-width="${size}">${paths}</g><g>${names}</g>`;
  const rowsOf = members.map((own) => own.map((row) => rowNumbers?.[row] ?? row));
  const titlesOf = titles && members.map((own) => own.map((row) => titles[row] ?? ''));
  return { width, height, count: chosen.length, marks, rows: rowsOf, titles: titlesOf };
}

function pictureBody(drawn: Drawing, colors: EmbeddingColors | undefined): Markup {
  const { titles } = drawn;
  const legend = colors?.groups.map(
    (group, k) =>
      html`<button type="button" aria-pressed="true" data-group="${k}"><svg viewBox="0 0 14 14" aria-hidden="true"><path class="${classOf(colors, k)}" d="M7 7h0" style="stroke-width:12"/></svg>${cut(group, 40)} <span class="quiet">${formatCount(drawn.rows[k]!.length)}</span></button>`,
  );
  const about = {
    rows: drawn.rows,
    groups: colors?.groups ?? [],
    column: colors?.column ?? '',
    ...(titles && { titles }),
  };
  return html`<style>${new Markup(`${pictureStyle('var(--panel)', 'var(--panel)')}${pageStyle}`)}</style>
<figure class="wide embedding">${colors ? html`<figcaption>${colors.column}</figcaption><div class="legend">${legend}</div>` : ''}
<div class="stage"><svg viewBox="0 0 ${drawn.width} ${drawn.height}" role="img" aria-label="${formatCount(drawn.count)} rows as points">${drawn.marks}<circle class="ring" r="9" hidden/></svg><output hidden></output></div>
<script type="application/json">${jsonForScript(about)}</script>
<noscript><p class="quiet">With scripts allowed, the page says which row is under the pointer.</p></noscript></figure>`;
}

function classOf({ ordered, plainFrom }: EmbeddingColors, group: number): string {
  if (group >= plainFrom) return 'plain';
  // Ranges take the whole scale, however few they are.
  return ordered
    ? `r${Math.round((group * (lightScale.length - 1)) / Math.max(1, plainFrom - 1))}`
    : `c${group % lightColors.length}`;
}

function pictureStyle(lightHalo: string, darkHalo: string): string {
  const rules = (colors: readonly string[], letter: string) =>
    colors.map((color, k) => `.${letter}${k}{stroke:${color}}`).join('');
  return `.points,.c0,.plain{fill:none}path{stroke-linecap:round;fill:none}.points path{stroke-opacity:.72}.plain{stroke:#9aa4ad}${rules(lightColors, 'c')}${rules(lightScale, 'r')}.name{font-weight:650;font-size:20px;paint-order:stroke;stroke:${lightHalo};stroke-width:5px;stroke-linejoin:round}
@media (prefers-color-scheme:dark){.plain{stroke:#6b757e}${rules(darkColors, 'c')}${rules(darkScale, 'r')}.name{stroke:${darkHalo}}}`;
}

const pageStyle = `.embedding .stage{position:relative;max-width:900px;margin:0 auto}.embedding .stage svg{display:block;width:100%;height:auto;touch-action:manipulation}
.embedding .name{fill:var(--text);pointer-events:none}.embedding .ring{fill:none;stroke:var(--text);stroke-width:2.5}.embedding [hidden]{display:none}
.embedding .legend{display:flex;flex-wrap:wrap;gap:6px;margin:0 0 10px}
.embedding .legend button{display:inline-flex;align-items:center;gap:6px;font:inherit;font-size:.88rem;color:var(--text);background:none;border:1px solid var(--line);border-radius:99px;padding:2px 11px 2px 8px;cursor:pointer}
.embedding .legend button[aria-pressed=false]{opacity:.45;text-decoration:line-through}.embedding .legend svg{width:14px;height:14px}
.embedding output{position:absolute;pointer-events:none;background:var(--text);color:var(--page);border-radius:6px;padding:3px 9px;font-size:.85rem;max-width:70%;overflow-wrap:anywhere;transform:translate(-50%,calc(-100% - 12px))}
@media (max-width:680px){.embedding .name{font-size:42px}}`;

/** The page's own script: which row is under the pointer, and groups that come and go. */
const script = `'use strict';
for (const figure of document.querySelectorAll('.embedding')) {
  const about = JSON.parse(figure.querySelector('script').textContent);
  const picture = figure.querySelector('.stage svg');
  const [ring, output] = [figure.querySelector('.ring'), figure.querySelector('output')];
  const hidden = new Set();
  const groups = [...figure.querySelectorAll('.points path')].map((path) => {
    const numbers = (path.getAttribute('d').match(/-?\\d+ -?\\d+/g) ?? []).map((pair) => pair.split(' ').map(Number));
    path.querySelector('title').remove();
    return numbers;
  });
  const show = (event) => {
    const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(picture.getScreenCTM().inverse());
    let best = 40 * 40, found;
    groups.forEach((points, group) => {
      if (hidden.has(group)) return;
      points.forEach(([x, y], at) => {
        const square = (x - place.x) ** 2 + (y - place.y) ** 2;
        if (square < best) [best, found] = [square, { group, at, x, y }];
      });
    });
    ring.toggleAttribute('hidden', !found);
    output.hidden = !found;
    if (!found) return;
    const row = about.rows[found.group][found.at];
    const parts = ['row ' + (row + 1)];
    if (about.groups.length > 0) parts.push(about.column + ' ' + about.groups[found.group]);
    if (about.titles) parts.push(about.titles[found.group][found.at]);
    output.textContent = parts.join(' · ');
    ring.setAttribute('cx', found.x);
    ring.setAttribute('cy', found.y);
    const box = picture.viewBox.baseVal;
    output.style.left = Math.min(82, Math.max(18, (100 * found.x) / box.width)) + '%';
    output.style.top = (100 * found.y) / box.height + '%';
  };
  picture.addEventListener('pointermove', show);
  picture.addEventListener('pointerdown', show);
  picture.addEventListener('pointerleave', () => {
    ring.toggleAttribute('hidden', true);
    output.hidden = true;
  });
  for (const button of figure.querySelectorAll('.legend button')) {
    button.addEventListener('click', () => {
      const group = Number(button.dataset.group);
      const off = !hidden.has(group);
      if (off) hidden.add(group);
      else hidden.delete(group);
      button.setAttribute('aria-pressed', String(!off));
      for (const mark of picture.querySelectorAll('[data-group="' + group + '"]')) mark.toggleAttribute('hidden', off);
    });
  }
}
`;

/** The row that lies nearest to the middle of all: a group in several pieces has none of its rows there. */
function middleRow(rows: readonly number[], x: (row: number) => number, y: (row: number) => number): number {
  const [atX, atY] = [middleOf(rows.map(x)), middleOf(rows.map(y))];
  const apart = (row: number) => (x(row) - atX) ** 2 + (y(row) - atY) ** 2;
  return rows.reduce((nearest, row) => (apart(row) < apart(nearest) ? row : nearest));
}

function middleOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
