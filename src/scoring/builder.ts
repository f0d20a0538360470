import type { InputType, Operation, Program, ProgramInput, ProgramOutput, TextReading } from './program.js';
import { readRegisters, writtenRegisters } from './program.js';

/** A named column on its way through a pipeline: where it lies and what it means. */
export interface ProgramColumn {
  readonly name: string;
  readonly register: number;
  readonly type: InputType;
  readonly labels?: readonly string[];
  /** Of a text: how its terms are read. */
  readonly reading?: TextReading;
}

type WithoutOut<O> = O extends { out: number } ? Omit<O, 'out'> : never;
/** The operations of one input and one output register. */
type SimpleOperation = WithoutOut<Exclude<Operation, { op: 'oneHot' | 'centroids' }>>;

/** Writes a program: columns by name, operations one after the other. */
export class ProgramBuilder {
  readonly #inputs: ProgramInput[] = [];
  readonly #operations: Operation[] = [];
  readonly #columns = new Map<string, ProgramColumn>();
  #registerCount = 0;

  /** Inputs must all be declared before the first operation. */
  constructor(inputs: readonly ProgramInput[]) {
    for (const input of inputs) {
      this.#inputs.push(input);
      this.define({ ...input, register: this.#registerCount++ });
    }
  }

  /** The columns as they now are, in order of definition. */
  get columns(): ReadonlyMap<string, ProgramColumn> {
    return this.#columns;
  }

  /** Reserves `count` neighbouring registers and returns the first. */
  reserve(count = 1): number {
    const first = this.#registerCount;
    this.#registerCount += count;
    return first;
  }

  /** Appends an operation whose registers were reserved. */
  emit(operation: Operation): void {
    this.#operations.push(operation);
  }

  /** Appends an operation with one output and returns its register. */
  add(operation: SimpleOperation): number {
    const out = this.reserve();
    this.emit({ ...operation, out } as Operation);
    return out;
  }

  /** Names a register; a column of that name is replaced, in its place. */
  define(column: ProgramColumn): void {
    this.#columns.set(column.name, column);
  }

  /** Takes a column away; its register stays, for those that read it before. */
  drop(name: string): void {
    this.#columns.delete(name);
  }

  /** Keeps only these columns, in this order. */
  keep(names: readonly string[]): void {
    const kept = names.map((name) => this.#columns.get(name)!);
    this.#columns.clear();
    for (const column of kept) this.define(column);
  }

  /** Runs a program's operations on this builder's columns of the same names, and returns its outputs, renumbered. */
  append(program: Program): ProgramOutput[] {
    const registers = new Map<number, number>();
    program.inputs.forEach((input, index) => {
      registers.set(index, this.#columns.get(input.name)!.register);
    });
    for (const operation of program.operations) {
      const written = writtenRegisters(operation);
      const first = this.reserve(written.length);
      written.forEach((register, index) => {
        registers.set(register, first + index);
      });
      this.emit(renumber(operation, registers));
    }
    return program.outputs.map((output) => ({ ...output, register: registers.get(output.register)! }));
  }

  /** The program, with these outputs or else every column as an output; operations that nothing reads are left out. */
  build(outputs: readonly ProgramOutput[] = [...this.#columns.values()]): Program {
    const needed = new Set(outputs.map((output) => output.register));
    const operations: Operation[] = [];
    for (const operation of this.#operations.toReversed()) {
      if (!writtenRegisters(operation).some((register) => needed.has(register))) continue;
      for (const register of readRegisters(operation)) needed.add(register);
      operations.unshift(operation);
    }
    return { inputs: [...this.#inputs], operations, outputs: [...outputs], registerCount: this.#registerCount };
  }
}

/** One program that runs `second` on the outputs of `first`, matched by name. */
export function compose(first: Program, second: Program): Program {
  const builder = new ProgramBuilder(first.inputs);
  for (const output of builder.append(first)) builder.define(output);
  return builder.build(builder.append(second));
}

function renumber(operation: Operation, registers: ReadonlyMap<number, number>): Operation {
  const at = (register: number) => registers.get(register)!;
  const copy: Record<string, unknown> = { ...operation };
  for (const key of ['in', 'out', 'left', 'right'] as const) {
    if (typeof copy[key] === 'number') copy[key] = at(copy[key]);
  }
  for (const key of ['inputs', 'outputs', 'distances'] as const) {
    if (Array.isArray(copy[key])) copy[key] = (copy[key] as number[]).map(at);
  }
  return copy as unknown as Operation;
}
