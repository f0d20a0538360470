import type { Table } from 'apache-arrow';
import { defaultEngine } from '../../engine/engine.js';
import { type ForestTree, growForest } from '../../engine/trees/forest.js';
import { checkParameters } from '../../parameters.js';
import type { Estimator, FitOptions } from '../../table/interfaces.js';
import { fitTrees, forestOptions, readTreeData, type TreeModel, type TreeSettings } from '../trees/fit.js';
import { type PruningPath, pruningPath } from '../trees/pruning.js';
import { impurityOf } from '../trees/targets.js';
import {
  type DecisionTreeClassifierParameters,
  type DecisionTreeRegressorParameters,
  decisionTreeClassifierParameters,
  decisionTreeRegressorParameters,
} from './parameters.js';

const alone = { nEstimators: 1, bootstrap: false, maxSamples: null, oobScore: false, splitter: 'best' } as const;

/**
 * A tree for numbers, one target or several: CART (Breiman, Friedman, Olshen and Stone 1984). In up to 50,000 rows the
 * splits are those of an exact search. Missing values go to the better side; a split parts categories by the mean target,
 * which for one target is the best way there is. Parameters as scikit-learn's DecisionTreeRegressor.
 */
export class DecisionTreeRegressor implements Estimator {
  readonly name = 'decision-tree';
  readonly task = 'regression';
  readonly declarations = decisionTreeRegressorParameters;
  readonly parameters: DecisionTreeRegressorParameters;

  constructor(parameters: Partial<DecisionTreeRegressorParameters> = {}) {
    this.parameters = checkParameters('DecisionTreeRegressor', decisionTreeRegressorParameters, parameters);
  }

  with(parameters: Partial<DecisionTreeRegressorParameters>): DecisionTreeRegressor {
    return new DecisionTreeRegressor({ ...this.parameters, ...parameters });
  }

  /** @throws LanewiseError as `targetsOf` and `weightsOf` do; `data` for negative targets under Poisson deviance. */
  async fit(table: Table, options: FitOptions = {}): Promise<TreeModel> {
    return fitTrees(this, settingsOf(this.parameters), table, options);
  }

  /** How the tree shrinks as ccpAlpha rises. @throws LanewiseError as `fit` does. */
  async costComplexityPruningPath(table: Table, options: FitOptions = {}): Promise<PruningPath> {
    return pathOf(this, settingsOf(this.parameters), table, options);
  }
}

/**
 * A tree for classes of one target or several, by the Gini impurity or entropy. Categories are parted by the share of the
 * second of two classes, which is the best way there is, and for more along the direction in which their classes' shares
 * differ most (Coppersmith, Hong and Hosking 1999). Parameters as scikit-learn's DecisionTreeClassifier.
 */
export class DecisionTreeClassifier implements Estimator {
  readonly name = 'decision-tree';
  readonly task = 'classification';
  readonly declarations = decisionTreeClassifierParameters;
  readonly parameters: DecisionTreeClassifierParameters;

  constructor(parameters: Partial<DecisionTreeClassifierParameters> = {}) {
    this.parameters = checkParameters('DecisionTreeClassifier', decisionTreeClassifierParameters, parameters);
  }

  with(parameters: Partial<DecisionTreeClassifierParameters>): DecisionTreeClassifier {
    return new DecisionTreeClassifier({ ...this.parameters, ...parameters });
  }

  /** @throws LanewiseError as `targetsOf` and `weightsOf` do. */
  async fit(table: Table, options: FitOptions = {}): Promise<TreeModel> {
    return fitTrees(this, settingsOf(this.parameters), table, options);
  }

  /** How the tree shrinks as ccpAlpha rises. @throws LanewiseError as `fit` does. */
  async costComplexityPruningPath(table: Table, options: FitOptions = {}): Promise<PruningPath> {
    return pathOf(this, settingsOf(this.parameters), table, options);
  }
}

function settingsOf(parameters: DecisionTreeRegressorParameters | DecisionTreeClassifierParameters): TreeSettings {
  return { classWeight: null, ...parameters, ...alone };
}

async function pathOf(
  estimator: Estimator,
  settings: TreeSettings,
  table: Table,
  options: FitOptions,
): Promise<PruningPath> {
  const engine = options.engine ?? (await defaultEngine());
  using read = await readTreeData(engine, estimator, settings, table, options);
  const { coded, weights } = read;
  let grown: ForestTree | undefined;
  const given = { values: coded.values, count: coded.count, weights };
  await growForest(
    engine,
    read.data,
    given,
    forestOptions(settings, read),
    (tree) => {
      grown = tree;
      return true;
    },
    options.signal,
  );
  return pruningPath(grown!, impurityOf(coded, weights), coded.gainScale);
}
