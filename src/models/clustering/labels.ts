import type { Points } from '../../engine/neighbors/points.js';
import type { ParameterValue } from '../../parameters.js';
import { ProgramBuilder } from '../../scoring/builder.js';
import type { LabelMetric } from '../../scoring/nearest-label.js';
import type { Program } from '../../scoring/program.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { Model, Training } from '../../table/interfaces.js';
import { inputsOf } from '../features.js';
import { makeModel } from '../model.js';

/** The label of rows that are in no cluster. */
export const NOISE = -1;

/** Clusters numbered in the order of their first rows; those below 0 are NOISE. */
export function numberedByFirstRow(groups: ArrayLike<number>): Int32Array {
  const numbers = new Map<number, number>();
  return Int32Array.from(groups, (group) => {
    if (group < 0) return NOISE;
    if (!numbers.has(group)) numbers.set(group, numbers.size);
    return numbers.get(group)!;
  });
}

/** How new rows come by a cluster: that of the nearest stored point. */
export interface LabelledPoints {
  readonly points: Points;
  readonly labels: Int32Array;
  readonly metric: LabelMetric;
  /** The largest distance that counts: one a point, or one for all. */
  readonly limits?: Float64Array;
  /** Core distances, and which nearest point's distance is a new row's own (mutual reachability). */
  readonly cores?: Float64Array;
  readonly k?: number;
}

/** A program whose prediction is the label of the nearest point. */
export function labelProgram(columns: readonly RegisterColumn[], stored: LabelledPoints): Program {
  const { points, labels, metric, k = 0 } = stored;
  const none = new Float64Array(0);
  const builder = new ProgramBuilder(inputsOf(columns));
  const out = builder.add({
    op: 'nearestLabel',
    inputs: columns.map((_, j) => j),
    metric,
    k,
    points: points.values,
    labels,
    limits: stored.limits ?? none,
    cores: stored.cores ?? none,
  });
  return builder.build([{ name: 'prediction', register: out, type: 'number' }]);
}

/** The points with these indices, with their labels. */
export function pick(
  points: Points,
  labels: Int32Array,
  indices: ArrayLike<number>,
): Pick<LabelledPoints, 'points' | 'labels'> {
  const { dimension } = points;
  const values = new Float64Array(indices.length * dimension);
  for (let k = 0; k < indices.length; k++) {
    values.set(points.values.subarray(indices[k]! * dimension, (indices[k]! + 1) * dimension), k * dimension);
  }
  return {
    points: { values, count: indices.length, dimension },
    labels: Int32Array.from(indices, (index) => labels[index]!),
  };
}

/** The model of a clustering that knows the cluster of every training row. */
export function clusteringModel(parts: {
  readonly estimator: string;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  readonly program: Program;
  readonly labels: Int32Array;
  readonly training?: Partial<Training>;
}): Model {
  const { labels } = parts;
  let [clusters, noise] = [0, 0];
  for (const label of labels) {
    if (label === NOISE) noise++;
    clusters = Math.max(clusters, label + 1);
  }
  const found = `${clusters} cluster${clusters === 1 ? '' : 's'} of ${labels.length - noise} rows, ${noise} rows of none`;
  return makeModel({
    estimator: parts.estimator,
    task: 'clustering',
    parameters: parts.parameters,
    program: parts.program,
    labels,
    interpretability: 'medium',
    training: {
      rows: labels.length,
      iterations: 1,
      bestIteration: 1,
      lossName: 'none',
      history: [],
      ...parts.training,
      verdict: parts.training?.verdict ? `${found}; ${parts.training.verdict}` : found,
    },
  });
}
