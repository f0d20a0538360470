import type { TaskKind } from './interfaces.js';

/** Every kind of task. */
export const taskKinds: readonly TaskKind[] = [
  'classification',
  'regression',
  'ranking',
  'clustering',
  'anomaly-detection',
  'recommendation',
];

/** Is there a target to learn from? Recommenders have an interface of their own (recommendation.ts). */
export function isSupervised(task: TaskKind): boolean {
  return task !== 'clustering' && task !== 'anomaly-detection' && task !== 'recommendation';
}
