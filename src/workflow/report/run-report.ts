import { basename } from 'node:path';
import { html, type Markup } from '../../explore/page/html.js';
import { type PageSection, renderPage, renderTable, renderTiles } from '../../explore/page/page.js';
import type { MonitorReport } from '../../monitor/index.js';
import { formatBytes, formatCount, formatNumber, formatSeconds } from '../../table/format.js';
import type { RunRecord, StepRecord } from '../record.js';
import {
  collectSection,
  deploySection,
  exploreSection,
  featuresSection,
  monitorSection,
  prepareSection,
} from './data-sections.js';
import { type ReportMaterial, readMaterial } from './files.js';
import { compareSection, evaluateSection, trainSection, tuneSection } from './model-sections.js';
import { listsSection, liveSection, rankedSection } from './recommendation-sections.js';

/** The page of a run, drawn from its record and the JSON in its folder. */
export function renderRunReport(folder: string, record: RunRecord): string {
  return renderReport(readMaterial(folder, record), folder);
}

const titles: Readonly<Record<string, string>> = {
  collect: 'The data',
  prepare: 'What was wrong with it',
  explore: 'What it looks like',
  features: 'What is made of it',
  compare: 'Which model',
  train: 'How training went',
  evaluate: 'What it is worth',
  tune: 'What tuning changed',
  deploy: 'What was deployed',
  monitor: 'How it holds on later rows',
};

/** The whole run as one page, a section a step. */
export function renderReport(material: ReportMaterial, folder: string): string {
  const { record } = material;
  const target = String(record.workflow['target']);
  const sections = record.steps.map(
    (step, index): PageSection => ({
      id: step.name,
      kicker: `Step ${index + 1} of ${record.steps.length} · ${step.name} · ${step.reused ? 'reused' : formatSeconds(step.seconds)}`,
      title: titles[step.name] ?? step.name,
      body: bodyOf(step, material, folder),
    }),
  );
  return renderPage({
    title: record.workflow['task'] === 'recommendation' ? `Recommending ${target}` : `Predicting ${target}`,
    lead: leadOf(material),
    note: typeof record.workflow['note'] === 'string' ? record.workflow['note'] : undefined,
    summary: summaryTiles(material),
    sections: [...sections, { id: 'run', title: 'The run', body: runBody(material) }],
    footer: `Run ${record.id}, made by Lanewise. This page loads nothing from the network.`,
  });
}

function bodyOf(step: StepRecord, material: ReportMaterial, folder: string): Markup {
  const { profile, prepared, features, comparison, training, evaluation, tuning, gate, monitoring, record } = material;
  if (step.name === 'collect') return collectSection(step);
  const { ranked, lists, live } = material;
  if (step.name === 'compare' && ranked) return rankedSection(ranked);
  if (step.name === 'evaluate' && lists) return listsSection(lists);
  if (step.name === 'monitor' && live) return liveSection(live);
  if (step.name === 'prepare') return prepareSection(step, prepared?.report ?? []);
  if (step.name === 'explore' && profile) return exploreSection(profile, pageOf(step));
  if (step.name === 'features' && features) return featuresSection(features);
  if (step.name === 'compare' && comparison) return compareSection(comparison);
  if (step.name === 'train' && training) return trainSection(training);
  if (step.name === 'evaluate' && evaluation) return evaluateSection(evaluation);
  if (step.name === 'tune') return tuneSection(tuning, gate);
  if (step.name === 'deploy') return deploySection(step, folder);
  if (step.name === 'monitor' && monitoring) return monitorSection(monitoring, step);
  return html`<p>${step.outcome}</p><p class="quiet">${record.id}</p>`;
}

function pageOf({ outputs }: StepRecord): string | undefined {
  return Object.keys(outputs).find((path) => path.endsWith('.html'));
}

