import { formatCount, formatNumber } from '../../table/format.js';
import { type Chart, renderCharts, type Specification } from '../page/charts.js';
import { html, type Markup } from '../page/html.js';
import { renderPage } from '../page/page.js';
import { type ClusterFigures, type Criterion, criteria } from './criteria.js';
import type { ClusterCount } from './select.js';

interface Drawing {
  readonly criterion: Criterion;
  readonly title: string;
  readonly axis: string;
  readonly meaning: string;
  readonly value: (figures: ClusterFigures) => number | null;
}

const drawings: readonly Drawing[] = [
  {
    criterion: 'elbow',
    title: 'Elbow of the inertia',
    axis: 'inertia',
    meaning: 'Squared distances to the centres fall with every cluster; behind the bend they fall slowly.',
    value: ({ inertia }) => inertia,
  },
  {
    criterion: 'silhouette',
    title: 'Silhouette',
    axis: 'silhouette',
    meaning: 'How much nearer a row’s own cluster is than the next: higher is better, 1 at most.',
    value: ({ silhouette }) => silhouette,
  },
  {
    criterion: 'gap',
    title: 'Gap statistic',
    axis: 'gap',
    meaning:
      'How much tighter the clusters are than those of rows without clusters. The fewest whose gap one more does not surpass by its error.',
    value: ({ gap }) => gap,
  },
  {
    criterion: 'calinskiHarabasz',
    title: 'Calinski–Harabasz',
    axis: 'between / within',
    meaning: 'Variance between the clusters over that within them: higher is better.',
    value: ({ calinskiHarabasz }) => calinskiHarabasz,
  },
  {
    criterion: 'daviesBouldin',
    title: 'Davies–Bouldin',
    axis: 'overlap',
    meaning: 'How far the clusters reach into their nearest neighbours: lower is better.',
    value: ({ daviesBouldin }) => daviesBouldin,
  },
];

/** A page of its own: what each criterion says about the number of clusters, drawn, and all figures. */
export function renderClusterCountPage(found: ClusterCount, options: { readonly title?: string } = {}): string {
  const { sentence, rows, sampled, incomplete, columns } = found;
  const left = incomplete > 0 ? ` ${formatCount(incomplete)} rows lack a value and are left out.` : '';
  const some = sampled < rows - incomplete ? `, looked at on ${formatCount(sampled)} of them` : '';
  return renderPage({
    title: options.title ?? 'How many clusters?',
    lead: sentence,
    note: `${formatCount(rows)} rows, ${formatCount(columns.length)} columns${some}.${left}`,
    summary: tilesOf(found),
    sections: [
      {
        id: 'criteria',
        title: 'What the criteria say',
        body: renderCharts(drawings.map((each) => chartOf(each, found))),
      },
      { id: 'figures', title: 'All figures', body: tableOf(found) },
    ],
    footer: `Columns: ${columns.join(', ')}. Made by Lanewise.`,
  });
}

function tilesOf({ choices, suggestion }: ClusterCount): Markup {
  const tiles = drawings.map(
    ({ criterion, title }) =>
      html`<div class="${choices[criterion] === suggestion ? 'tile main' : 'tile'}"><b>${choices[criterion] ?? '–'}</b><span>${title}</span></div>`,
  );
  return html`<div class="tiles">${tiles}</div>`;
}

function chartOf({ criterion, title, axis, meaning, value }: Drawing, found: ClusterCount): Chart | undefined {
  const points = found.figures.flatMap((figures) => {
    const y = value(figures);
    if (y === null) return [];
    const error = criterion === 'gap' ? figures.gapError! : undefined;
    const ends = error === undefined ? {} : { low: y - error, high: y + error };
    return [{ k: figures.k, value: y, chosen: found.choices[criterion] === figures.k, ...ends }];
  });
  if (points.length === 0) return undefined;
  const choice = found.choices[criterion];
  const x = {
    field: 'k',
    type: 'quantitative',
    axis: { title: 'clusters', tickMinStep: 1, format: 'd' },
    scale: { zero: false },
  };
  const y = { field: 'value', type: 'quantitative', axis: { title: axis, tickCount: 5 }, scale: { zero: false } };
  const layer: Specification[] = [
    { mark: { type: 'line', color: '@accent', strokeWidth: 2 }, encoding: { x, y } },
    {
      mark: { type: 'point', color: '@accent', filled: true, size: 40, opacity: 1, tooltip: true },
      encoding: { x, y },
    },
    {
      transform: [{ filter: 'datum.chosen' }],
      mark: { type: 'point', color: '@second', filled: true, size: 150, opacity: 1 },
      encoding: { x, y },
    },
  ];
  if (criterion === 'gap') {
    layer.splice(1, 0, {
      mark: { type: 'rule', color: '@quiet', strokeWidth: 1.5 },
      encoding: { x, y: { field: 'low', type: 'quantitative', scale: { zero: false } }, y2: { field: 'high' } },
    });
  }
  return {
    title: choice === null ? `${title}: no answer` : `${title}: ${choice}`,
    description: meaning,
    specification: { data: { values: points }, layer },
    table: {
      head: ['clusters', axis, ...(criterion === 'gap' ? ['standard error'] : [])],
      rows: found.figures.flatMap((figures) => {
        const figure = value(figures);
        if (figure === null) return [];
        return [[figures.k, figure, ...(criterion === 'gap' ? [figures.gapError!] : [])]];
      }),
    },
  };
}

/** Number of clusters by row, the figures of each; `–` where there is none. */
export function figureRows({ figures, choices }: ClusterCount): { readonly head: string[]; readonly rows: string[][] } {
  const head = ['clusters', ...drawings.map(({ title }) => title)];
  const rows = figures.map((each) => [
    String(each.k),
    ...drawings.map(({ criterion, value }) => {
      const figure = value(each);
      if (figure === null) return '–';
      return `${formatNumber(figure)}${choices[criterion] === each.k ? ' *' : ''}`;
    }),
  ]);
  return { head, rows };
}

function tableOf(found: ClusterCount): Markup {
  const { head, rows } = figureRows(found);
  const body = rows.map(
    (row) =>
      html`<tr class="${row[0] === String(found.suggestion) ? 'best' : ''}">${row.map(
        (cell, j) => html`<td data-label="${head[j]!}" class="${j > 0 ? 'number' : ''}">${cell}</td>`,
      )}</tr>`,
  );
  const titles = head.map((name, j) => html`<th scope="col" class="${j > 0 ? 'number' : ''}">${name}</th>`);
  return html`<table class="reflow"><thead><tr>${titles}</tr></thead><tbody>${body}</tbody></table>
<p class="quiet">* chosen by this criterion. Of ${criteria.length} criteria, the number that most of them choose is suggested.</p>`;
}
