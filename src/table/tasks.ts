import type { TaskKind } from './interfaces.js';

/** Every kind of task. */
export const taskKinds: readonly TaskKind[] = [
  'classification',
  'regression',
  'ranking',
  'clustering',
  'anomaly-detection',
];

/** Is there a target to learn from? */
export function isSupervised(task: TaskKind): boolean {
  return task !== 'clustering' && task !== 'anomaly-detection';
}
