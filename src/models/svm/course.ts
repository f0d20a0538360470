import type { DualForm } from '../../engine/descent/dual-problem.js';
import type { Engine } from '../../engine/engine.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { CheckpointState, FitOptions, HistoryPoint, Training } from '../../table/interfaces.js';
import { checkpointKey } from '../../training/checkpoint.js';
import { Deadline } from '../../training/deadline.js';
import { certified, convergenceOf } from '../../training/verdict.js';
import type { SolverParameters } from './parameters.js';
import { type DualSolution, type Round, type SolverState, solveDual } from './smo.js';

/** A fit, as far as its checkpoint must know it again. */
export interface Fit {
  readonly engine: Engine;
  readonly estimator: string;
  readonly parameters: SolverParameters & Readonly<Record<string, unknown>>;
  readonly columns: readonly RegisterColumn[];
  /** Targets, weights: whatever else is learnt from. */
  readonly others: readonly (Float64Array | undefined)[];
  readonly options: FitOptions;
  /** How many dual problems will be solved. */
  readonly problems: number;
}

/**
 * The course of a fit of one or several dual problems, one after the other: solves them, tells of progress, keeps the
 * checkpoint, and ends in the record.
 */
export class Course {
  readonly #fit: Fit;
  readonly #key: string;
  readonly #deadline: Deadline;
  readonly #saved: SavedCourse | undefined;
  readonly #solved: DualSolution[] = [];
  readonly #history: HistoryPoint[] = [];
  #started = 0;
  #iterations = 0;
  #objective = 0;
  #violation = 0;
  #stopped = false;

  private constructor(fit: Fit, key: string, saved: SavedCourse | undefined) {
    this.#fit = fit;
    this.#key = key;
    this.#saved = saved;
    this.#deadline = new Deadline(fit.options.timeBudget);
  }

  /** Goes on where the checkpoint of the same fit stands, if there is one. */
  static async start(fit: Fit): Promise<Course> {
    const { estimator, parameters, columns, others, options } = fit;
    if (!options.checkpoint) return new Course(fit, '', undefined);
    const learnt = [...columns.map(({ values }) => values), ...others.map((values) => values ?? new Float64Array(0))];
    const names = columns.map(({ name }) => name);
    const key = await checkpointKey({ estimator, parameters, seed: options.seed ?? 0, names }, learnt);
    const state = await options.checkpoint.load(key);
    return new Course(fit, key, state && savedCourse(state));
  }

  /** Solves the next problem. @param counted whether it is a part of the model, not of its calibration */
  async solve(form: DualForm, counted = true): Promise<DualSolution> {
    const number = this.#started++;
    const { engine, parameters, options } = this.#fit;
    const done = this.#saved?.solved[number];
    if (done) form.rows[Symbol.dispose]();
    const current = this.#saved?.solved.length === number ? this.#saved.current : undefined;
    if (current) this.#history.push(...this.#saved!.history);
    const solution =
      done ??
      (await solveDual(form, {
        shrinking: parameters.shrinking,
        tol: parameters.tol,
        cacheSize: parameters.cacheSize,
        maxIter: parameters.maxIter,
        engine,
        deadline: this.#deadline,
        signal: options.signal,
        resume: current,
        onRound: (round, state) => this.#tell(round, state, counted),
      }));
    this.#solved.push(solution);
    if (counted) this.#add(solution);
    return solution;
  }

  /** A problem of the count that turned out to need no solving. */
  skip(): void {
    this.#started++;
    this.#solved.push(UNSOLVED);
  }

  /** The model's record; the checkpoint has served. */
  async finish(rows: number, supportCount: number, remark?: string): Promise<Training> {
    await this.#fit.options.checkpoint?.clear();
    const convergence = convergenceOf('largest KKT violation', this.#violation, this.#fit.parameters.tol);
    const iterations = this.#iterations;
    const ended = convergence.reached ? 'converged' : 'not converged';
    const budget = this.#stopped ? `time budget of ${this.#deadline.seconds} s used up: ` : '';
    const parts = [
      `${budget}${ended} after ${iterations} iteration${iterations === 1 ? '' : 's'}`,
      `${supportCount} of ${rows} rows are support vectors`,
      ...(remark ? [remark] : []),
    ];
    return {
      rows,
      iterations,
      bestIteration: iterations,
      lossName: 'dual objective',
      history: this.#history,
      verdict: parts.join('; '),
      ...certified(convergence),
    };
  }

  #add({ iterations, objective, violation }: DualSolution): void {
    this.#iterations += iterations;
    this.#objective += objective;
    this.#violation = Math.max(this.#violation, violation);
    this.#stopped ||= violation > this.#fit.parameters.tol && this.#deadline.passed;
  }

  async #tell(round: Round, state: (() => SolverState) | undefined, counted: boolean): Promise<void> {
    const { checkpoint, onProgress } = this.#fit.options;
    const { iterations, objective, violation } = round;
    const loss = this.#objective + objective;
    if (counted) this.#history.push({ iteration: this.#iterations + iterations, loss });
    if (state && checkpoint?.due) await checkpoint.save(this.#key, stateOf(this.#solved, this.#history, state()));
    const metrics = { loss, violation, iterations: this.#iterations + iterations };
    onProgress?.({ what: 'problem', done: this.#started, total: this.#fit.problems, metrics });
  }
}

interface SavedCourse {
  readonly solved: readonly DualSolution[];
  readonly history: readonly HistoryPoint[];
  readonly current: SolverState;
}

const nothing = new Float64Array(0);
const UNSOLVED: DualSolution = {
  ...{ beta: nothing, scores: nothing, highest: 0, lowest: 0 },
  ...{ intercept: 0, iterations: 0, objective: 0, violation: 0 },
};
const figures = ['highest', 'lowest', 'intercept', 'iterations', 'objective', 'violation'] as const;

/** Solved problems, the history, and the problem at hand, as a checkpoint holds them. */
function stateOf(
  solved: readonly DualSolution[],
  history: readonly HistoryPoint[],
  { restores, order, ...current }: SolverState,
): CheckpointState {
  const arrays: Record<string, Float64Array | Int32Array> = { ...current, order };
  solved.forEach((solution, number) => {
    arrays[`beta ${number}`] = solution.beta;
    arrays[`scores ${number}`] = solution.scores;
    arrays[`figures ${number}`] = Float64Array.from(figures, (name) => solution[name]);
  });
  arrays['losses'] = Float64Array.from(history, ({ loss }) => loss);
  arrays['iterations'] = Float64Array.from(history, ({ iteration }) => iteration);
  return { values: { solved: solved.length, restores }, arrays };
}

function savedCourse({ values, arrays }: CheckpointState): SavedCourse {
  const real = (name: string) => arrays[name] as Float64Array;
  const solved = Array.from({ length: Number(values['solved']) }, (_, number) => {
    const [beta, scores, numbers] = [real(`beta ${number}`), real(`scores ${number}`), real(`figures ${number}`)];
    const known = Object.fromEntries(figures.map((name, i) => [name, numbers[i]!]));
    return { beta, scores, ...known } as unknown as DualSolution;
  });
  const losses = real('losses');
  return {
    solved,
    history: Array.from(real('iterations'), (iteration, i) => ({ iteration, loss: losses[i]! })),
    current: {
      order: arrays['order'] as Int32Array,
      beta: real('beta'),
      scores: real('scores'),
      state: real('state'),
      restores: Number(values['restores']),
    },
  };
}
