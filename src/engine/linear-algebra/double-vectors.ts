import type { Scope } from '../arena.js';
import type { Engine } from '../engine.js';
import { type DoubleDouble, fromNumber, toNumber, type Vectors } from './double-double.js';

const BYTES = 8;

/** Vectors of doubles in the engine's memory, on its kernels: fast, with the rounding of doubles. */
export class DoubleVectors implements Vectors, Disposable {
  readonly length: number;
  readonly roundoff = 2 ** -53;
  /** count × length. */
  readonly values: Float64Array;
  readonly #engine: Engine;
  readonly #scope: Scope;

  constructor(engine: Engine, count: number, length: number) {
    this.length = length;
    this.#engine = engine;
    this.#scope = engine.arena.scope();
    this.values = this.#scope.allocate('f64', count * length);
  }

  get(vector: number, place: number): DoubleDouble {
    return fromNumber(this.values[vector * this.length + place]!);
  }

  set(vector: number, place: number, value: DoubleDouble): void {
    this.values[vector * this.length + place] = toNumber(value);
  }

  dot(a: number, b: number, from: number): DoubleDouble {
    const rows = this.length - from;
    return fromNumber(rows > 0 ? this.#engine.kernels.dot_f64(this.#at(a, from), this.#at(b, from), rows) : 0);
  }

  addMultiple(factor: DoubleDouble, a: number, b: number, from: number): void {
    const rows = this.length - from;
    if (rows > 0) this.#engine.kernels.axpy_f64(this.#at(a, from), this.#at(b, from), toNumber(factor), rows);
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }

  #at(vector: number, place: number): number {
    return this.values.byteOffset + (vector * this.length + place) * BYTES;
  }
}
