import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Artefact, saveArtefact } from '#lanewise/deploy/artefact.js';
import { exactJson } from '#lanewise/deploy/json.js';
import { type RunningServer, startServer } from '#lanewise/deploy/server.js';
import { goldenRowObjects } from '#lanewise/scoring/golden.js';
import { bitsOf, dice } from '../scoring/programs.js';
import { classifier, inputs, ranges, regressor, rows } from './sample.js';

const folder = mkdtempSync(join(tmpdir(), 'lanewise-server-'));
let fare: Artefact;
let payment: Artefact;
let server: RunningServer;

beforeAll(async () => {
  fare = await saveArtefact(join(folder, 'fare'), { model: regressor(), ranges });
  payment = await saveArtefact(join(folder, 'payment'), { model: classifier(), ranges });
  server = await startServer({ artefact: join(folder, 'fare'), name: 'fare', version: '3', maxRows: 1000 });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

// biome-ignore lint/suspicious/noExplicitAny: answers of any shape
type Answer = any;

async function get(path: string, base = server.url): Promise<{ status: number; body: Answer; headers: Headers }> {
  const response = await fetch(base + path);
  const text = await response.text();
  const json = response.headers.get('content-type')?.includes('json');
  return { status: response.status, body: json ? JSON.parse(text) : text, headers: response.headers };
}

async function post(path: string, body: unknown, base = server.url, headers: Record<string, string> = {}) {
  const response = await fetch(base + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Answer };
}

const types = { number: 'FP64', boolean: 'BOOL', timestamp: 'INT64', category: 'BYTES' };
/** Rows as the protocol's tensors. */
const tensorsOf = (from: readonly Readonly<Record<string, unknown>>[]) =>
  inputs.map(({ name, type }) => {
    const data = from.map((row) => {
      const value = row[name] ?? null;
      return type === 'timestamp' && typeof value === 'string'
        ? Date.parse(value.endsWith('Z') ? value : `${value}Z`)
        : value;
    });
    return { name, datatype: types[type], shape: [from.length], data };
  });

describe('the open inference protocol', () => {
  test('describes server and model, and says when both are ready', async () => {
    expect((await get('/v2')).body).toMatchObject({ name: 'lanewise', version: expect.stringMatching(/^\d/) });
    expect((await get('/v2/health/live')).body).toEqual({ live: true });
    expect((await get('/v2/health/ready')).body).toEqual({ ready: true });
    expect((await get('/v2/models/fare/ready')).status).toBe(200);
    expect((await get('/v2/models/fare/versions/3/ready')).status).toBe(200);
    const { body } = await get('/v2/models/fare');
    expect(body).toMatchObject({
      name: 'fare',
      versions: ['3'],
      outputs: [{ name: 'prediction', datatype: 'FP64', shape: [-1] }],
    });
    expect(body.inputs.map((input: { datatype: string }) => input.datatype)).toEqual([
      'FP64',
      'FP64',
      'BOOL',
      'INT64',
      'BYTES',
    ]);
    for (const path of ['/v2/models/fair', '/v2/models/fare/versions/4', '/v2/models/fair/ready', '/nothing']) {
      expect(await get(path)).toMatchObject({ status: 404, body: { error: expect.any(String) } });
    }
  });

  test('answers the golden rows with the bits that the artefact holds', async () => {
    const golden = goldenRowObjects(fare.manifest.golden);
    const { status, body } = await post('/v2/models/fare/versions/3/infer', { id: 'a7', inputs: tensorsOf(golden) });
    expect(status).toBe(200);
    expect(body).toMatchObject({ model_name: 'fare', model_version: '3', id: 'a7' });
    const bits = bitsOf(Float64Array.from(body.outputs[0].data, (value) => (value as number | null) ?? Number.NaN));
    expect(bits.map((value) => (value === 'NaN' ? '7ff8000000000000' : value.padStart(16, '0')))).toEqual(
      fare.manifest.golden.outputs[0]!.bits,
    );
  });

  test('gives classes as labels and probabilities as numbers, and only the outputs asked for', async () => {
    const other = await startServer({ artefact: payment });
    const ask = (outputs?: unknown) => post('/v2/models/model/infer', { inputs: tensorsOf(rows), outputs }, other.url);
    const { body } = await ask();
    const model = classifier();
    expect(body.outputs.map((output: { name: string }) => output.name)).toEqual([
      'prediction',
      'probability_card',
      'probability_cash',
    ]);
    expect(body.outputs[0]).toMatchObject({
      datatype: 'BYTES',
      shape: [5],
      data: rows.map((row) => model.predictSync(row)),
    });
    expect(body.outputs[1].data[0] + body.outputs[2].data[0]).toBeCloseTo(1, 12);
    expect((await ask([{ name: 'probability_cash' }])).body.outputs).toEqual([body.outputs[2]]);
    expect((await ask([{ name: 'probability_cheque' }])).body.error).toMatch(/output "probability_cheque"/);
    await other.close();
  });

  test('takes columns as [n, 1], nested, and timestamps as text', async () => {
    const flat = tensorsOf(rows);
    const nested = flat.map((tensor) => ({
      ...tensor,
      shape: [rows.length, 1],
      data: tensor.data.map((value) => [value]),
    }));
    const pickup = {
      name: 'pickup',
      datatype: 'BYTES',
      shape: [rows.length],
      data: rows.map((row) => (row.pickup ?? null)?.toString() ?? null),
    };
    pickup.data[2] = new Date(1_553_000_000_000).toISOString();
    const texts = flat.map((tensor) => (tensor.name === 'pickup' ? pickup : tensor));
    const want = (await post('/v2/models/fare/infer', { inputs: flat })).body.outputs;
    expect((await post('/v2/models/fare/infer', { inputs: nested })).body.outputs).toEqual(want);
    expect((await post('/v2/models/fare/infer', { inputs: texts })).body.outputs).toEqual(want);
  });

  const wrong: Record<string, [(tensors: Answer[]) => unknown, RegExp]> = {
    'a shape that does not fit the data': [(t) => (t[0].shape = [7]), /shape \[5\].*"distance"/],
    'a shape of two columns': [(t) => (t[0].shape = [5, 2]), /"distance"/],
    'no shape': [(t) => delete t[1].shape, /"tip <b>"/],
    'columns of unequal length': [(t) => Object.assign(t[3], { shape: [1], data: [1] }), /5 rows for column "pickup"/],
    'a column that is not there': [(t) => (t[0].name = 'distence'), /"distence": did you mean "distance"/],
    'a column left out': [(t) => t.pop(), /"borough" but received none/],
    'a column twice': [(t) => t.push(t[0]), /"distance" but received two/],
    'another datatype': [(t) => (t[0].datatype = 'BYTES'), /FP64.*"distance" but received "BYTES"/],
    'no datatype': [(t) => delete t[2].datatype, /"airport"/],
    'text among numbers': [(t) => (t[0].data[1] = '1'), /"distance", row 2/],
    'a number among texts': [(t) => (t[4].data[0] = 1), /"borough", row 1/],
    'two for a boolean': [(t) => (t[2].data[0] = 2), /"airport"/],
    'a fraction of a millisecond': [(t) => (t[3].data[0] = 0.5), /"pickup"/],
    'data that is no list': [(t) => (t[0].data = 3), /list for the data of column "distance"/],
    'a tensor without a name': [(t) => delete t[0].name, /"name"/],
  };
  for (const [name, [change, message]] of Object.entries(wrong)) {
    test(`refuses ${name}`, async () => {
      const tensors = structuredClone(tensorsOf(rows));
      change(tensors);
      const { status, body } = await post('/v2/models/fare/infer', { inputs: tensors });
      expect(status).toBe(400);
      expect(body.error).toMatch(message);
    });
  }

  test('refuses bodies that are no request, and more rows than it takes', async () => {
    for (const body of ['[]', 'null', '{}', '{"inputs": 3}', '{"inputs": [null]}', '{"inputs"', '']) {
      const answer = await post('/v2/models/fare/infer', body);
      expect(answer).toMatchObject({ status: 400, body: { error: expect.any(String) } });
    }
    const many = Array.from({ length: 1001 }, () => rows[0]!);
    expect((await post('/v2/models/fare/infer', { inputs: tensorsOf(many) })).body.error).toMatch(/at most 1000 rows/);
    expect((await post('/v2/models/fare/infer', '{}', server.url, { 'content-type': 'text/csv' })).status).toBe(415);
  });
});

describe('binary tensors', () => {
  const texts = (values: readonly (string | null)[]) =>
    Buffer.concat(
      values.flatMap((value) => {
        const [length, text] = [Buffer.alloc(4), Buffer.from(value ?? '')];
        length.writeUInt32LE(text.length);
        return [length, text];
      }),
    );
  const numbers = (values: readonly unknown[]) =>
    Buffer.from(Float64Array.from(values, (value) => (value as number | null) ?? Number.NaN).buffer);

  /** The tensors of `rows`, numbers and labels in binary, the others in JSON. */
  const mixed = (change: (header: Answer) => void = () => {}) => {
    const parts: Buffer[] = [];
    const tensors = tensorsOf(rows).map(({ data, ...tensor }) => {
      if (!['FP64', 'BYTES'].includes(tensor.datatype!)) return { ...tensor, data };
      const bytes = tensor.datatype === 'FP64' ? numbers(data) : texts(data as string[]);
      parts.push(bytes);
      return { ...tensor, parameters: { binary_data_size: bytes.length } };
    });
    const header = { id: 'b', inputs: tensors, parameters: { binary_data_output: true } };
    change(header);
    const json = Buffer.from(JSON.stringify(header));
    return { body: Buffer.concat([json, ...parts]), length: json.length };
  };
  const send = async (base: string, { body, length }: { body: Buffer; length: number }, type: string) => {
    const headers = { 'content-type': type, 'inference-header-content-length': String(length) };
    const response = await fetch(`${base}/v2/models/model/infer`, {
      method: 'POST',
      headers,
      body: new Uint8Array(body),
    });
    const answer = Buffer.from(await response.arrayBuffer());
    const split = Number(response.headers.get('inference-header-content-length') ?? answer.length);
    return {
      status: response.status,
      json: JSON.parse(answer.subarray(0, split).toString()),
      rest: answer.subarray(split),
    };
  };

  test('carry the same bits as JSON, whichever type the body is said to be', async () => {
    const other = await startServer({ artefact: payment });
    const json = (await post('/v2/models/model/infer', { inputs: tensorsOf(rows) }, other.url)).body.outputs;
    for (const type of ['application/octet-stream', 'application/json']) {
      const { status, json: head, rest } = await send(other.url, mixed(), type);
      expect(status).toBe(200);
      expect(head).toMatchObject({
        id: 'b',
        outputs: [{ datatype: 'BYTES' }, { datatype: 'FP64', shape: [5] }, { name: 'probability_cash' }],
      });
      const labels = texts(json[0].data);
      expect(rest).toEqual(Buffer.concat([labels, numbers(json[1].data), numbers(json[2].data)]));
      expect(head.outputs[1].parameters).toEqual({ binary_data_size: 40 });
    }
    const some = await send(
      other.url,
      mixed((header) => {
        header.parameters = {};
        header.outputs = [{ name: 'probability_cash', parameters: { binary_data: true } }, { name: 'prediction' }];
      }),
      'application/json',
    );
    expect(some.json.outputs[1].data).toEqual(json[0].data);
    expect(some.rest).toEqual(numbers(json[2].data));
    await other.close();
  });

  test('that do not fit are refused, and the column named', async () => {
    const other = await startServer({ artefact: payment });
    const refused = async (change: (header: Answer) => void, message: RegExp) => {
      const { status, json } = await send(other.url, mixed(change), 'application/octet-stream');
      expect(status).toBe(400);
      expect(json.error).toMatch(message);
    };
    await refused(
      (header) => (header.inputs[0].parameters.binary_data_size = 1e9),
      /binary_data_size of column "distance"/,
    );
    await refused((header) => (header.inputs[0].parameters.binary_data_size = -8), /"distance"/);
    await refused((header) => (header.inputs[0].parameters.binary_data_size = 39), /multiple of 8 bytes.*"distance"/);
    await refused((header) => (header.inputs[4].parameters.binary_data_size = 3), /row 1 of column "borough"/);
    await refused((header) => (header.inputs[0].datatype = 'FP99'), /"distance" but received FP99/);
    await refused((header) => (header.inputs[0].shape = [4]), /shape.*"distance"/);
    await refused((header) => delete header.inputs[4].parameters, /bytes for header and tensors/);
    for (const length of [1e9, -1, 3]) {
      expect((await send(other.url, { ...mixed(), length }, 'application/octet-stream')).status).toBe(400);
    }
    await other.close();
  });
});

describe('rows as JSON', () => {
  test('predicts what the model predicts, missing and unseen values included', async () => {
    const { status, body } = await post('/predict', { rows });
    expect(status).toBe(200);
    expect(body.predictions.map((row: { prediction: number }) => row.prediction)).toEqual(
      rows.map((row) => fare.model.predictSync(row)),
    );
    expect((await post('/predict', { rows: [] })).body.predictions).toEqual([]);
  });

  test('names the row and the column that are wrong', async () => {
    const ask = async (row: unknown) => (await post('/predict', { rows: [{}, row] })).body.error;
    expect(await ask({ distance: 'far' })).toMatch(/Row 2.*number.*"distance".*"far"/);
    expect(await ask({ airport: 'maybe' })).toMatch(/Row 2.*"airport"/);
    expect(await ask({ pickup: 'yesterday' })).toMatch(/Row 2.*"pickup"/);
    expect(await ask({ borugh: 'Bronx' })).toMatch(/"borugh": did you mean "borough"/);
    expect(await ask(7)).toMatch(/row 2/);
    expect(await ask({ distance: { a: 1 } })).toMatch(/"distance"/);
    expect((await post('/predict', { row: {} })).body.error).toMatch(/"rows"/);
    expect((await post('/predict', '{"rows": [{"__proto__": {"distance": 1}}]}')).status).toBe(400);
  });
});

test('bodies changed at random are answered or refused, never a failure of the server', async () => {
  const random = dice(3);
  const bodies = {
    '/predict': JSON.stringify({ rows }),
    '/v2/models/fare/infer': JSON.stringify({ inputs: tensorsOf(rows) }),
  };
  const statuses = new Set<number>();
  for (let round = 0; round < 150; round++) {
    const [path, body] = random.pick(Object.entries(bodies));
    const place = random.integer(body.length);
    const letter = random.pick(['0', '-', '1e999', '"', '[', ']', '{}', 'null', 'true', ',', '', '\\u0000']);
    const { status } = await post(path, body.slice(0, place) + letter + body.slice(place + random.integer(3)));
    statuses.add(status);
  }
  expect([...statuses].sort()).toEqual([200, 400]);
});

test('numbers keep their bits in JSON', () => {
  const values = [
    0,
    -0,
    1 / 3,
    5e-324,
    1.7976931348623157e308,
    -1e-7,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ];
  expect(bitsOf(Float64Array.from(JSON.parse(exactJson(Float64Array.from(values)))))).toEqual(
    bitsOf(Float64Array.from(values)),
  );
  expect(exactJson({ a: Number.NaN, b: undefined, c: [undefined, -0, '<&"'] })).toBe(
    '{"a":null,"c":[null,-0,"<&\\""]}',
  );
});

test('the OpenAPI document is of version 3.1 and types every column', async () => {
  const { body } = await get('/openapi.json');
  expect(body.openapi).toBe('3.1.0');
  expect(body.info).toMatchObject({ title: expect.stringContaining('fare'), version: '3' });
  expect(Object.keys(body.paths)).toEqual(
    expect.arrayContaining([
      '/predict',
      '/v2/models/{name}/infer',
      '/v2/models/{name}/versions/{version}/infer',
      '/v2/health/ready',
      '/metrics',
    ]),
  );
  const row = body.paths['/predict'].post.requestBody.content['application/json'].schema.properties.rows.items;
  expect(Object.keys(row.properties)).toEqual(inputs.map((input) => input.name));
  expect(row.properties.distance).toMatchObject({ type: ['number', 'null'], description: 'In training 0 … 36.7.' });
  expect(row.properties.borough.description).toContain('"<script>"');
  for (const methods of Object.values(body.paths as Record<string, Record<string, { responses: object }>>)) {
    for (const operation of Object.values(methods)) expect(Object.keys(operation.responses).length).toBeGreaterThan(0);
  }
});

test('metrics count requests by status and rows', async () => {
  const other = await startServer({ artefact: fare, name: 'fare' });
  await post('/predict', { rows }, other.url);
  await post('/predict', { rows: 3 }, other.url);
  const { body, headers } = await get('/metrics', other.url);
  expect(headers.get('content-type')).toContain('text/plain');
  expect(body).toContain('lanewise_rows_total 5');
  expect(body).toContain('lanewise_requests_total{route="/predict",status="200"} 1');
  expect(body).toContain('lanewise_requests_total{route="/predict",status="400"} 1');
  expect(body).toContain(`digest="${fare.digest}"`);
  await other.close();
});

test('the page loads nothing from elsewhere, holds no data, and its schema is told as data', async () => {
  const { body, headers } = await get('/');
  expect(headers.get('content-type')).toContain('text/html');
  expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(body).not.toMatch(/https?:/);
  expect(body).not.toContain('Bronx');
  expect((await get('/page.js')).body).not.toMatch(/innerHTML|eval\(/);
  expect((await get('/page.css')).status).toBe(200);
  const schema = (await get('/schema')).body;
  expect(schema.inputs[4]).toMatchObject({ name: 'borough', labels: expect.arrayContaining(['<script>']) });
  expect(schema.inputs[0].range).toEqual({ min: 0, max: 36.7 });
  expect(schema.outputs).toEqual([{ name: 'prediction', type: 'number' }]);
});

test('without the token nothing but health and the empty page is shown', async () => {
  const closed = await startServer({ artefact: fare, token: 'secret-7', name: 'fare' });
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  for (const path of ['/v2', '/v2/models/fare', '/schema', '/openapi.json', '/metrics']) {
    expect(await get(path, closed.url)).toMatchObject({ status: 401, body: { error: expect.any(String) } });
  }
  expect((await post('/predict', { rows }, closed.url)).status).toBe(401);
  expect((await post('/predict', { rows }, closed.url, bearer('secret-8'))).status).toBe(401);
  expect((await post('/predict', { rows }, closed.url, bearer('secret-7'))).status).toBe(200);
  expect((await get('/v2/health/ready', closed.url)).status).toBe(200);
  expect((await get('/', closed.url)).status).toBe(200);
  await closed.close();
});

test('others can reach it only with a token, and a taken port is named', async () => {
  await expect(startServer({ artefact: fare, host: '0.0.0.0' })).rejects.toMatchObject({
    code: 'usage',
    message: /token.*0\.0\.0\.0/,
  });
  const port = Number(new URL(server.url).port);
  await expect(startServer({ artefact: fare, port })).rejects.toMatchObject({
    code: 'usage',
    message: new RegExp(`port ${port}`),
  });
  await expect(startServer({ artefact: join(folder, 'nosuch') })).rejects.toThrow(/nosuch/);
});

test('a server that lags turns requests away, but says that it lives', async () => {
  const busy = await startServer({ artefact: fare, maxDelay: 0.001 });
  let answer = await post('/predict', { rows }, busy.url);
  for (let wait = 0; wait < 50 && answer.status === 200; wait++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    answer = await post('/predict', { rows }, busy.url);
  }
  expect(answer).toMatchObject({ status: 503, body: { error: expect.stringContaining('too busy') } });
  expect((await get('/v2/health/live', busy.url)).status).toBe(200);
  await busy.close();
});

test('a body that is too long is refused unread', async () => {
  const narrow = await startServer({ artefact: fare, maxBytes: 100 });
  expect(await post('/predict', { rows }, narrow.url)).toMatchObject({
    status: 413,
    body: { error: expect.any(String) },
  });
  expect((await post('/predict', { rows: [{}] }, narrow.url)).status).toBe(200);
  await narrow.close();
});

test('the request log has a line for every row, with its prediction', async () => {
  const file = join(folder, 'requests.jsonl');
  const logging = await startServer({ artefact: fare, requestLog: file });
  await post('/predict', { rows }, logging.url);
  await logging.close();
  const lines = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines).toHaveLength(rows.length);
  expect(lines[0]).toMatchObject({ row: 0, inputs: { distance: 1.6, airport: false, borough: 'Bronx' } });
  expect(lines[0].outputs.prediction).toBe(fare.model.predictSync(rows[0]!));
});

describe('draining', () => {
  /** A request whose body is sent in two halves, the second when `finish` is called. */
  const slowRequest = (url: string) => {
    const body = JSON.stringify({ rows });
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const request = httpRequest(`${url}/predict`, { method: 'POST', headers });
    const answer = new Promise<{ status: number; text: string }>((resolve, reject) => {
      request.on('error', reject);
      request.on('response', (response) => {
        let text = '';
        response.on('data', (chunk) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode!, text }));
      });
    });
    const begun = new Promise<void>((resolve) => request.write(body.slice(0, 20), () => setTimeout(resolve, 100)));
    return { begun, answer, finish: () => request.end(body.slice(20)) };
  };

  test('answers what is in flight, then takes no more', async () => {
    const draining = await startServer({ artefact: fare });
    const slow = slowRequest(draining.url);
    await slow.begun;
    let closed = false;
    const closing = draining.close().then(() => (closed = true));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(closed).toBe(false);
    slow.finish();
    const { status, text } = await slow.answer;
    expect(status).toBe(200);
    expect(JSON.parse(text).predictions).toHaveLength(rows.length);
    await closing;
    await expect(fetch(`${draining.url}/v2/health/live`)).rejects.toThrow();
    await draining.close(); // a second time is no error
  });

  test('waits no longer than it was told', async () => {
    const draining = await startServer({ artefact: fare, drainSeconds: 0.2 });
    const socket = connect(Number(new URL(draining.url).port), '127.0.0.1');
    socket.on('error', () => {});
    socket.write('POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{');
    await new Promise((resolve) => setTimeout(resolve, 100));
    const begin = Date.now();
    await draining.close();
    expect(Date.now() - begin).toBeLessThan(5000);
    socket.destroy();
  });

  test('SIGTERM ends the process with 0 after the last answer', async () => {
    const module = new URL('../../dist/deploy/server.js', import.meta.url).href;
    const code = `import { startServer, serveUntilStopped } from ${JSON.stringify(module)};
      const server = await startServer({ artefact: ${JSON.stringify(join(folder, 'fare'))} });
      console.log(server.url);
      await serveUntilStopped(server);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = new Promise((resolve) => child.on('exit', (status, signal) => resolve({ status, signal })));
    const url = await new Promise<string>((resolve) =>
      child.stdout.once('data', (line) => resolve(String(line).trim())),
    );
    const slow = slowRequest(url);
    await slow.begun;
    child.kill('SIGTERM');
    await new Promise((resolve) => setTimeout(resolve, 50));
    slow.finish();
    expect((await slow.answer).status).toBe(200);
    expect(await exited).toEqual({ status: 0, signal: null });
  });
});
