import { LanewiseError } from '../errors.js';
import type { Program } from '../scoring/program.js';
import { SCHEMA_SECTION, type WasmExports, type WasmSchema } from './abi.js';

const ABI_VERSION = 1;
const INT64_MISSING = -(2n ** 63n);

/** A stand-alone module at work. It imports nothing and knows nothing of Node, so it runs in browsers as it is. */
export interface WasmModel {
  readonly schema: WasmSchema;
  /** Columns in register form (src/scoring/program.ts), in the schema's order; returns the outputs' columns. */
  predict(columns: readonly Float64Array[], rowCount: number): Float64Array[];
}

/**
 * Instantiates a stand-alone module.
 * @throws LanewiseError `artefact` where it is no such module, or of another version.
 */
export async function instantiateModel(bytes: BufferSource): Promise<WasmModel> {
  const module = await WebAssembly.compile(bytes).catch((cause) => {
    throw new LanewiseError('artefact', `The module is not valid WebAssembly: ${cause.message}`, { cause });
  });
  const [section] = WebAssembly.Module.customSections(module, SCHEMA_SECTION);
  if (!section || WebAssembly.Module.imports(module).length > 0) {
    throw new LanewiseError('artefact', 'The module is not a stand-alone model of Lanewise: it has no lanewise.schema');
  }
  const schema = JSON.parse(new TextDecoder().decode(section)) as WasmSchema;
  const exports = (await WebAssembly.instantiate(module)).exports as unknown as WasmExports;
  if (schema.abi !== ABI_VERSION || exports.lanewise_abi() !== ABI_VERSION) {
    throw new LanewiseError(
      'artefact',
      `The module has ABI version ${schema.abi}, this runtime calls version ${ABI_VERSION}`,
    );
  }
  return { schema, predict: (columns, rowCount) => predict(exports, schema, columns, rowCount) };
}

/** The program's face that row encoders need; it has no operations, they are inside the module. */
export function faceOf(schema: WasmSchema): Program {
  const outputs = schema.outputs.map((output, register) => ({ ...output, register }));
  return { inputs: schema.inputs, operations: [], outputs, registerCount: schema.inputs.length };
}

function predict(
  exports: WasmExports,
  schema: WasmSchema,
  columns: readonly Float64Array[],
  rowCount: number,
): Float64Array[] {
  exports.lanewise_reset();
  const inputs = schema.inputs.map(({ storage }) =>
    allocate(exports, rowCount * (storage === 'u8' ? 1 : storage === 'i32' ? 4 : 8)),
  );
  const outputs = schema.outputs.map(() => allocate(exports, rowCount * 8));
  const inputTable = allocate(exports, inputs.length * 4);
  const outputTable = allocate(exports, outputs.length * 4);
  const { buffer } = exports.memory; // after the last allocation: none of these views goes stale
  inputs.forEach((at, index) => {
    writeColumn(buffer, at, schema.inputs[index]!.storage, columns[index]!, rowCount);
  });
  new Uint32Array(buffer, inputTable, inputs.length).set(inputs);
  new Uint32Array(buffer, outputTable, outputs.length).set(outputs);
  const status = exports.lanewise_predict(inputTable, rowCount, outputTable);
  if (status !== 0) throw new LanewiseError('engine', `The stand-alone module answered with status ${status}`);
  return outputs.map((at) => new Float64Array(exports.memory.buffer, at, rowCount).slice());
}

function allocate(exports: WasmExports, bytes: number): number {
  const at = exports.lanewise_alloc(bytes) >>> 0;
  if (at === 0) throw new LanewiseError('engine', `The stand-alone module has no room for ${bytes} more bytes`);
  return at;
}

function writeColumn(buffer: ArrayBuffer, at: number, storage: string, values: Float64Array, rowCount: number): void {
  if (storage === 'f64') new Float64Array(buffer, at, rowCount).set(values.subarray(0, rowCount));
  else if (storage === 'u8') {
    const out = new Uint8Array(buffer, at, rowCount);
    for (let row = 0; row < rowCount; row++) out[row] = Number.isNaN(values[row]) ? 2 : values[row]!;
  } else if (storage === 'i32') {
    const out = new Int32Array(buffer, at, rowCount);
    for (let row = 0; row < rowCount; row++) out[row] = Number.isNaN(values[row]) ? -1 : values[row]!;
  } else {
    const out = new BigInt64Array(buffer, at, rowCount);
    for (let row = 0; row < rowCount; row++)
      out[row] = Number.isFinite(values[row]) ? BigInt(Math.floor(values[row]!)) : INT64_MISSING;
  }
}
