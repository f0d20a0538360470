import { readFile } from 'node:fs/promises';
import { LanewiseError } from '../errors.js';
import { embedProgram, PROGRAM_OFFSET } from '../scoring/embed.js';
import { type ColumnRanges, makeGoldenRows } from '../scoring/golden.js';
import type { InputType } from '../scoring/program.js';
import type { Model } from '../table/interfaces.js';
import { SCHEMA_SECTION, type WasmSchema } from './abi.js';
import type { Artefact } from './artefact.js';
import { extendModule } from './wasm-module.js';

export interface WasmOptions {
  /** Spans of the raw columns; golden rows are made from them. */
  readonly ranges?: ColumnRanges;
  readonly name?: string;
  readonly version?: string;
}

/** How each type of column lies in memory, and what its numbers mean: bindings/ABI.md. */
const storage: Readonly<Record<Exclude<InputType, 'text'>, { readonly storage: string; readonly unit?: string }>> = {
  number: { storage: 'f64' },
  boolean: { storage: 'u8' },
  timestamp: { storage: 'i64', unit: 'milliseconds since 1970-01-01T00:00Z' },
  category: { storage: 'i32', unit: 'index into labels' },
};

/**
 * A model with its whole pipeline as one stand-alone WebAssembly module: bindings/ABI.md says how it is called. The
 * bits are the interpreter's.
 * @throws LanewiseError `unsupported`, naming the operation that cannot be embedded.
 */
export async function exportWasm(model: Model, options: WasmOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
  const { program } = model;
  const data = embedProgram(program);
  const schema: WasmSchema = {
    format: SCHEMA_SECTION,
    abi: 1,
    name: options.name ?? 'model',
    version: options.version ?? '1',
    model: { estimator: model.estimator, task: model.task, target: model.target, classes: model.classes },
    inputs: program.inputs.map((input) => ({ ...input, ...storage[input.type as keyof typeof storage] })),
    outputs: program.outputs.map(({ register: _, ...output }) => ({ ...output, storage: 'f64' })),
    golden: makeGoldenRows(program, options.ranges),
  };
  return extendModule(await predictModule(), {
    data,
    offset: PROGRAM_OFFSET,
    customName: SCHEMA_SECTION,
    customText: JSON.stringify(schema),
  });
}

/** The stand-alone module of an artefact, with its threshold and golden rows. */
export function exportArtefact(artefact: Artefact, options: Omit<WasmOptions, 'ranges'> = {}) {
  return exportWasm(artefact.model, { ...options, ranges: artefact.manifest.ranges });
}

async function predictModule(): Promise<Uint8Array> {
  const file = new URL('../wasm/predict.wasm', import.meta.url);
  try {
    return await readFile(file);
  } catch (cause) {
    throw new LanewiseError(
      'file',
      'Expected the predict module dist/wasm/predict.wasm of this package, but it is missing',
      {
        cause,
        hint: 'Install the package again, or run `npm run build`.',
      },
    );
  }
}
