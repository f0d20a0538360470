import type { Step } from '../runner.js';
import type { RunState } from '../state.js';
import { collect } from '../steps/collect.js';
import { explore } from '../steps/explore.js';
import { compare } from './compare.js';
import { deploy } from './deploy.js';
import { evaluate } from './evaluate.js';
import { monitor } from './monitor.js';
import { train } from './train.js';
import { tune } from './tune.js';

/** The steps of a recommendation, in order. Ids are matched as they are: there is nothing to prepare and no feature to make. */
export const recommendationSteps: readonly Step<RunState>[] = [
  collect,
  explore,
  compare,
  train,
  evaluate,
  tune,
  deploy,
  monitor,
];
