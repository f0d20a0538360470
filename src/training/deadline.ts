import { invalid } from '../errors.js';

/** A time budget, counted from its making. Iterative training asks it after each iteration, the first included. */
export class Deadline {
  readonly seconds: number | undefined;
  readonly #end: number;

  /**
   * @param seconds greater than 0; undefined: no end
   * @throws LanewiseError `usage` for anything else.
   */
  constructor(seconds: number | undefined) {
    if (seconds !== undefined && !(seconds > 0)) throw invalid('timeBudget', 'seconds greater than 0', seconds);
    this.seconds = seconds;
    this.#end = seconds === undefined ? Number.POSITIVE_INFINITY : performance.now() + 1000 * seconds;
  }

  /** Seconds that are left, a little above 0 where there are none: for work that has a budget of its own. */
  get left(): number {
    return Math.max(1e-9, (this.#end - performance.now()) / 1000);
  }

  get passed(): boolean {
    return performance.now() >= this.#end;
  }
}

/** Behind the verdict of a forest: that time was used up before all its trees were there. */
export function cutShort(trees: number, wanted: number, { seconds }: Deadline): string {
  return trees === wanted ? '' : `; time budget of ${seconds} s used up before all ${wanted} trees were there`;
}
