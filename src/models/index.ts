import type { ParameterDeclarations, ParameterValue } from '../parameters.js';
import type { Estimator, TaskKind } from '../table/interfaces.js';

/** One line of the list of models: how the command line and the workflow file find an estimator. */
export interface ModelEntry {
  /** As in `--model gradient-boosting`. */
  readonly name: string;
  readonly tasks: readonly TaskKind[];
  readonly declarations: (task: TaskKind) => ParameterDeclarations;
  readonly create: (task: TaskKind, parameters?: Readonly<Record<string, ParameterValue>>) => Estimator;
}

/** Every model that Lanewise offers, simplest first. */
export const models: readonly ModelEntry[] = [];
