import type { Points } from '../../engine/neighbors/points.js';
import { LanewiseError } from '../../errors.js';
import { ProgramBuilder } from '../../scoring/builder.js';
import type { Program } from '../../scoring/program.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { TrainingWarning } from '../../table/interfaces.js';
import { inputsOf } from '../features.js';

/** @throws LanewiseError `data` */
export function refuseFewRows(rowCount: number, nClusters: number): void {
  if (rowCount >= nClusters) return;
  const message = `Expected at least ${nClusters} rows for ${nClusters} clusters but received ${rowCount}`;
  throw new LanewiseError('data', message, { hint: 'Ask for fewer clusters: nClusters.' });
}

/** The centres of the parameter `initialCenters`. @throws LanewiseError `usage` where they are not as many as needed */
export function givenCenters(
  values: readonly number[] | null,
  nClusters: number,
  columns: readonly RegisterColumn[],
): Points | undefined {
  if (values === null) return undefined;
  const expected = nClusters * columns.length;
  if (values.length === expected) {
    return { values: Float64Array.from(values), count: nClusters, dimension: columns.length };
  }
  throw new LanewiseError(
    'usage',
    `Expected ${expected} numbers in initialCenters, ${columns.length} for each of ${nClusters} clusters, but received ${values.length}`,
    { hint: `The features are, in this order: ${columns.map(({ name }) => name).join(', ')}` },
  );
}

/** What whoever uses the clusters should know. */
export function clusterWarnings(
  { labels, converged, iterations }: { labels: Int32Array; converged: boolean; iterations: number },
  nClusters: number,
): TrainingWarning[] {
  const seen = new Uint8Array(nClusters);
  for (const label of labels) seen[label] = 1;
  const found = seen.reduce((sum, each) => sum + each, 0);
  const warnings: TrainingWarning[] = [];
  if (found < nClusters) {
    warnings.push({
      name: 'fewer-clusters',
      message: `${found} of ${nClusters} clusters have rows: there may be fewer different rows than clusters`,
    });
  }
  if (!converged) {
    warnings.push({
      name: 'not-converged',
      message: `the centres still moved after ${iterations} iterations: maxIter`,
    });
  }
  return warnings;
}

/** The nearest centre and the distances to all. */
export function lowerCenters(columns: readonly RegisterColumn[], centers: Points): Program {
  const builder = new ProgramBuilder(inputsOf(columns));
  const out = builder.reserve();
  const first = builder.reserve(centers.count);
  const distances = Array.from({ length: centers.count }, (_, k) => first + k);
  builder.emit({ op: 'centroids', inputs: columns.map((_, j) => j), out, distances, centers: centers.values });
  return builder.build([
    { name: 'prediction', register: out, type: 'number' },
    ...distances.map((register, k) => ({ name: `distance_${k}`, register, type: 'number' as const })),
  ]);
}
