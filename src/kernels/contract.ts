/**
 * The kernel contract. One entry of the table (src/kernels/table.ts) is the whole truth about a kernel: from it derive
 * the TypeScript types of the backends, the C++ header, the generic Node-API wrapper's list, the conformance test, the
 * bench row, the docs table and bindings/kernels.gen.json.
 *
 * Compiled form: `family_action_dtype(one number an argument, in this order) → i32 | f64 | void`. A buffer is passed as
 * its byte offset in the one memory (0 = absent, where `optional`), a scalar as itself. Kernels are stateless.
 */
export const dtypes = {
  u8: { bytes: 1, array: Uint8Array },
  i8: { bytes: 1, array: Int8Array },
  u16: { bytes: 2, array: Uint16Array },
  i16: { bytes: 2, array: Int16Array },
  u32: { bytes: 4, array: Uint32Array },
  i32: { bytes: 4, array: Int32Array },
  f32: { bytes: 4, array: Float32Array },
  f64: { bytes: 8, array: Float64Array },
  i64: { bytes: 8, array: BigInt64Array },
} as const;

export type Dtype = keyof typeof dtypes;

interface ArrayTypes {
  u8: Uint8Array;
  i8: Int8Array;
  u16: Uint16Array;
  i16: Int16Array;
  u32: Uint32Array;
  i32: Int32Array;
  f32: Float32Array;
  f64: Float64Array;
  i64: BigInt64Array;
}

/** The typed array of a dtype, over shared or unshared memory. */
export type ArrayOf<D extends Dtype> = ArrayTypes[D];
export type AnyArray = ArrayOf<Dtype>;

/** The scalar arguments of a call, by name. */
export type Scalars = Readonly<Record<string, number>>;

/** A block of memory: passed as `<name>Offset`, in bytes. */
export interface BufferArgument {
  readonly name: string;
  readonly dtype: Dtype;
  /** in: read only, never changed. out: wholly overwritten. inout: read and changed. scratch: garbage before and after. */
  readonly role: 'in' | 'out' | 'inout' | 'scratch';
  /** Elements, from the call's scalars. Its source text stands in the docs and the C++ header. */
  readonly length: (scalars: Scalars) => number;
  readonly meaning: string;
  /** true: offset 0 means absent, and the reference receives null. */
  readonly optional?: boolean;
}

/** A number: indices and counts are i32, everything real is f64. */
export interface ScalarArgument {
  readonly name: string;
  readonly dtype: 'i32' | 'f64';
  readonly meaning: string;
}

export type Argument = BufferArgument | ScalarArgument;

type ReferenceValue<A extends Argument> = A extends BufferArgument
  ? A extends { optional: true }
    ? ArrayOf<A['dtype']> | null
    : ArrayOf<A['dtype']>
  : number;

type ReferenceValues<A extends readonly Argument[]> = { -readonly [K in keyof A]: ReferenceValue<A[K]> };

/** What `inputs` draws from: deterministic, keyed by the case. */
export interface CaseRandom {
  /** Uniform in [0, 1), 53 bits. */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  /** Integer in [0, bound). */
  integer(bound: number): number;
}

/**
 * The directed inputs every kernel meets. A kernel's `inputs` maps a flavour to whatever it means for it, and treats
 * one that means nothing as 'plain'.
 */
export const flavours = [
  'plain', // ordinary values
  'special', // NaN, ±0, ±Inf, subnormals strewn in
  'ties', // few distinct values
  'nulls', // validity bitmap present, garbage under the nulls, an odd bit offset
  'constant', // one value everywhere
  'one-bin', // every row in one bin
  'skewed', // nearly every row in one bin
] as const;
export type Flavour = (typeof flavours)[number];

/** One call's inputs: scalars, and the contents of the `in`, `inout` and present optional buffers. */
export interface CaseInputs {
  readonly scalars: Readonly<Record<string, number>>;
  readonly buffers: Readonly<Record<string, AnyArray | null>>;
}

/** The amount of work of one call, for the bench: elements always, flops or bytes where they bound the kernel. */
export interface Work {
  readonly elements: number;
  readonly flops?: number;
  readonly bytes?: number;
}

export type Family =
  | 'gradient-descent'
  | 'linear-algebra'
  | 'tree-building'
  | 'explanation'
  | 'distance'
  | 'statistics'
  | 'elementary'
  | 'random'
  | 'scoring'
  | 'limits'; // what the machine can do at most: the bench's measure

export interface KernelDefinition<A extends readonly Argument[]> {
  /** family_action_dtype, the one spelling in every language. */
  readonly name: string;
  readonly family: Family;
  readonly summary: string;
  /** Paper or standard the algorithm comes from. */
  readonly source?: string;
  readonly arguments: A;
  readonly returns: 'void' | 'i32' | 'f64';
  /** 'exact': the same bits on every backend. A bound says by how much, relative, and why. */
  readonly agreement: 'exact' | { readonly relative: number; readonly reason: string };
  /**
   * Has a second build for `numerics: 'fast'`, in which a product and the sum it goes into are rounded once instead of
   * twice. Its results lie within `relative` of the largest of the reference's.
   */
  readonly fast?: { readonly relative: number };
  /** The readable law. */
  readonly reference: (...values: ReferenceValues<A>) => number | void;
  /** Inputs of about `size` rows for the conformance test and the bench. */
  readonly inputs: (size: number, random: CaseRandom, flavour: Flavour) => CaseInputs;
  readonly work: (scalars: Scalars) => Work;
  /** Rows of the bench's call; default 16,384. */
  readonly benchSize?: number;
}

/** A kernel as the rest of the house sees it. */
export interface Kernel extends Omit<KernelDefinition<readonly Argument[]>, 'reference'> {
  readonly reference: (...values: (AnyArray | number | null)[]) => number | void;
}

/** Checks the reference's parameters against the arguments, at compile time. */
export function defineKernel<const A extends readonly Argument[]>(definition: KernelDefinition<A>): Kernel {
  return definition as unknown as Kernel;
}

export function isBuffer(argument: Argument): argument is BufferArgument {
  return 'role' in argument;
}

/** `(s) => s.rowCount * s.columnCount` as `rowCount * columnCount`. */
export function lengthText(argument: BufferArgument): string {
  return String(argument.length)
    .replace(/^\(?\w*\)?\s*=>\s*/, '')
    .replaceAll(/\b\w+\.(?=[a-zA-Z])/g, (prefix) => (prefix === 'Math.' ? prefix : ''));
}
