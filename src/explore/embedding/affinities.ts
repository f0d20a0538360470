import { nearestOthers } from '../../engine/embedding/nearest-others.js';
import { graphOfNeighbors, type SparseGraph, symmetrized } from '../../engine/embedding/sparse-graph.js';
import { perplexityWeights } from '../../engine/embedding/tsne-descent.js';
import type { Engine } from '../../engine/engine.js';
import type { DistanceMetric } from '../../engine/neighbors/index.js';
import type { Points } from '../../engine/neighbors/points.js';
import { requireNear } from './embedding.js';
import { fuzzyMemberships } from './fuzzy-set.js';

/** t-SNE: the joint probabilities of pairs among the 3·perplexity + 1 nearest; all sum to 1. */
export async function jointProbabilities(
  engine: Engine,
  points: Points,
  perplexity: number,
  metric: DistanceMetric,
  signal?: AbortSignal,
): Promise<SparseGraph> {
  const k = Math.min(points.count - 1, Math.floor(3 * perplexity + 1));
  const found = await nearestOthers(engine, points, k, metric, signal);
  requireNear('t-sne', found);
  const squares = found.distances.map((distance) => distance * distance);
  const weights = await perplexityWeights(engine, squares, points.count, perplexity, signal);
  const graph = await graphOfNeighbors(found.indices, weights, points.count, signal);
  const joint = await symmetrized(graph, (there, back) => there + back, signal);
  let sum = 0;
  for (const value of joint.values) sum += value;
  return { ...joint, values: joint.values.map((value) => value / sum) };
}

/** UMAP: the union of the rows' fuzzy sets of `neighbors` members, the row itself among them. */
export async function fuzzyGraph(
  engine: Engine,
  points: Points,
  neighbors: number,
  metric: DistanceMetric,
  signal?: AbortSignal,
): Promise<SparseGraph> {
  const found = await nearestOthers(engine, points, neighbors - 1, metric, signal);
  requireNear('umap', found);
  const memberships = await fuzzyMemberships(found, points.count, signal);
  const directed = await graphOfNeighbors(found.indices, memberships, points.count, signal);
  return symmetrized(directed, (there, back) => there + back - there * back, signal);
}
