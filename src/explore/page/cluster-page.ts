import { formatCount, formatNumber, formatShare } from '../../table/format.js';
import type { ClusterDescription, ClusterProfile } from '../clusters/cluster-profile.js';
import { effectText, figuresOf, SMALL } from '../clusters/sentence.js';
import type { Trait } from '../clusters/traits.js';
import { barChart, renderCharts } from './charts.js';
import { html, type Markup } from './html.js';
import { type PageSection, renderPage, renderTable, renderTiles } from './page.js';

const MOST_CLUSTERS = 40;
const MOST_TRAITS = 12;

/** The clusters as one page: each in a sentence, then what sets it apart, as bars and figures. */
export function renderClusterPage(
  profile: ClusterProfile,
  about: { readonly source: string; readonly version: string },
): string {
  const { clusters } = profile;
  const found = clusters.filter(({ label }) => label >= 0).length;
  const drawn = clusters.slice(0, MOST_CLUSTERS);
  const left = clusters.length - drawn.length;
  return renderPage({
    title: `The clusters of ${about.source}`,
    lead: `${formatCount(profile.rows)} rows in ${found === 1 ? 'one cluster' : `${found} clusters`}, told apart by ${profile.columns.length} columns.${left > 0 ? ` The first ${drawn.length} are shown; all are in the JSON.` : ''}`,
    ...(profile.limits.length > 0 && { note: `${profile.limits.join('; ')}.` }),
    summary: tilesOf(profile, found),
    sections: [{ id: 'words', title: 'In words', body: wordsBody(drawn) }, ...drawn.map(clusterSection)],
    footer: `Made by Lanewise ${about.version}. sd: the difference of the means over the pooled standard deviation (Cohen’s d); shares are compared the same way. Labels of fewer than five rows are not named. The page loads nothing from the network.`,
  });
}

function tilesOf(profile: ClusterProfile, found: number): Markup {
  const noise = profile.clusters.find(({ label }) => label < 0);
  return renderTiles([
    { value: String(found), label: found === 1 ? 'cluster' : 'clusters', main: true },
    { value: formatCount(profile.rows), label: 'rows' },
    ...(noise ? [{ value: `${formatCount(noise.rows)} (${formatShare(noise.share)})`, label: 'noise' }] : []),
    ...(profile.silhouette === undefined ? [] : [{ value: formatNumber(profile.silhouette, 2), label: 'silhouette' }]),
  ]);
}

function wordsBody(clusters: readonly ClusterDescription[]): Markup {
  const sentences = clusters.map(
    ({ sentence, label }) =>
      html`<li><a href="#${anchor(label)}">${sentence.slice(0, sentence.indexOf(':'))}</a>${sentence.slice(sentence.indexOf(':'))}</li>`,
  );
  const bars = clusters.map(({ name, share }) => ({ label: name, value: Math.round(share * 1000) / 10 }));
  const largest = clusters.reduce((a, b) => (b.rows > a.rows ? b : a), clusters[0]!);
  const description = `The largest is ${largest.name} with ${formatCount(largest.rows)} rows.`;
  return html`<ul>${sentences}</ul>${renderCharts([{ ...barChart('Sizes', description, bars, '% of the rows'), wide: true }])}`;
}

function clusterSection({
  label,
  name,
  rows,
  share,
  silhouette,
  traits,
  sentence,
  representatives,
}: ClusterDescription): PageSection {
  const told = traits.filter(({ effect }) => effect !== null).slice(0, MOST_TRAITS);
  const strong = told.filter(({ effect }) => Math.abs(effect!) >= SMALL);
  const bars = strong.map((trait) => ({ label: titleOf(trait), value: Math.round(trait.effect! * 100) / 100 }));
  const chart = barChart(`What sets ${name} apart`, sentence, bars, 'difference from the other rows, sd');
  const lines = told.map((trait) => ({
    cells: [titleOf(trait), effectText(trait.effect), ...figuresOf(trait), liftOf(trait)],
  }));
  const head = [
    { title: 'column' },
    { title: 'difference', number: true },
    { title: 'here' },
    { title: 'other rows' },
    { title: 'lift', number: true },
  ];
  const near = silhouette === undefined ? '' : `, silhouette ${formatNumber(silhouette, 2)}`;
  return {
    id: anchor(label),
    kicker: `${formatCount(rows)} rows, ${formatShare(share)}${near}`,
    title: name,
    body: html`${bars.length > 0 ? renderCharts([{ ...chart, wide: true }]) : html`<p>${sentence}.</p>`}
${lines.length > 0 ? renderTable(head, lines) : ''}
${representatives ? html`<p class="quiet">Nearest to the middle: rows ${representatives.map((row) => row + 1).join(', ')}.</p>` : ''}`,
  };
}

const anchor = (label: number) => (label < 0 ? 'noise' : `cluster-${label}`);

function titleOf(trait: Trait): string {
  if (trait.kind !== 'level') return trait.column;
  return trait.level === null ? `${trait.column} missing` : `${trait.column} = ${trait.level}`;
}

function liftOf(trait: Trait): string {
  return trait.kind === 'level' ? `× ${formatNumber(trait.lift, 2)}` : '';
}
