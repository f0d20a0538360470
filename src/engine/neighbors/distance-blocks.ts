import type { Scope } from '../arena.js';
import type { Task } from '../engine.js';
import type { Points } from './points.js';

/** Points in the engine's memory that blocks of queries are measured against. */
export interface DistanceBlocks extends Disposable {
  /** Values from one query's distances to the next one's: at least as many as there are points. */
  readonly line: number;
  /** Groups of calls a block. */
  readonly groups: number;
  /**
   * Calls that write the distances of all queries to all points into `out`, queries × `line`: groups, each to be run when
   * the one before it is over; those of the next block may run beside them. What they read is of the scope.
   * @throws LanewiseError `data` for NaN and infinite numbers
   */
  tasks(scope: Scope, queries: Points, out: Float64Array, signal?: AbortSignal): Promise<readonly (readonly Task[])[]>;
}
