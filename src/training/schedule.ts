import { cos } from '../kernels/elementary.js';

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

/** Halved every `every` steps. */
export const halving =
  (rate: number, every: number): Schedule =>
  (step) => {
    let current = rate;
    for (let halvings = Math.floor(step / every); halvings > 0 && current > 0; halvings--) current /= 2;
    return current;
  };

/** From rate to 0 along half a cosine over `steps` (Loshchilov and Hutter, "SGDR", 2017). */
export const cosine =
  (rate: number, steps: number): Schedule =>
  (step) =>
    0.5 * rate * (1 + cos((Math.PI * Math.min(step, steps)) / steps));