function leadOf(material: ReportMaterial): string {
  const { record, gate, champion: name, evaluation, championMetrics } = material;
  const comparison = material.comparison ?? material.ranked;
  const monitoring = verdictOf(material);
  const source = basename(String(record.workflow['data'] ?? ''));
  const champion = comparison
    ? `${name ?? comparison.recommended}${gate ? ` with ${gate.passed ? 'tuned' : 'default'} parameters` : ''} is the champion`
    : 'the run is done';
  const main = (championMetrics ?? evaluation?.metrics)?.[0];
  const score = main ? `, with ${main.label} ${formatNumber(main.value)} on rows it never saw` : '';
  const holds = monitoring
    ? {
        stable: ' On later rows it holds.',
        watch: ' Later rows have begun to differ.',
        retrain: ' Later rows differ so much that it had to be trained again.',
      }[monitoring.verdict]
    : '';
  return `From ${source}: ${champion}${score}.${holds}`;
}

/** How it holds on later rows, where there are any. */
function verdictOf({ monitoring, live }: ReportMaterial): Pick<MonitorReport, 'verdict'> | undefined {
  return monitoring ?? (live && 'verdict' in live ? live : undefined);
}

function summaryTiles(material: ReportMaterial): Markup {
  const { record, evaluation, championMetrics, champion, gate } = material;
  const comparison = material.comparison ?? material.ranked;
  const monitoring = verdictOf(material);
  const collected = record.steps.find(({ name }) => name === 'collect')?.summary as { rows?: number } | undefined;
  const main = (championMetrics ?? evaluation?.metrics)?.[0];
  const r2 = (championMetrics ?? evaluation?.metrics)?.find(({ metric }) => metric === 'r2' || metric === 'accuracy');
  const tiles: { value: string; label: string; main?: boolean }[] = [];
  if (main)
    tiles.push({
      main: true,
      value: formatNumber(main.value),
      label: `${main.label} on the test rows (${formatNumber(main.valueLow)} … ${formatNumber(main.valueHigh)})`,
    });
  if (r2 && r2 !== main)
    tiles.push({
      value: formatNumber(r2.value),
      label: `${r2.label} (${formatNumber(r2.valueLow)} … ${formatNumber(r2.valueHigh)})`,
    });
  if (comparison)
    tiles.push({
      value: champion ?? comparison.recommended,
      label: `champion${gate ? `, ${gate.passed ? 'tuned' : 'default'} parameters` : ''}`,
    });
  if (evaluation) tiles.push({ value: fitInWords(evaluation.diagnosis.verdict), label: 'fit' });
  if (monitoring) tiles.push({ value: monitoring.verdict, label: 'on later rows' });
  if (collected?.rows) tiles.push({ value: formatCount(collected.rows), label: 'rows taken in' });
  return renderTiles(tiles);
}

/** `slight-over-fit` as `slight over-fit`. */
function fitInWords(verdict: string): string {
  return verdict.replace('slight-', 'slight ');
}

function runBody({ record }: ReportMaterial): Markup {
  const environment = Object.entries(flat(record.environment));
  const settings = Object.entries(flat(record.workflow)).filter(([, value]) => value !== '');
  return html`${renderTable(
    ['step', 'outcome', { title: 'time', number: true }],
    record.steps.map(({ name, outcome, seconds, reused }) => ({
      cells: [name, outcome, reused ? 'reused' : formatSeconds(seconds)],
    })),
  )}
<h3>Where it ran</h3>${renderTable(
    ['what', 'value'],
    environment.map(([name, value]) => ({ cells: [name, value] })),
  )}
<h3>Settings, defaults included</h3>${renderTable(
    ['key', 'value'],
    settings.map(([name, value]) => ({ cells: [name, value] })),
  )}`;
}

/** Nested settings as `a.b: value`. Absolute paths of the machine are cut to the file's name. */
function flat(value: object, prefix = ''): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [key, inner] of Object.entries(value)) {
    const name = prefix + key;
    if (inner !== null && typeof inner === 'object' && !Array.isArray(inner))
      Object.assign(out, flat(inner, `${name}.`));
    else if (Array.isArray(inner))
      out[name] = inner
        .map((entry) => (typeof entry === 'object' ? Object.values(entry ?? {}).join(': ') : String(entry)))
        .join(', ');
    else out[name] = plain(key, inner);
  }
  return out;
}

function plain(key: string, value: unknown): string {
  if (key === 'file' || key === 'data') return basename(String(value));
  if (typeof value === 'number' && /memory|bytes/i.test(key)) return formatBytes(value);
  return String(value ?? '');
}
