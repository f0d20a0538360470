import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Registry } from '../deploy/registry.js';
import { packageVersion } from '../deploy/version.js';
import { LanewiseError } from '../errors.js';
import {
  type ExplanationReport,
  explanationReport,
  leadSentence,
  renderExplanationPage,
  renderExplanationPicture,
} from '../explain/index.js';
import { regressionTable } from '../models/linear-regression/regression-table.js';
import { formatNumber, formatShare } from '../table/format.js';
import { fileRows } from '../workflow/data.js';
import { type OpenedModel, openModel } from '../workflow/open-model.js';
import { writeWhole } from '../workflow/write-table.js';
import { type CommandFile, type CommonOptions, engineOf, integer, readData } from './command.js';
import { textTable } from './table.js';

interface ExplainCommandOptions extends CommonOptions {
  readonly row?: number[];
  readonly target?: string;
  readonly rows?: number;
  readonly registry?: string;
  readonly output?: string;
}

const MOST_LINES = 20;

const command: CommandFile = {
  configure: (explain) =>
    explain
      .argument('<MODEL>', 'the folder of an artefact or of a run, or name@alias of a registry')
      .argument('<DATA>', 'a CSV, Parquet or Arrow file with the columns that the model reads')
      .option('--row <n>', 'a row of the file to explain by itself, from 1; may be given again', rowsOf)
      .option('--target <column>', 'the column of the truth, for permutation importances (default: the model’s)')
      .option('--rows <n>', 'rows that are explained at most (default: 1000)', integer('--rows', 1, 1_000_000))
      .option('--registry <folder>', 'where names are looked up')
      .option('--output <file>', 'write the page here, or by .svg one picture of it'),
  run: async (shell, options: ExplainCommandOptions, reference, path) => {
    const { model, name } = await modelOf(reference!, options.registry);
    await using engine = await engineOf(options, shell);
    const collected = await readData(path!, { engine }, shell);
    const { indices } = fileRows(collected);
    const shown = (options.row ?? []).map((row) => {
      const place = indices.indexOf(row - 1);
      if (place >= 0) return place;
      throw new LanewiseError('usage', `Expected a readable row of ${basename(path!)} for --row but received ${row}`, {
        hint: `It has rows 1 to ${indices.at(-1)! + 1}.`,
      });
    });
    const { seed, rows, target, output } = options;
    const { signal, onProgress } = shell;
    const report = await explanationReport(model, collected.table, {
      engine,
      seed,
      rows,
      target,
      shown,
      signal,
      onProgress,
    });
    const about = {
      model: name === 'model' ? model.estimator : name,
      source: basename(path!),
      version: packageVersion,
    };
    const render = output?.endsWith('.svg') ? renderExplanationPicture : renderExplanationPage;
    if (output) await writeWhole(output, render(report, about));
    const { summary } = model;
    if (options.json) {
      return shell.print(
        JSON.stringify({ ...asJson(report), ...(summary && { summary }), ...(output && { page: output }) }),
      );
    }
    print(report, options.row ?? [], shell.print);
    if (summary) shell.print(`\nCoefficients of ${model.target}:\n${regressionTable(summary)}`);
    shell.print(
      output
        ? `\nThe ${output.endsWith('.svg') ? 'picture' : 'page'} is ${output}.`
        : '\nAdd --output page.html for pictures.',
    );
  },
};

export default command;

function rowsOf(text: string, before: number[] = []): number[] {
  return [...before, integer('--row', 1, Number.MAX_SAFE_INTEGER)(text)];
}

/** An artefact, a name of a registry, or the folder of a run, whose registry then names the model. */
async function modelOf(reference: string, registry: string | undefined): Promise<OpenedModel> {
  const ofRun = join(reference, 'deploy', 'registry');
  if (!existsSync(ofRun)) return openModel(reference, registry);
  const [name] = await new Registry(ofRun).names();
  if (name === undefined) {
    throw new LanewiseError('file', `The run ${reference} deployed no model`, { file: ofRun });
  }
  return openModel(name, ofRun);
}

function print(report: ExplanationReport, rows: readonly number[], line: (text: string) => void): void {
  line(`${leadSentence(report)}\n`);
  const [first, ...others] = report.importances;
  if (first) {
    const columns = ['feature', first.unit, 'share', ...others.map(({ unit }) => unit)];
    const cells = first.features.slice(0, MOST_LINES).map(({ feature, importance, share }) => [
      feature,
      formatNumber(importance, 3),
      formatShare(share),
      ...others.map((other) => {
        const found = other.features.find((entry) => entry.feature === feature);
        const half = found?.high === undefined ? '' : ` ± ${formatNumber(found.high - found.importance, 2)}`;
        return `${formatNumber(found?.importance, 3)}${half}`;
      }),
    ]);
    line(textTable(columns, cells, columns.map((_, column) => column).slice(1)));
    if (first.features.length > MOST_LINES) line(`… and ${first.features.length - MOST_LINES} more`);
  }
  if (rows.length > 0) report.shownRows.forEach((place, index) => printRow(report, place, rows[index]!, line));
  for (const note of report.notes) line(`\n· ${note}`);
}

function printRow({ explanation }: ExplanationReport, place: number, row: number, line: (text: string) => void): void {
  if (!explanation) return;
  explanation.outputs.forEach((output, k) => {
    const of = output === 'prediction' ? '' : ` of ${output}`;
    const predicted = formatNumber(explanation.predicted[k]![place]!, 4);
    const expected = formatNumber(explanation.expected[k]!, 4);
    line(`\nRow ${row}: ${explanation.unit}${of} ${predicted}, where the average is ${expected}`);
    const effects = explanation.features.map(({ name, type, labels, values }, j) => {
      const value = values[place]!;
      const known = type === 'category' ? (labels![value] ?? '–') : formatNumber(value, 4);
      return { cells: [name, known], effect: explanation.values[k]![j]![place]! };
    });
    const strongest = effects.sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect)).slice(0, MOST_LINES);
    line(
      textTable(
        ['feature', 'value', 'effect'],
        strongest.map(({ cells, effect }) => [...cells, formatNumber(effect, 3)]),
        [2],
      ),
    );
  });
}

/** What the report says in figures; Shapley values of the rows that were asked for alone. */
function asJson({ explanation, shownRows, sampledRows, ...report }: ExplanationReport): Record<string, unknown> {
  if (!explanation) return report;
  const { outputs, unit, method, expected, predicted, features, values } = explanation;
  const rows = shownRows.map((place) => ({
    row: sampledRows[place]! + 1,
    outputs: outputs.map((output, k) => ({
      output,
      predicted: predicted[k]![place],
      effects: Object.fromEntries(features.map(({ name }, j) => [name, values[k]![j]![place]])),
    })),
  }));
  return { ...report, method, unit, outputs, expected: [...expected], rowsExplained: explanation.rows, shown: rows };
}
