import type { GoldenRows } from '../scoring/golden.js';
import type { InputType } from '../scoring/program.js';

/** The custom section of a stand-alone module, and the name of its format: bindings/ABI.md. */
export const SCHEMA_SECTION = 'lanewise.schema';

/** A raw column or an output of a stand-alone module. */
export interface WasmColumn {
  readonly name: string;
  readonly type: InputType;
  /** f64, i64, i32 or u8. */
  readonly storage: string;
  readonly unit?: string;
  readonly labels?: readonly string[];
}

/** The JSON in the custom section. */
export interface WasmSchema {
  readonly format: typeof SCHEMA_SECTION;
  readonly abi: number;
  readonly name: string;
  readonly version: string;
  readonly model: {
    readonly estimator: string;
    readonly task: string;
    readonly target?: string;
    readonly classes?: readonly string[];
  };
  readonly inputs: readonly WasmColumn[];
  readonly outputs: readonly WasmColumn[];
  readonly golden: GoldenRows;
}

/** The exports of a stand-alone module. */
export interface WasmExports {
  readonly memory: WebAssembly.Memory;
  lanewise_abi(): number;
  lanewise_alloc(bytes: number): number;
  lanewise_reset(): void;
  lanewise_predict(inputs: number, rows: number, out: number): number;
}
