import type { Step } from '../runner.js';
import type { RunState } from '../state.js';
import { collect } from './collect.js';
import { compare } from './compare.js';
import { deploy } from './deploy.js';
import { evaluate } from './evaluate.js';
import { explore } from './explore.js';
import { features } from './features.js';
import { monitor } from './monitor.js';
import { prepare } from './prepare.js';
import { train } from './train.js';
import { tune } from './tune.js';

/** The ten steps, in order. */
export const steps: readonly Step<RunState>[] = [
  collect,
  prepare,
  explore,
  features,
  compare,
  train,
  evaluate,
  tune,
  deploy,
  monitor,
];
