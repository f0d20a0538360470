import { innerProduct, moved, type Objective, type Place } from './objective.js';

export interface Step extends Place {
  readonly step: number;
}

/** A trial: the value and the slope along the line. */
interface Trial extends Step {
  readonly slope: number;
}

const DECREASE = 1e-4;
const TRIALS = 40;
/** Differences of values below this share of them are rounding. */
const NOISE = 1e-14;

/**
 * A step along a descent direction that satisfies the strong Wolfe conditions: bracketing and zooming with cubic
 * interpolation (Nocedal and Wright, "Numerical Optimization", 2006, algorithms 3.5 and 3.6). Where values differ by
 * rounding alone, slopes decide (Hager and Zhang, "A new conjugate gradient method with guaranteed descent and an
 * efficient line search", 2005). A value that is not finite counts as too far. Undefined where rounding allows no more
 * descent.
 * @param options.curvature share of the slope that may be left: 0.9 for Newton's and quasi-Newton steps
 */
export async function searchLine(
  objective: Objective,
  from: Place,
  direction: Float64Array,
  options: { firstStep?: number; curvature?: number } = {},
): Promise<Step | undefined> {
  const slope = innerProduct(from.gradient, direction);
  if (!(slope < 0)) return undefined;
  const search = new LineSearch(objective, from, direction, slope, options.curvature ?? 0.9);
  return search.run(options.firstStep ?? 1);
}

class LineSearch {
  readonly #objective: Objective;
  readonly #from: Trial;
  readonly #direction: Float64Array;
  readonly #curvature: number;
  #trials = 0;

  constructor(objective: Objective, from: Place, direction: Float64Array, slope: number, curvature: number) {
    this.#objective = objective;
    this.#from = { ...from, step: 0, slope };
    this.#direction = direction;
    this.#curvature = curvature;
  }

  async run(firstStep: number): Promise<Step | undefined> {
    let before = this.#from;
    let step = firstStep;
    while (this.#trials < TRIALS) {
      const at = await this.#try(step);
      if (!this.#decreases(at) || (before !== this.#from && at.value > before.value + this.#noise())) {
        return this.#zoom(before, at);
      }
      if (this.#isFlat(at)) return at;
      if (at.slope >= 0) return this.#zoom(at, before);
      before = at;
      step *= 2;
    }
    return before === this.#from ? undefined : this.#try(before.step);
  }

  /** Between `low`, the better end, whose slope points to the other, and `high`. */
  async #zoom(low: Trial, high: Trial): Promise<Step | undefined> {
    while (this.#trials < TRIALS) {
      const at = await this.#try(between(low, high));
      if (!this.#decreases(at) || at.value > low.value + this.#noise()) high = at;
      else {
        if (this.#isFlat(at)) return at;
        if (at.slope * (high.step - low.step) >= 0) high = low;
        low = at;
      }
      if (Math.abs(high.step - low.step) <= 1e-16 * high.step) break;
    }
    // Once more: the objective's curvature is that of the point evaluated last.
    return low.step > 0 ? this.#try(low.step) : undefined;
  }

  async #try(step: number): Promise<Trial> {
    this.#trials++;
    const point = moved(this.#from.point, step, this.#direction);
    const evaluation = await this.#objective.evaluate(point);
    return { ...evaluation, point, step, slope: innerProduct(evaluation.gradient, this.#direction) };
  }

  #decreases({ value, step, slope }: Trial): boolean {
    const { value: start, slope: first } = this.#from;
    if (value <= start + DECREASE * step * first) return Number.isFinite(slope);
    return value <= start + this.#noise() && slope <= (2 * DECREASE - 1) * first;
  }

  #isFlat({ slope }: Trial): boolean {
    return Math.abs(slope) <= -this.#curvature * this.#from.slope;
  }

  #noise(): number {
    return NOISE * Math.abs(this.#from.value);
  }
}

/** The minimum of the cubic through both ends, kept off them; the middle where there is none. */
function between(low: Trial, high: Trial): number {
  const [least, most] = [Math.min(low.step, high.step), Math.max(low.step, high.step)];
  const width = most - least;
  const across = low.slope + high.slope - (3 * (low.value - high.value)) / (low.step - high.step);
  const root = Math.sign(high.step - low.step) * Math.sqrt(across * across - low.slope * high.slope);
  const share = (high.slope + root - across) / (high.slope - low.slope + 2 * root);
  const step = high.step - (high.step - low.step) * share;
  if (!Number.isFinite(step)) return least + width / 2;
  return Math.max(least + 0.1 * width, Math.min(most - 0.1 * width, step));
}
