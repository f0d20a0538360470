import type { Table } from 'apache-arrow';
import type { RunningServer } from '../deploy/server.js';
import { instantiateModel } from '../deploy/wasm-host.js';
import { LanewiseError } from '../errors.js';
import type { FittedRecommender } from '../models/recommendation/index.js';
import { readRegister, tableFromRegisters } from '../table/columns.js';
import { readInput } from '../table/inputs.js';
import type { Context, Model } from '../table/interfaces.js';
import { columnsOf } from '../table/schema.js';

/** What a server answered, beside what the model in this process says. */
export interface ServedCheck {
  readonly rows: number;
  /** Every output of every row has the same bits. */
  readonly equalBits: boolean;
  readonly milliseconds: number;
  /** Operations that /openapi.json describes. */
  readonly operations: number;
}

/** Sends a table's rows over the Open Inference Protocol and compares the answer's bits; reads /openapi.json too. */
export async function checkServed(
  server: RunningServer,
  model: Model,
  table: Table,
  context: Context,
): Promise<ServedCheck> {
  const sent = withoutInfinities(table);
  const begin = performance.now();
  const answer = await post(`${server.url}/v2/models/${server.name}/infer`, { inputs: tensorsOf(model, sent) });
  const milliseconds = Math.round((performance.now() - begin) * 10) / 10;
  const expected = await model.predict(sent, context);
  const equalBits = model.program.outputs.every(({ name, labels, type }) => {
    const received = answer.outputs.find((tensor) => tensor.name === name)?.data ?? [];
    const { values } = readRegister(expected, name, labels);
    if (received.length !== values.length) return false;
    return values.every((value, row) => {
      const there =
        type === 'category'
          ? received[row] === null
            ? Number.NaN
            : labels!.indexOf(String(received[row]))
          : received[row];
      return Object.is(there === null ? Number.NaN : there, value);
    });
  });
  return { rows: table.numRows, equalBits, milliseconds, operations: await operationsOf(server) };
}

/** Operations that /openapi.json describes. */
async function operationsOf(server: RunningServer): Promise<number> {
  const openapi = (await (await fetch(`${server.url}/openapi.json`)).json()) as { openapi?: string; paths?: object };
  if (!openapi.openapi?.startsWith('3.1')) {
    throw new LanewiseError('internal', `Expected OpenAPI 3.1 from the server but received ${openapi.openapi}`);
  }
  return Object.values(openapi.paths ?? {}).reduce((sum: number, path) => sum + Object.keys(path).length, 0);
}

/** Asks a server for the lists of the first users. @throws LanewiseError `internal` where a bit differs from the model's. */
export async function checkServedLists(
  server: RunningServer,
  model: FittedRecommender,
  most: number,
  context: Context,
): Promise<ServedCheck> {
  const users = Array.from({ length: Math.min(most, model.users.count) }, (_, index) => model.users.id(index));
  const begin = performance.now();
  const url = `${server.url}/v2/models/${server.name}/infer`;
  const tensor = { name: 'user', datatype: 'BYTES', shape: [users.length], data: users.map(String) };
  const { outputs } = await post(url, { inputs: [tensor] });
  const milliseconds = Math.round((performance.now() - begin) * 10) / 10;
  const expected = await model.recommend(users, context);
  const scores = outputs.find(({ name }) => name === 'score')?.data ?? [];
  const items = outputs.find(({ name }) => name === 'item')?.data ?? [];
  const equalBits = users.every((_, place) =>
    expected.list(place).every(({ item, score }, rank) => {
      const cell = place * expected.n + rank;
      return String(items[cell]) === String(item) && Object.is(scores[cell], score);
    }),
  );
  if (!equalBits) throw new LanewiseError('internal', `The server's lists differ from the model's in this process`);
  return { rows: users.length, equalBits, milliseconds, operations: await operationsOf(server) };
}

/** JSON has no infinities: what is infinite is asked for as missing, of the server and of the model. */
function withoutInfinities(table: Table): Table {
  const columns = columnsOf(table).map(({ name }) => {
    const register = readRegister(table, name);
    return { ...register, values: register.values.map((value) => (Number.isFinite(value) ? value : Number.NaN)) };
  });
  return tableFromRegisters(columns, table.numRows);
}

/** Runs a stand-alone module on a table's rows. @throws LanewiseError `internal` where a bit differs from the model's. */
export async function checkWasm(
  bytes: Uint8Array<ArrayBuffer>,
  model: Model,
  table: Table,
  context: Context,
): Promise<void> {
  const module = await instantiateModel(bytes);
  const columns = model.program.inputs.map((input) => readInput(table, input));
  const expected = await model.predict(table, context);
  module.predict(columns, table.numRows).forEach((received, index) => {
    const { name, labels } = model.program.outputs[index]!;
    const { values } = readRegister(expected, name, labels);
    if (values.every((value, row) => Object.is(value, received[row]))) return;
    throw new LanewiseError('internal', `The stand-alone module's "${name}" differs from the model's in this process`);
  });
}

interface Answer {
  readonly outputs: readonly { readonly name: string; readonly data: readonly (number | string | boolean | null)[] }[];
}

async function post(url: string, body: unknown): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok)
    throw new LanewiseError('internal', `The server answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Answer;
}

/** One tensor a raw column, missing values as null. */
function tensorsOf(model: Model, table: Table): unknown[] {
  const datatypes = { number: 'FP64', boolean: 'BOOL', timestamp: 'INT64', category: 'BYTES', text: 'BYTES' };
  return model.program.inputs.map(({ name, type, labels }) => {
    const isLabelled = type === 'category' || type === 'text';
    const { values, labels: own } = readRegister(table, name, isLabelled ? undefined : labels);
    const data = Array.from(values, (value) => {
      if (Number.isNaN(value)) return null;
      return isLabelled ? own![value]! : type === 'boolean' ? value === 1 : value;
    });
    return { name, datatype: datatypes[type], shape: [table.numRows], data };
  });
}
