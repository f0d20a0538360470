// Runs models that Lanewise exported as stand-alone WebAssembly, in the browser, with the same bits. An ES module without
// dependencies and without a build step; the interface underneath is bindings/ABI.md.
//
//   import { Model } from './lanewise.js';
//   const model = await Model.load('model.wasm');
//   model.predictRows([{ distance: 1.6, pickup: '2019-03-23 20:21:09', pickup_borough: 'Manhattan' }]);

const ABI_VERSION = 1;
const SECTION = 'lanewise.schema';
const MISSING_TIMESTAMP = -(2n ** 63n);
const STATUSES = [
  '',
  'the number of rows is negative',
  'an address lies outside the memory',
  'the memory could not be grown',
  'the module holds no program',
];
const ARRAYS = { f64: Float64Array, u8: Uint8Array, i64: BigInt64Array, i32: Int32Array };

/** What was expected, for which column, and what was received. */
export class LanewiseError extends Error {}

/** A model from a stand-alone .wasm. */
export class Model {
  #exports;
  #codes;

  /** @private Use `Model.load`. */
  constructor(schema, exports) {
    /** Columns, labels, units, golden rows: the JSON of the section `lanewise.schema`. */
    this.schema = schema;
    this.#exports = exports;
    this.#codes = schema.inputs.map(
      (column) => column.labels && new Map(column.labels.map((label, code) => [label, code])),
    );
  }

  /**
   * Loads a model from a URL or from bytes and, unless told otherwise, proves that it answers as it did in Lanewise.
   * @param {string | URL | BufferSource} source
   * @param {{ verify?: boolean }} [options]
   * @returns {Promise<Model>}
   */
  static async load(source, { verify = true } = {}) {
    const isBytes = source instanceof ArrayBuffer || ArrayBuffer.isView(source);
    const module = await WebAssembly.compile(isBytes ? source : await download(source));
    const [section] = WebAssembly.Module.customSections(module, SECTION);
    if (!section) throw new LanewiseError(`The module is not a stand-alone model of Lanewise: it has no ${SECTION}`);
    const schema = JSON.parse(new TextDecoder().decode(section));
    const { exports } = await WebAssembly.instantiate(module);
    if (schema.abi !== ABI_VERSION || exports.lanewise_abi() !== ABI_VERSION) {
      throw new LanewiseError(`Expected ABI version ${ABI_VERSION} but the model has ${schema.abi}`);
    }
    const model = new Model(schema, exports);
    if (verify) model.verify();
    return model;
  }

  get inputs() {
    return this.schema.inputs;
  }

  get outputs() {
    return this.schema.outputs;
  }

  /**
   * Predicts columns of raw values, arrays or typed arrays by name. Missing: null, undefined, NaN. Timestamps: Date, ISO 8601
   * text (UTC where no zone is given) or milliseconds.
   * @returns {Record<string, Float64Array | (string | boolean | null)[]>}
   */
  predict(columns) {
    return this.#decoded(columns);
  }

  /** Predicts rows as objects; a column left out is missing. */
  predictRows(rows) {
    const names = this.inputs.map((column) => column.name);
    for (const row of rows) for (const name of Object.keys(row)) checkName(name, names);
    const columns = Object.fromEntries(names.map((name) => [name, rows.map((row) => row[name])]));
    const outputs = Object.entries(this.#decoded(columns, rows.length));
    return rows.map((_, row) =>
      Object.fromEntries(outputs.map(([name, values]) => [name, Number.isNaN(values[row]) ? null : values[row]])),
    );
  }

  /** Runs the golden rows; returns how many there are. Throws where one bit differs. */
  verify() {
    const { golden } = this.schema;
    const outputs = this.#predict(
      Object.fromEntries(golden.inputs.map(({ name, values }) => [name, values])),
      golden.rowCount,
    );
    golden.outputs.forEach(({ name, bits }, k) => {
      outputs[k].forEach((value, row) => {
        if (bitsOf(value) !== bits[row]) {
          throw new LanewiseError(`Golden row ${row + 1} gives ${bitsOf(value)} for ${name}, expected ${bits[row]}`);
        }
      });
    });
    return golden.rowCount;
  }

  #decoded(columns, rowCount) {
    const outputs = this.#predict(columns, rowCount);
    return Object.fromEntries(this.outputs.map((output, k) => [output.name, decodeColumn(output, outputs[k])]));
  }

  /** A model may read no column at all; then only the caller knows how many rows there are. */
  #predict(columns, rowCount = 0) {
    const names = this.inputs.map((column) => column.name);
    for (const name of Object.keys(columns)) checkName(name, names);
    const encoded = this.inputs.map((column, k) => encodeColumn(column, columns, this.#codes[k]));
    const rows = encoded[0]?.length ?? rowCount;
    encoded.forEach((values, k) => {
      if (values.length === rows) return;
      throw new LanewiseError(`Expected ${rows} rows for column "${names[k]}" but received ${values.length}`);
    });
    this.#exports.lanewise_reset();
    const inputs = encoded.map((values) => this.#allocate(values.byteLength));
    const outputs = this.outputs.map(() => this.#allocate(rows * 8));
    const tables = [inputs, outputs].map((addresses) => this.#allocate(addresses.length * 4));
    const { buffer } = this.#exports.memory; // after the last allocation, so that no view goes stale
    encoded.forEach((values, k) => {
      new values.constructor(buffer, inputs[k], rows).set(values);
    });
    [inputs, outputs].forEach((addresses, k) => {
      new Uint32Array(buffer, tables[k], addresses.length).set(addresses);
    });
    const status = this.#exports.lanewise_predict(tables[0], rows, tables[1]);
    if (status !== 0) throw new LanewiseError(`The module refused: ${STATUSES[status] ?? status}`);
    return outputs.map((address) => new Float64Array(this.#exports.memory.buffer, address, rows).slice());
  }

  #allocate(bytes) {
    const address = this.#exports.lanewise_alloc(bytes) >>> 0;
    if (address === 0) throw new LanewiseError(`The module has no room for ${bytes} more bytes`);
    return address;
  }
}

/** An f64 as sixteen hexadecimal digits, every NaN alike. */
export function bitsOf(value) {
  if (Number.isNaN(value)) return '7ff8000000000000';
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0).toString(16).padStart(16, '0');
}

async function download(url) {
  const response = await fetch(url);
  if (!response.ok) throw new LanewiseError(`Expected a model at ${url} but received status ${response.status}`);
  return response.arrayBuffer();
}

function encodeColumn(column, columns, codes) {
  const { name, type, storage } = column;
  if (!Object.hasOwn(columns, name)) throw new LanewiseError(`Expected a column "${name}" but received none`);
  const values = columns[name];
  if (type === 'number' && values instanceof Float64Array) return values;
  return ARRAYS[storage].from(Array.from(values, (value) => encoders[type](name, value, codes)));
}

const isMissing = (value) => value === null || value === undefined || Number.isNaN(value);

const encoders = {
  number(name, value) {
    if (isMissing(value)) return Number.NaN;
    if (typeof value === 'number' || typeof value === 'bigint') return Number(value);
    throw unexpected('a number', name, value);
  },
  boolean(name, value) {
    if (isMissing(value)) return 2;
    if (value === true || value === 1) return 1;
    if (value === false || value === 0) return 0;
    throw unexpected('true or false', name, value);
  },
  timestamp(name, value) {
    if (isMissing(value)) return MISSING_TIMESTAMP;
    const milliseconds = millisecondsOf(value);
    if (Number.isNaN(milliseconds)) throw unexpected('a timestamp', name, value);
    return BigInt(Math.floor(milliseconds));
  },
  category(name, value, codes) {
    if (isMissing(value)) return -1;
    if (typeof value !== 'string') throw unexpected('text', name, value);
    return codes.get(value) ?? codes.size;
  },
};

function millisecondsOf(value) {
  if (value instanceof Date) return value.getTime();
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value);
  const text = String(value).trim().replace(' ', 'T');
  const isZoned = /([zZ]|[+-]\d\d:?\d\d)$/.test(text) || !text.includes('T');
  return Date.parse(isZoned ? text : `${text}Z`);
}

function decodeColumn({ type, labels }, values) {
  if (type === 'category') return Array.from(values, (value) => (Number.isNaN(value) ? null : labels[value]));
  if (type === 'boolean') return Array.from(values, (value) => (Number.isNaN(value) ? null : value === 1));
  return values;
}

function checkName(name, names) {
  if (!names.includes(name)) throw new LanewiseError(`Unknown column "${name}"; there are ${names.join(', ')}`);
}

function unexpected(expected, name, value) {
  return new LanewiseError(`Expected ${expected} for column "${name}" but received ${JSON.stringify(value)}`);
}
