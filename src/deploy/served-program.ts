import { readFile } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';
import { decodeValue } from '../scoring/rows.js';
import type { Artefact } from './artefact.js';
import { bodySchemas } from './openapi.js';
import { pageCss, pageHtml } from './page.js';
import { bodyOf, datatypes, type Registers, readRows, readTensors, writeTensors } from './protocol.js';
import { scoreRegisters } from './score.js';
import type { Host, Served, TensorHead } from './served.js';

const MOST_ROWS = 10_000;

/** A model of rows, served: one tensor a raw column, rows as JSON at /predict, and a page with a form at /. */
export function servedProgram({ model, manifest, digest }: Artefact, host: Host): Served {
  const { program, estimator, task, target } = model;
  const { ranges, threshold } = manifest;
  const { inferRequest, inferResponse, predictRequest, predictResponse } = bodySchemas(program, ranges);
  const maxRows = host.maxRows ?? MOST_ROWS;
  const head = ({ name, type }: (typeof program.inputs)[number]): TensorHead => ({
    name,
    datatype: datatypes[type],
    shape: [-1],
  });
  const predict = async (requestId: string, registers: Registers): Promise<Float64Array[]> => {
    const outputs = await scoreRegisters(host.engine, program, registers);
    host.metrics.predicted(registers.rowCount);
    host.log.append(requestId, registers.rowCount, (row) => lineOf(registers, outputs, row));
    return outputs;
  };
  const lineOf = ({ columns, texts }: Registers, outputs: readonly Float64Array[], row: number) => {
    const inputs = program.inputs.map(({ name, type, labels }, i) => [
      name,
      decodeValue({ type, labels: texts[i] ?? labels }, columns[i]![row]!),
    ]);
    return { inputs: Object.fromEntries(inputs), outputs: answerOf(outputs, row) };
  };
  const answerOf = (outputs: readonly Float64Array[], row: number) =>
    Object.fromEntries(program.outputs.map((output, i) => [output.name, decodeValue(output, outputs[i]![row]!)]));
  return {
    title: `${estimator}${target ? ` for ${target}` : ''}`,
    digest,
    inputs: program.inputs.map(head),
    outputs: program.outputs.map(head),
    inferRequest,
    inferResponse,
    schema: () => {
      const inputs = program.inputs.map((input) => ({
        ...input,
        range: Object.hasOwn(ranges, input.name) ? ranges[input.name] : undefined,
      }));
      const outputs = program.outputs.map(({ register: _, ...output }) => output);
      return { estimator, task, target, threshold, inputs, outputs };
    },
    async infer(body, requestId) {
      const outputs = await predict(requestId, readTensors(program, body['inputs'], maxRows));
      return writeTensors(program, outputs, body['outputs']);
    },
    routes(app, told) {
      const schema = told('Predict: rows as objects by column name', 'rows', predictResponse, { body: predictRequest });
      app.post('/predict', schema, async (request) => {
        const registers = readRows(program, bodyOf(request)['rows'], maxRows);
        const outputs = await predict(request.id, registers);
        const predictions = Array.from({ length: registers.rowCount }, (_, row) => answerOf(outputs, row));
        return { model: host.name, version: host.version, predictions };
      });
    },
    openRoutes: servePage,
  };
}

/** The page with a form: it asks for the token itself where there is one. */
async function servePage(app: FastifyInstance): Promise<void> {
  const script = await readFile(new URL('./web/page.js', import.meta.url), 'utf8');
  const page = { schema: { hide: true } };
  app.get('/', page, (_request, reply) => reply.type('text/html; charset=utf-8').serializer(String).send(pageHtml));
  app.get('/page.css', page, (_request, reply) => reply.type('text/css').serializer(String).send(pageCss));
  app.get('/page.js', page, (_request, reply) => reply.type('text/javascript').serializer(String).send(script));
}
