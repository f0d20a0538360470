import { LanewiseError } from '../../errors.js';
import { makeModel } from '../../models/model.js';
import type { Model } from '../../table/interfaces.js';
import type { ExchangeForest } from './forest.js';
import { lowerForest } from './lower.js';

export interface ImportOptions {
  /** What the model predicts: no file says it. Default 'prediction'. */
  readonly target?: string;
  /** Labels of the classes in the order of the file's. Default '0', '1', … */
  readonly classes?: readonly string[];
  /** Labels of categorical columns by code, where the file does not name them. */
  readonly categories?: Readonly<Record<string, readonly string[]>>;
  /** XGBoost with early stopping: 'best' (default, as XGBModel.predict does) keeps the trees up to the best iteration. */
  readonly iterations?: 'best' | 'all';
}

/** A model of another library, read. */
export interface Foreign {
  readonly library: 'lightgbm' | 'xgboost';
  /** Of the file's format. */
  readonly version: string;
  readonly objective: string;
  readonly ranking?: boolean;
  readonly boosting: string;
  /** Rows it was trained on, as far as the file says it; else 0. */
  readonly rows: number;
  readonly iterations: number;
  readonly forest: ExchangeForest;
  /** What is worth knowing about the import. */
  readonly notes: readonly string[];
}

const names = { lightgbm: 'LightGBM', xgboost: 'XGBoost' } as const;

/** A Lanewise model like any other, whose program is the forest's. */
export function modelOf(foreign: Foreign, options: ImportOptions): Model {
  const { library, version, objective, boosting, rows, iterations, forest } = foreign;
  const { classes } = forest;
  const classCount = forest.outputs === 1 ? 2 : forest.outputs;
  if (classes && (classes.length !== classCount || new Set(classes).size !== classCount)) {
    const message = `Expected ${classCount} distinct classes for this model but received ${classes.length}`;
    throw new LanewiseError('usage', message, {
      hint: 'Name them in the order of the numbers that it was trained on.',
    });
  }
  return makeModel({
    estimator: library,
    task: classes ? 'classification' : foreign.ranking ? 'ranking' : 'regression',
    parameters: { objective, boosting, formatVersion: version, iterations },
    target: options.target ?? 'prediction',
    classes,
    program: lowerForest(forest),
    training: {
      rows,
      iterations,
      bestIteration: iterations,
      lossName: objective,
      history: [],
      verdict: `imported from ${names[library]} (format ${version}, ${forest.trees.length} trees): trained elsewhere`,
    },
    importances: importances(forest),
    interpretability: forest.trees.length === 1 ? 'medium' : 'low',
  });
}

/** The share of all gain that each feature's splits brought. */
function importances({ features, trees }: ExchangeForest): Record<string, number> {
  const gains = new Map(features.map(({ name }) => [name, 0]));
  let total = 0;
  for (const tree of trees) {
    tree.feature.forEach((feature, node) => {
      const gain = tree.gain[node]!;
      if (feature < 0 || !(gain > 0 && gain < Infinity)) return;
      const { name } = features[feature]!;
      gains.set(name, gains.get(name)! + gain);
      total += gain;
    });
  }
  return Object.fromEntries([...gains].map(([name, gain]) => [name, total > 0 && total < Infinity ? gain / total : 0]));
}
