import { basename, join } from 'node:path';
import { loadRecommender } from '../../deploy/recommender-artefact.js';
import { Registry } from '../../deploy/registry.js';
import { startServer } from '../../deploy/server.js';
import type { FittedRecommender } from '../../models/recommendation/index.js';
import { hashFile } from '../record.js';
import type { Step, StepContext } from '../runner.js';
import { checkServedLists } from '../served-check.js';
import { need, type RunState } from '../state.js';
import { ARTEFACT_FILES } from '../steps/train.js';
import { fitOn, seenRows } from './interactions.js';

const REGISTRY = 'deploy/registry';

/**
 * The champion, fitted once more on training and test rows (one that did not know what was bought last would recommend it), in a
 * local registry, served over HTTP and asked for real users: the lists must have the bits of those in this process.
 */
export const deploy: Step<RunState> = {
  name: 'deploy',
  settings: ({ name, deploy }) => ({ name, deploy }),
  async run(context) {
    const { workflow, state } = context;
    const name = workflow.deploy.name ?? workflow.name;
    const chosen = need(state, 'chosen');
    const model = await fitOn(context, chosen.name, seenRows(state), chosen.parameters);
    const { version, digest } = await register(context, name, model);
    const served = await serve(context, name, version, model);
    return {
      outcome: `${name} version ${version}, champion; ${served.rows} lists over HTTP with equal bits in ${served.milliseconds} ms, \
${served.operations} operations in /openapi.json, drained`,
      summary: { name, version, alias: 'champion', digest, registry: REGISTRY, served },
    };
  },
  async restore({ folder, state }, summary) {
    const registry = join(folder, REGISTRY);
    state.deployed = { registry, name: String(summary['name']), version: Number(summary['version']) };
  },
};

/** Puts a version into the run's registry, with the data it came from, and points champion to it. */
export async function register(
  { workflow, state, folder, wrote }: StepContext<RunState>,
  name: string,
  recommender: FittedRecommender,
  note?: string,
) {
  const registry = join(folder, REGISTRY);
  const { name: model, parameters } = need(state, 'chosen');
  const data = { file: basename(workflow.data), sha256: await hashFile(workflow.data) };
  const metadata = { data, model, parameters, split: need(state, 'split').description, seed: workflow.seed };
  const { version, digest } = await new Registry(registry).register(
    name,
    { recommender, metadata },
    { alias: 'champion', ...(note !== undefined && { note }) },
  );
  for (const file of ARTEFACT_FILES) wrote(`${REGISTRY}/${name}/${version}/${file}`);
  state.deployed = { registry, name, version };
  return { version, digest };
}

/** Serves the artefact as it lies on disk, asks it for lists, and drains it. */
async function serve(context: StepContext<RunState>, name: string, version: number, model: FittedRecommender) {
  const { workflow, state } = context;
  const artefact = await loadRecommender(join(need(state, 'deployed').registry, name, String(version)));
  const server = await startServer({ artefact, name, version: String(version), engine: state.engine });
  try {
    return await checkServedLists(server, model, Math.min(workflow.deploy.rows, 1000), { engine: state.engine });
  } finally {
    await server.close();
  }
}
