import { cos, pow } from '../kernels/elementary.js';

/** The learning rate of a step, from 0. */
export type Schedule = (step: number) => number;

export const constant =
  (rate: number): Schedule =>
  () =>
    rate;

/** rate/(1 + decay·step) */
export const inverseTime =
  (rate: number, decay: number): Schedule =>
  (step) =>
    rate / (1 + decay * step);

/** rate/(1 + step)^power: scikit-learn's 'invscaling', counted from 0. */
export const inverseScaling =
  (rate: number, power: number): Schedule =>
  (step) =>
    rate / pow(1 + step, power);

/** Multiplied by `factor` every `every` steps. */
export const stepwise =
  (rate: number, every: number, factor = 0.5): Schedule =>
  (step) => {
    let current = rate;
    for (let drops = Math.floor(step / every); drops > 0 && current > 0; drops--) current *= factor;
    return current;
  };

/** From rate to 0 along half a cosine over `steps` (Loshchilov and Hutter, "SGDR", 2017). */
export const cosine =
  (rate: number, steps: number): Schedule =>
  (step) =>
    0.5 * rate * (1 + cos((Math.PI * Math.min(step, steps)) / steps));

/**
 * A rate that falls where the loss does not: multiplied by `factor` whenever the loss has not fallen by more than
 * `tolerance` for `patience` iterations (scikit-learn's 'adaptive': two, and a fifth), and at its end below `lowest`.
 */
export class Plateau {
  readonly #options: Required<PlateauOptions>;
  #rate: number;
  #best = Number.POSITIVE_INFINITY;
  #waited = 0;

  constructor(rate: number, options: PlateauOptions = {}) {
    this.#rate = rate;
    this.#options = { factor: 0.2, patience: 2, tolerance: 1e-4, lowest: 1e-6, ...options };
  }

  get rate(): number {
    return this.#rate;
  }

  /** Is the rate so low that nothing more will come of it? */
  get spent(): boolean {
    return this.#rate <= this.#options.lowest;
  }

  /** Takes an iteration's loss: true where the rate fell. */
  next(loss: number): boolean {
    const { factor, patience, tolerance } = this.#options;
    if (loss < this.#best - tolerance) this.#waited = 0;
    else this.#waited++;
    this.#best = Math.min(this.#best, loss);
    if (this.#waited < patience) return false;
    this.#rate *= factor;
    this.#waited = 0;
    return true;
  }

  /** What it remembers, as plain data. */
  save(): PlateauState {
    return { rate: this.#rate, best: this.#best, waited: this.#waited };
  }

  restore({ rate, best, waited }: PlateauState): void {
    [this.#rate, this.#best, this.#waited] = [rate, best, waited];
  }
}

export interface PlateauOptions {
  readonly factor?: number;
  readonly patience?: number;
  readonly tolerance?: number;
  readonly lowest?: number;
}

export interface PlateauState {
  readonly rate: number;
  readonly best: number;
  readonly waited: number;
}
