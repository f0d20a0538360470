// The checks that a browser runs on a model (check.html); check.mjs drives them in Chromium.
import { bitsOf, LanewiseError, Model } from './lanewise.js';

/** Every check of one model, with its error where it failed. */
export async function checkModel(url) {
  const results = [];
  const model = await Model.load(url, { verify: false });
  for (const [check, work] of Object.entries(checks)) {
    try {
      await work(model, url);
      results.push({ check });
    } catch (error) {
      results.push({ check, error: String(error) });
    }
  }
  return results;
}

const checks = {
  'golden rows come out bit for bit'(model) {
    if (model.verify() < 1) throw new Error('there are no golden rows');
    const { golden } = model.schema;
    equal(
      bitsOfRows(model, rawRows(model)),
      golden.outputs.map(({ bits }) => bits),
    );
  },
  'one row at a time gives the same bits'(model) {
    const { golden } = model.schema;
    rawRows(model).forEach((row, index) => {
      equal(
        bitsOfRows(model, [row]),
        golden.outputs.map(({ bits }) => [bits[index]]),
      );
    });
  },
  'rows and columns agree, many rows too'(model) {
    if (model.inputs.length === 0) return; // columns cannot tell how many rows there are
    const rows = rawRows(model);
    const many = Array.from({ length: 3000 }, (_, index) => rows[index % rows.length]);
    const byRow = model.predictRows(many);
    const byColumn = model.predict(columnsOf(model, many));
    for (const { name } of model.outputs) {
      equal(
        byRow.map((row) => row[name]),
        Array.from(byColumn[name], (value) => (Number.isNaN(value) ? null : value)),
      );
    }
  },
  'null, undefined and NaN are all missing'(model) {
    const [first, ...others] = [null, undefined, Number.NaN].map((missing) =>
      bitsOfRows(model, [Object.fromEntries(model.inputs.map(({ name }) => [name, missing]))]),
    );
    for (const other of others) equal(other, first);
  },
  'any two unseen labels are alike'(model) {
    const categories = model.inputs.filter(({ type }) => type === 'category').map(({ name }) => name);
    const unseen = (label) =>
      rawRows(model).map((row) => ({ ...row, ...Object.fromEntries(categories.map((name) => [name, label])) }));
    equal(bitsOfRows(model, unseen('never seen before')), bitsOfRows(model, unseen('nor this 😀')));
  },
  'timestamps mean the same in every form'(model) {
    const times = model.inputs.filter(({ type }) => type === 'timestamp').map(({ name }) => name);
    const at = (value) => [{ ...rawRows(model)[4], ...Object.fromEntries(times.map((name) => [name, value])) }];
    const milliseconds = Date.UTC(2019, 2, 23, 20, 21, 9, 500);
    for (const form of [
      new Date(milliseconds),
      '2019-03-23 20:21:09.500',
      '2019-03-24T01:21:09.500+05:00',
      BigInt(milliseconds),
    ]) {
      equal(bitsOfRows(model, at(form)), bitsOfRows(model, at(milliseconds)));
    }
  },
  'what is wrong is named'(model) {
    const nothing = Object.fromEntries(model.inputs.map(({ name }) => [name, [null]]));
    refuses(() => model.predict({ ...nothing, 'no such column': [1] }), 'no such column');
    if (model.inputs.length === 0) return;
    const [{ name }] = model.inputs;
    const { [name]: _, ...fewer } = nothing;
    refuses(() => model.predict(fewer), name);
    const wrong = { number: 'far', boolean: 'maybe', timestamp: 'yesterday', category: 7 };
    for (const column of model.inputs)
      refuses(() => model.predict({ ...nothing, [column.name]: [wrong[column.type]] }), column.name);
  },
  async 'a changed model is refused'(model, url) {
    const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
    const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
    const changed = text.replace(model.schema.golden.outputs[0].bits[5], '0123456789abcdef');
    const error = await Model.load(Uint8Array.from(changed, (letter) => letter.charCodeAt(0))).catch(
      (caught) => caught,
    );
    if (!(error instanceof LanewiseError) || !error.message.includes('Golden row'))
      throw new Error(`received ${error}`);
  },
};

function rawRows({ schema: { golden } }) {
  return Array.from({ length: golden.rowCount }, (_, row) =>
    Object.fromEntries(golden.inputs.map(({ name, values }) => [name, values[row]])),
  );
}

function columnsOf(model, rows) {
  return Object.fromEntries(model.inputs.map(({ name }) => [name, rows.map((row) => row[name])]));
}

/** Bits of every output; labels as the bits of their codes. */
function bitsOfRows(model, rows) {
  const outputs =
    model.inputs.length > 0
      ? model.predict(columnsOf(model, rows))
      : transpose(model, model.predictRows(rows.map(() => ({}))));
  const code = (value, labels) => (value === null ? Number.NaN : labels ? labels.indexOf(value) : Number(value));
  return model.outputs.map(({ name, labels }) => Array.from(outputs[name], (value) => bitsOf(code(value, labels))));
}

function transpose(model, rows) {
  return Object.fromEntries(model.outputs.map(({ name }) => [name, rows.map((row) => row[name])]));
}

function equal(found, expected) {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
  if (a !== b) throw new Error(`expected ${b.slice(0, 120)} but received ${a.slice(0, 120)}`);
}

function refuses(work, name) {
  try {
    work();
  } catch (error) {
    if (error instanceof LanewiseError && error.message.includes(name)) return;
    throw error;
  }
  throw new Error(`expected an error that names ${name}`);
}
