/**
 * Early stopping: ends training when the watched loss has not fallen by more than `tolerance` for `patience` iterations,
 * and knows the best iteration. NaN is never best.
 */
export class Stopping {
  readonly patience: number;
  readonly tolerance: number;
  #iteration = 0;
  #best: { readonly iteration: number; readonly loss: number };
  /** The last fall that counted: patience starts there. */
  #mark: { readonly iteration: number; readonly loss: number };

  /** `start`: the loss before the first iteration, where it is known. */
  constructor(options: { patience: number; tolerance?: number; start?: number }) {
    this.patience = options.patience;
    this.tolerance = options.tolerance ?? 0;
    this.#best = { iteration: 0, loss: options.start ?? Number.POSITIVE_INFINITY };
    this.#mark = this.#best;
  }

  /** The iteration (from 1) with the lowest loss so far; 0: the start. */
  get bestIteration(): number {
    return this.#best.iteration;
  }

  get bestLoss(): number {
    return this.#best.loss;
  }

  /** Takes the next iteration's loss: 'stop' where patience is at its end, else 'best' where it is the lowest. */
  next(loss: number): 'best' | 'continue' | 'stop' {
    const iteration = ++this.#iteration;
    if (loss < this.#best.loss) this.#best = { iteration, loss };
    if (loss < this.#mark.loss - this.tolerance) this.#mark = { iteration, loss };
    if (iteration - this.#mark.iteration >= this.patience) return 'stop';
    return this.#best.iteration === iteration ? 'best' : 'continue';
  }
}
