import type { Checkpoint, FitOptions, HistoryPoint } from '../table/interfaces.js';
import { checkpointKey, decodeHistory, encodeHistory } from '../training/checkpoint.js';
import type { DescentState } from '../training/objective.js';
import type { PenalizedProblem } from './penalized-fit.js';

/** What a fit that was cut off goes on from. */
export interface PenalizedState {
  readonly descent: DescentState;
  readonly history: readonly HistoryPoint[];
}

/** The checkpoint of a fit of a penalised loss: the point, what the method remembers of the curvature, and the curve. */
export class PenalizedCheckpoint {
  readonly #checkpoint: Checkpoint;
  readonly #key: string;

  private constructor(checkpoint: Checkpoint, key: string) {
    this.#checkpoint = checkpoint;
    this.#key = key;
  }

  static async of(options: FitOptions, problem: PenalizedProblem): Promise<PenalizedCheckpoint | undefined> {
    return options.checkpoint && new PenalizedCheckpoint(options.checkpoint, await keyOf(problem));
  }

  /** @throws LanewiseError `file` where another fit's state is there. */
  async load(): Promise<PenalizedState | undefined> {
    const state = await this.#checkpoint.load(this.#key);
    if (!state) return undefined;
    const { point, pairs, curve, progress } = state.arrays as Record<string, Float64Array>;
    const [iterations, least, stalled] = progress! as unknown as [number, number, number];
    return { descent: { iterations, least, stalled, point: point!, pairs: pairs! }, history: decodeHistory(curve!) };
  }

  /** Where it is time again, or `now`. */
  async save(stateOf: () => DescentState, history: readonly HistoryPoint[], now: boolean): Promise<void> {
    if (!now && !this.#checkpoint.due) return;
    const { point, pairs, iterations, least, stalled } = stateOf();
    const curve = encodeHistory(history);
    const progress = Float64Array.of(iterations, least, stalled);
    await this.#checkpoint.save(this.#key, { values: {}, arrays: { point, pairs, curve, progress } });
  }

  clear(): Promise<void> {
    return this.#checkpoint.clear();
  }
}

async function keyOf(problem: PenalizedProblem): Promise<string> {
  const { columns, target, weights, intercepts, validation, ...rest } = problem;
  const described = columns.map(({ values: _, ...column }) => column);
  const learnt = [...columns.map(({ values }) => values), target];
  for (const more of [weights, intercepts]) if (more) learnt.push(more);
  if (validation) learnt.push(...validation.columns.map(({ values }) => values), validation.target);
  return checkpointKey({ what: 'penalised loss', ...rest, described }, learnt);
}
