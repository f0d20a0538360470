import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { LanewiseError } from '../../errors.js';
import { html, Markup } from './html.js';
import { style } from './style.js';

export interface PageSection {
  readonly id: string;
  /** Stands above the title: `Step 3 of 10 · explore`. */
  readonly kicker?: string;
  readonly title: string;
  readonly body: Markup;
}

export interface Page {
  readonly title: string;
  readonly lead: Markup | string;
  /** A remark of the author's, below the lead. */
  readonly note?: string;
  readonly summary?: Markup;
  readonly sections: readonly PageSection[];
  readonly footer: string;
  /** The page's own script; default: the one that draws charts. */
  readonly script?: string;
}

/** One self-contained page: nothing in it comes from the network, and no script but Lanewise's own can run. */
export function renderPage(page: Page): string {
  const script = page.script ?? chartScript();
  const scriptHash = createHash('sha256').update(script).digest('base64');
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${scriptHash}'; img-src data:; base-uri 'none'; form-action 'none'`;
  const links = page.sections.map(({ id, title }) => html`<a href="#${id}">${title}</a>`);
  const sections = page.sections.map(
    ({ id, kicker, title, body }) => html`<section id="${id}" aria-labelledby="${id}-title">
${kicker ? html`<p class="step">${kicker}</p>` : ''}<h2 id="${id}-title">${title}</h2>
${body}
</section>`,
  );
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="Lanewise">
<title>${page.title}</title>
<style>${new Markup(style)}</style>
</head>
<body>
<div class="wrap">
<header class="top"><h1>${page.title}</h1>${page.lead instanceof Markup ? page.lead : html`<p class="lead">${page.lead}</p>`}${page.note ? html`<p class="quiet">${page.note}</p>` : ''}</header>
${page.summary ?? ''}
<nav aria-label="Contents">${links.flatMap((link) => [link, '\n'])}</nav>
<main>${sections}</main>
<footer>${page.footer}</footer>
</div>
<script>${new Markup(script)}</script>
</body>
</html>
`.text;
}

let loaded: string | undefined;

/** The charts' script, bundled when the package was built. */
function chartScript(): string {
  const file = new URL('../../report/charts.js', import.meta.url);
  try {
    loaded ??= readFileSync(file, 'utf8').replaceAll('</script', '<\\/script');
    return loaded;
  } catch (cause) {
    throw new LanewiseError('internal', "Expected the report's chart script in the package but it is not there", {
      cause,
      file: 'dist/report/charts.js',
      hint: 'Reinstall lanewise, or run npm run build in its source.',
    });
  }
}

/** A cell of a table: text, or a number to stand on the right. */
export type Cell = string | number | Markup | undefined;

export interface TableColumn {
  readonly title: string;
  readonly number?: boolean;
}

/** A table that turns into cards on a narrow screen. */
export function renderTable(
  columns: readonly (TableColumn | string)[],
  rows: readonly { readonly cells: readonly Cell[]; readonly best?: boolean }[],
  caption?: string,
): Markup {
  const heads = columns.map((column) => (typeof column === 'string' ? { title: column, number: false } : column));
  return html`<table class="reflow">${caption ? html`<caption class="quiet">${caption}</caption>` : ''}<thead><tr>${heads.map(
    ({ title, number }) => html`<th scope="col" class="${number ? 'number' : ''}">${title}</th>`,
  )}</tr></thead>
<tbody>${rows.map(
    ({ cells, best }) =>
      html`<tr class="${best ? 'best' : ''}">${cells.map(
        (cell, i) => html`<td class="${heads[i]!.number ? 'number' : ''}" data-label="${heads[i]!.title}">${cell}</td>`,
      )}</tr>`,
  )}</tbody></table>`;
}

/** Figures side by side; the first is the main one. */
export function renderTiles(
  tiles: readonly { readonly value: string; readonly label: string; readonly main?: boolean }[],
): Markup {
  return html`<div class="tiles">${tiles.map(
    ({ value, label, main }) =>
      html`<div class="tile${main ? ' main' : ''}"><span>${label}</span><b>${value}</b></div>`,
  )}</div>`;
}
