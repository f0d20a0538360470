import { join, relative } from 'node:path';
import { Registry } from '../deploy/registry.js';
import type { EngineDescription } from '../engine/engine.js';
import { REPORT, runFile } from '../workflow/run.js';
import { type CommandFile, type CommonOptions, noteSlowPath } from './command.js';

interface RunCommandOptions extends CommonOptions {
  readonly fresh?: boolean;
  readonly runs: string;
}

const command: CommandFile = {
  configure: (run) =>
    run
      .argument('<WORKFLOW>', 'a workflow file (YAML)')
      .option('--fresh', 'reuse nothing of earlier runs')
      .option('--runs <folder>', 'where runs are kept', 'runs'),
  run: async (shell, options: RunCommandOptions, path) => {
    const print = options.json ? shell.note : shell.print;
    const { record, folder } = await runFile(path!, {
      ...options,
      runsFolder: options.runs,
      signal: shell.signal,
      onProgress: (_, progress) => shell.onProgress(progress),
      onStep: ({ name, outcome, seconds, reused }, index) => {
        const time = reused ? 'reused' : `${seconds.toFixed(1)} s`;
        print(`${String(index + 1).padStart(2)} ${name.padEnd(9)} ${outcome}  (${time})`);
      },
    });
    if (options.backend !== 'reference') noteSlowPath(record.environment['engine'] as EngineDescription, shell);
    const report = join(folder, REPORT);
    if (options.json) return shell.print(JSON.stringify({ ...record, folder, report }));
    const near = (path: string) => relative(process.cwd(), path) || '.';
    const deployed = record.steps.find(({ name }) => name === 'deploy')!.summary;
    const registry = join(folder, String(deployed['registry']));
    const champion = await new Registry(registry).resolve(`${deployed['name']}@champion`);
    const model = `${deployed['name']}@champion`;
    const isRecommendation = record.workflow['task'] === 'recommendation';
    const wasm = deployed['wasm'];
    const module = wasm ? `\n        ${near(join(folder, String(wasm)))}  the same model as one stand-alone .wasm` : '';
    shell.print(`
Made    ${near(report)}  the report of all steps: open it in a browser
        ${near(champion)}  the model: ${isRecommendation ? 'ids, who met what and all' : 'preparation and all'} in one artefact${module}
Next    npx lanewise serve --model ${model}
        npx lanewise ${isRecommendation ? `recommend ${model} --users all` : `predict DATA.csv --model ${model}`}
        npx lanewise doctor`);
  },
};

export default command;
