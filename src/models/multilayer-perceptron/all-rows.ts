import { throwIfCancelled } from '../../errors.js';
import type { HistoryPoint } from '../../table/interfaces.js';
import { minimizeLbfgs } from '../../training/lbfgs.js';
import type { Objective } from '../../training/objective.js';
import { type Curve, type Fitting, JUDGED_ROWS, meanLoss, penaltyOf, snapshot } from './state.js';

/** Ends the minimisation from within where time is used up. */
class OutOfTime extends Error {}

/** The penalised mean loss over all rows and its gradient, in the order of the network's parameters. */
function objectiveOf(fitting: Fitting): Objective {
  const { network, training, parameters, options } = fitting;
  const total = training.weightOf();
  return {
    dimension: network.parameters.length,
    async evaluate(point) {
      network.parameters.set(point);
      let loss = 0;
      for (let start = 0; start < training.rows; start += JUDGED_ROWS) {
        const batch = training.slice(start, Math.min(training.rows, start + JUDGED_ROWS));
        loss += await network.learn(batch, 1 / total, { add: start > 0, signal: options.signal });
      }
      const gradient = Float64Array.from(network.gradient);
      const decay = parameters.alpha / training.rows;
      for (let i = 0; i < network.weightCount; i++) gradient[i]! += decay * network.parameters[i]!;
      return { value: loss / total + penaltyOf(fitting, training.rows), gradient };
    },
  };
}

/** Limited-memory BFGS on all rows at once: no batches, no rates; for tables of some thousand rows. */
export async function trainOnAllRows(fitting: Fitting): Promise<Curve> {
  const { network, parameters, validation, options, deadline } = fitting;
  const history: HistoryPoint[] = [];
  let last = network.parameters.slice();
  let outOfTime = false;
  const onIteration = async (iteration: number, loss: number, point: Float64Array) => {
    last = Float32Array.from(point);
    network.parameters.set(last);
    const validationLoss = validation && (await meanLoss(fitting, validation));
    const metrics = { loss, ...(validationLoss !== undefined && { validationLoss }) };
    history.push({ iteration, ...metrics });
    options.onProgress?.({ what: 'iteration', done: iteration, total: parameters.maxIter, metrics });
    throwIfCancelled(options.signal);
    if (deadline.passed) throw new OutOfTime();
  };
  try {
    await minimizeLbfgs(objectiveOf(fitting), Float64Array.from(last), {
      tolerance: parameters.tol,
      maxIterations: parameters.maxIter,
      onIteration,
    });
  } catch (error) {
    if (!(error instanceof OutOfTime)) throw error;
    outOfTime = true;
  }
  network.parameters.set(last);
  const final = snapshot(network, history.length, history.length);
  return {
    history,
    converged: !outOfTime && history.length < parameters.maxIter,
    stoppedEarly: false,
    outOfTime,
    bestIteration: history.length,
    final,
    kept: final,
  };
}
