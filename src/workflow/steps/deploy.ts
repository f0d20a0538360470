import { join } from 'node:path';
import type { Table } from 'apache-arrow';
import { loadArtefact } from '../../deploy/artefact.js';
import { columnRanges } from '../../deploy/ranges.js';
import { Registry } from '../../deploy/registry.js';
import { startServer } from '../../deploy/server.js';
import { exportWasm } from '../../deploy/wasm.js';
import { LanewiseError } from '../../errors.js';
import { buildReference } from '../../monitor/index.js';
import { takeRows } from '../../table/columns.js';
import { contextOf, testRows, trainRows } from '../recipes.js';
import type { Step, StepContext } from '../runner.js';
import { checkServed, checkWasm, type ServedCheck } from '../served-check.js';
import { need, type RunState } from '../state.js';
import type { Workflow } from '../workflow-file.js';
import { ARTEFACT_FILES } from './train.js';

const REGISTRY = 'deploy/registry';

/**
 * Step 9: the champion as one artefact in a local registry (version 1, alias champion), served over HTTP and asked for
 * real rows, and as one stand-alone .wasm; both must answer with the bits of the model in this process. Models of texts have
 * no .wasm.
 */
export const deploy: Step<RunState> = {
  name: 'deploy',
  settings: ({ name, deploy }) => ({ name, deploy }),
  async run(context) {
    const { workflow, state, folder, write, wrote } = context;
    const name = nameOf(workflow);
    const { model } = need(state, 'champion');
    const train = trainRows(state);
    const reference = await buildReference(train, {
      ...contextOf(context),
      target: workflow.target,
      model,
      heldOut: testRows(state),
    });
    const registry = new Registry(join(folder, REGISTRY));
    const parts = { model, reference, ranges: columnRanges(model.program, train) };
    const { version, digest } = await registry.register(name, parts, { alias: 'champion' });
    for (const file of [...ARTEFACT_FILES, 'reference.json']) wrote(`${REGISTRY}/${name}/${version}/${file}`);
    state.deployed = { registry: join(folder, REGISTRY), name, version };
    const served = await serve(context, name, version);
    const text = model.program.inputs.find(({ type }) => type === 'text');
    const wasm = text ? undefined : await exportWasm(model, { name, version: String(version), ranges: parts.ranges });
    if (wasm) {
      await checkWasm(wasm, model, servedRows(context), contextOf(context));
      await write(`deploy/${name}.wasm`, wasm);
    }
    const module = wasm
      ? `${name}.wasm ${Math.round(wasm.length / 102.4) / 10} KB with the same bits`
      : `no .wasm, which does not read texts ("${text!.name}")`;
    return {
      outcome: `${name} version ${version}, champion; ${served.rows} rows over HTTP with equal bits in ${served.milliseconds} ms, \
${served.operations} operations in /openapi.json, drained; ${module}`,
      summary: {
        name,
        version,
        alias: 'champion',
        digest,
        registry: REGISTRY,
        served,
        ...(wasm && { wasm: `deploy/${name}.wasm`, wasmBytes: wasm.length }),
      },
    };
  },
  async restore({ folder, state }, summary) {
    const registry = join(folder, REGISTRY);
    state.deployed = { registry, name: String(summary['name']), version: Number(summary['version']) };
  },
};

function nameOf({ name, deploy }: Workflow): string {
  return deploy.name ?? name;
}

/** The first test rows, of which deploying asks every face of the model. */
function servedRows({ workflow, state }: StepContext<RunState>): Table {
  const { test } = need(state, 'split');
  return takeRows(need(state, 'table'), test.subarray(0, workflow.deploy.rows));
}

/** Serves the artefact as it lies on disk, asks it for test rows, and drains it. */
async function serve(context: StepContext<RunState>, name: string, version: number): Promise<ServedCheck> {
  const { state } = context;
  const { registry } = need(state, 'deployed');
  const artefact = await loadArtefact(join(registry, name, String(version)));
  const server = await startServer({ artefact, name, version: String(version), engine: state.engine });
  try {
    const served = await checkServed(server, need(state, 'champion').model, servedRows(context), contextOf(context));
    if (!served.equalBits)
      throw new LanewiseError('internal', `The server's answers differ from the model's in this process`);
    return served;
  } finally {
    await server.close();
  }
}
