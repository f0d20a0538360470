/** Early stopping: ends training when the watched loss has not fallen for `patience` iterations, and knows the best. */
export class Stopping {
  readonly patience: number;
  /** What a fall must exceed to count. */
  readonly tolerance: number;
  #best = Number.POSITIVE_INFINITY;
  #bestIteration = 0;
  #iteration = 0;

  constructor(options: { patience: number; tolerance?: number }) {
    this.patience = options.patience;
    this.tolerance = options.tolerance ?? 0;
  }

  /** The iteration (from 1) with the lowest loss so far; 0 before the first. */
  get bestIteration(): number {
    return this.#bestIteration;
  }

  get bestLoss(): number {
    return this.#best;
  }

  /** Takes the next iteration's loss: 'best' where it is the lowest, 'stop' where patience is at its end. NaN never is best. */
  next(loss: number): 'best' | 'continue' | 'stop' {
    this.#iteration++;
    if (loss < this.#best - this.tolerance || (this.#bestIteration === 0 && !Number.isNaN(loss))) {
      this.#best = loss;
      this.#bestIteration = this.#iteration;
      return 'best';
    }
    return this.#iteration - this.#bestIteration >= this.patience ? 'stop' : 'continue';
  }
}
