/**
 * The Page–Hinkley detector (Page 1954): watches a stream, errors say, and calls when its mean has risen. Its state is
 * plain data, so a server can stop and go on.
 */
export interface PageHinkleyOptions {
  /** Values before the first call; default 30. */
  readonly minSamples?: number;
  /** Rise of the mean that is tolerated, in the values' unit; default 0.005. */
  readonly delta?: number;
  /** Accumulated rise at which it calls; default 50. */
  readonly threshold?: number;
  /** Forgetting of the accumulated rise, a value; default 0.9999. */
  readonly alpha?: number;
}

export interface PageHinkleyState extends Required<PageHinkleyOptions> {
  readonly samples: number;
  readonly mean: number;
  readonly sum: number;
  readonly lowest: number;
  readonly alarms: number;
}

const START = { samples: 0, mean: 0, sum: 0, lowest: Number.MAX_VALUE };

/** A detector before the first value; `known` is the mean that so many earlier values had, where there were any. */
export function pageHinkley(
  options: PageHinkleyOptions = {},
  known: Pick<PageHinkleyState, 'samples' | 'mean'> = START,
): PageHinkleyState {
  const { minSamples = 30, delta = 0.005, threshold = 50, alpha = 0.9999 } = options;
  const { samples, mean } = known;
  return { minSamples, delta, threshold, alpha, ...START, samples, mean, alarms: 0 };
}

/** Takes a value in. After an alarm the detector starts anew. A value that is not a number changes nothing. */
export function updatePageHinkley(
  state: PageHinkleyState,
  value: number,
): { readonly state: PageHinkleyState; readonly alarm: boolean } {
  if (Number.isNaN(value)) return { state, alarm: false };
  const samples = state.samples + 1;
  const mean = state.mean + (value - state.mean) / samples;
  const sum = state.alpha * state.sum + (value - mean - state.delta);
  const lowest = Math.min(state.lowest, sum);
  const alarm = samples >= state.minSamples && sum - lowest > state.threshold;
  if (alarm) return { state: { ...state, ...START, alarms: state.alarms + 1 }, alarm };
  return { state: { ...state, samples, mean, sum, lowest }, alarm };
}

/** The places (from 0) in a stream at which the detector calls. */
export function pageHinkleyAlarms(values: Iterable<number>, start: PageHinkleyState = pageHinkley()): number[] {
  let state = start;
  const alarms: number[] = [];
  let place = 0;
  for (const value of values) {
    const next = updatePageHinkley(state, value);
    state = next.state;
    if (next.alarm) alarms.push(place);
    place++;
  }
  return alarms;
}
