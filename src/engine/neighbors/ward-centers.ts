import { wardSquare } from '../../kernels/linkage.js';
import type { Scope } from '../arena.js';
import type { Engine } from '../engine.js';
import { coordinatesOf } from './coordinates.js';
import type { ChainedClusters } from './merge-chain.js';
import type { Points } from './points.js';

/**
 * Clusters by their centres and sizes, of which Ward's linkage is a function: √(2ab/(a + b))·|x − y| (Murtagh and Legendre,
 * 2014). Memory grows with the points alone, in the scope's.
 */
export class WardCenters implements ChainedClusters {
  readonly #engine: Engine;
  readonly #dimension: number;
  readonly #centers: Float64Array;
  readonly #sizes: Float64Array;
  #places: number;

  constructor(engine: Engine, scope: Scope, points: Points) {
    this.#engine = engine;
    this.#dimension = points.dimension;
    this.#places = points.count;
    this.#centers = scope.allocate('f64', points.count * points.dimension);
    this.#sizes = scope.allocate('f64', points.count).fill(1);
    coordinatesOf(points, 'euclidean', this.#centers);
  }

  lives(place: number): boolean {
    return !Number.isNaN(this.#centers[place]!);
  }

  nearest(place: number, previous: number): number {
    const [centers, sizes] = [this.#centers.byteOffset, this.#sizes.byteOffset];
    return this.#engine.kernels.nearest_ward_f64(centers, sizes, this.#places, this.#dimension, place, previous);
  }

  merge(first: number, second: number): number {
    const [centers, sizes, places] = [this.#centers, this.#sizes, this.#places];
    const distance = Math.sqrt(wardSquare(centers, sizes, places, this.#dimension, first, second));
    const [a, b] = [sizes[first]!, sizes[second]!];
    for (let j = 0; j < this.#dimension; j++) {
      const at = j * places;
      centers[at + second] = (a * centers[at + first]! + b * centers[at + second]!) / (a + b);
      centers[at + first] = Number.NaN;
    }
    sizes[second] = a + b;
    return distance;
  }

  async compact(): Promise<Int32Array> {
    const places = this.#places;
    const living = Int32Array.from({ length: places }, (_, place) => place).filter((place) => this.lives(place));
    for (let j = 0; j < this.#dimension; j++) {
      for (let to = 0; to < living.length; to++) {
        this.#centers[j * living.length + to] = this.#centers[j * places + living[to]!]!;
      }
    }
    living.forEach((place, to) => {
      this.#sizes[to] = this.#sizes[place]!;
    });
    this.#places = living.length;
    return living;
  }
}
