// Fits every model on data made from a seed and hashes what was learnt and predicted, bit for bit. It runs in Node and,
// bundled, in a browser.
import { createEngine } from '../../dist/engine/engine.js';
import { stream } from '../../dist/engine/random.js';
import { models } from '../../dist/models/index.js';
import { programImage } from '../../dist/scoring/serialize.js';
import { readRegister, tableFromRegisters } from '../../dist/table/columns.js';

const ROWS = 3000;
/** For models whose work grows with the square of the rows. */
const FEW_ROWS = 400;

/**
 * Numbers (some missing where the model takes them, none below 0 where it takes counts), a category for models that take
 * it, and a target of each kind, above 0 where the model wants that.
 */
function makeTable(task, { name, nonNegative, quadratic }) {
  const rows = quadratic ? FEW_ROWS : ROWS;
  const complete = !/boosting|forest|tree|dummy/.test(name);
  const positive = /poisson|gamma|tweedie/.test(name);
  const random = stream(7, 'same bits', task);
  const column = (name, value) => ({ name, type: 'number', values: Float64Array.from({ length: rows }, value) });
  const x = ['a', 'b', 'c', 'd'].map((name) => column(name, () => random.normal()));
  if (!complete) for (let row = 0; row < rows; row += 17) x[1].values[row] = Number.NaN;
  const group = Float64Array.from({ length: rows }, () => random.integer(5));
  const signal = (row) =>
    x[0].values[row] * 1.5 +
    (x[1].values[row] > 0 ? 1 : 0) +
    x[2].values[row] * x[3].values[row] +
    (group[row] === 3 ? 2 : 0);
  const y = Float64Array.from({ length: rows }, (_, row) => signal(row) + random.normal() * 0.3);
  const targets = {
    classification: {
      name: 'y',
      type: 'category',
      labels: ['no', 'yes'],
      values: y.map((value) => (value > 1 ? 1 : 0)),
    },
    regression: { name: 'y', type: 'number', values: positive ? y.map((value) => Math.abs(value) + 0.1) : y },
    ranking: { name: 'y', type: 'number', values: y.map((value) => (value > 3 ? 2 : value > 1 ? 1 : 0)) },
  };
  const target = targets[task] ? [{ ...targets[task], role: 'target' }] : [];
  const list = task === 'ranking' ? [column('list', (_, row) => Math.floor(row / 20))] : [];
  const features = complete
    ? x.map((one) => (nonNegative ? { ...one, values: one.values.map(Math.abs) } : one))
    : [...x, { name: 'group', type: 'category', labels: ['p', 'q', 'r', 's', 't'], values: group }];
  return tableFromRegisters([...features, ...target, ...list]);
}

async function sha256(parts) {
  const bytes = parts.map((part) => new Uint8Array(part.buffer, part.byteOffset, part.byteLength).slice());
  const all = new Uint8Array(bytes.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of bytes) {
    all.set(part, at);
    at += part.length;
  }
  const digest = await crypto.subtle.digest('SHA-256', all);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** One hash a model and task: of its program, its arrays, and its predictions. */
export async function fitAll(options) {
  const engine = await createEngine(options);
  const hashes = {};
  try {
    for (const entry of models) {
      const { name, tasks, create } = entry;
      for (const task of tasks) {
        const table = makeTable(task, entry);
        const options = { engine, ...(task === 'ranking' && { group: 'list' }) };
        const model = await create(task).fit(table, options);
        const predictions = await model.predict(table, { engine });
        const columns = model.program.outputs.map(
          (output) => readRegister(predictions, output.name, output.labels).values,
        );
        hashes[`${name} ${task}`] = await sha256([programImage(model.program), ...columns]);
      }
    }
  } finally {
    await engine.close();
  }
  return hashes;
}
