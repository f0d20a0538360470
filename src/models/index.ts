import type { ParameterDeclarations, ParameterValue } from '../parameters.js';
import type { Estimator, TaskKind } from '../table/interfaces.js';
import { AgglomerativeClustering, agglomerativeParameters } from './agglomerative/index.js';
import { DBSCAN, dbscanParameters } from './dbscan/index.js';
import {
  DecisionTreeClassifier,
  DecisionTreeRegressor,
  decisionTreeClassifierParameters,
  decisionTreeRegressorParameters,
} from './decision-tree/index.js';
import {
  LinearDiscriminantAnalysis,
  linearDiscriminantParameters,
  QuadraticDiscriminantAnalysis,
  quadraticDiscriminantParameters,
} from './discriminant-analysis/index.js';
import { DummyClassifier, DummyRegressor } from './dummy/dummy.js';
import { classifierParameters, regressorParameters } from './dummy/parameters.js';
import { ElasticNet, ElasticNetCV, Lasso, LassoCV } from './elastic-net/elastic-net.js';
import {
  elasticNetCvParameters,
  elasticNetParameters,
  lassoCvParameters,
  lassoParameters,
} from './elastic-net/parameters.js';
import { EllipticEnvelope, ellipticEnvelopeParameters } from './elliptic-envelope/index.js';
import {
  ExtraTreesClassifier,
  ExtraTreesRegressor,
  extraTreesClassifierParameters,
  extraTreesRegressorParameters,
} from './extra-trees/index.js';
import { GaussianMixture, gaussianMixtureParameters } from './gaussian-mixture/index.js';
import {
  GammaRegressor,
  gammaParameters,
  PoissonRegressor,
  poissonParameters,
  TweedieRegressor,
  tweedieParameters,
} from './generalized-linear/index.js';
import {
  boostingClassifierParameters,
  boostingRankerParameters,
  boostingRegressorParameters,
  GradientBoostingClassifier,
  GradientBoostingRanker,
  GradientBoostingRegressor,
} from './gradient-boosting/index.js';
import { HDBSCAN, hdbscanParameters } from './hdbscan/index.js';
import { HuberRegressor } from './huber/huber.js';
import { huberParameters } from './huber/parameters.js';
import { IsolationForest, isolationForestParameters } from './isolation-forest/index.js';
import { KMeans } from './k-means/k-means.js';
import { MiniBatchKMeans } from './k-means/mini-batch-k-means.js';
import { kMeansParameters, miniBatchKMeansParameters } from './k-means/parameters.js';
import { KNeighborsClassifier, KNeighborsRegressor } from './k-nearest-neighbors/k-nearest-neighbors.js';
import { neighborsParameters } from './k-nearest-neighbors/parameters.js';
import { Ridge } from './linear/linear.js';
import { ridgeCvParameters, ridgeParameters } from './linear/parameters.js';
import { RidgeCV } from './linear/ridge-cv.js';
import { LinearRegression } from './linear-regression/linear-regression.js';
import { linearRegressionParameters } from './linear-regression/parameters.js';
import { LinearSVC, LinearSVR } from './linear-svm/linear-svm.js';
import { linearSvcParameters, linearSvrParameters } from './linear-svm/parameters.js';
import { LogisticRegression } from './logistic-regression/logistic-regression.js';
import { logisticRegressionParameters } from './logistic-regression/parameters.js';
import { MeanShift, meanShiftParameters } from './mean-shift/index.js';
import {
  MultilayerPerceptronClassifier,
  MultilayerPerceptronRegressor,
  perceptronClassifierParameters,
  perceptronRegressorParameters,
} from './multilayer-perceptron/index.js';
import {
  BernoulliNaiveBayes,
  bernoulliParameters,
  ComplementNaiveBayes,
  complementParameters,
  GaussianNaiveBayes,
  gaussianParameters,
  MultinomialNaiveBayes,
  multinomialParameters,
} from './naive-bayes/index.js';
import {
  LocalOutlierFactor,
  localOutlierFactorParameters,
  NeighborDistance,
  neighborDistanceParameters,
} from './neighbor-anomalies/index.js';
import { OPTICS, opticsParameters } from './optics/index.js';
import { quantileParameters } from './quantile/parameters.js';
import { QuantileRegressor } from './quantile/quantile.js';
import {
  RadiusNeighborsClassifier,
  RadiusNeighborsRegressor,
  radiusClassifierParameters,
  radiusRegressorParameters,
} from './radius-neighbors/index.js';
import {
  forestClassifierParameters,
  forestRegressorParameters,
  RandomForestClassifier,
  RandomForestRegressor,
} from './random-forest/index.js';
import { sgdClassifierParameters, sgdRegressorParameters } from './sgd/parameters.js';
import { SgdClassifier, SgdRegressor } from './sgd/sgd.js';
import { SpectralClustering, spectralParameters } from './spectral/index.js';
import { OneClassSVM, oneClassSvmParameters, SVC, SVR, svcParameters, svrParameters } from './svm/index.js';

/** One line of the list of models: how the command line and the workflow file find an estimator. */
export interface ModelEntry {
  /** As in `--model gradient-boosting`. */
  readonly name: string;
  readonly tasks: readonly TaskKind[];
  readonly declarations: (task: TaskKind) => ParameterDeclarations;
  readonly create: (task: TaskKind, parameters?: Readonly<Record<string, ParameterValue>>) => Estimator;
  /** Left out where models are compared and nobody says which: a close relative of one that is not. */
  readonly onlyByName?: true;
  /** Takes the terms of texts as they are, as sparse vectors. */
  readonly sparse?: readonly TaskKind[];
  /** Every row meets every other: time, and for some memory, grow with the square of the rows. */
  readonly quadratic?: true;
  /** Takes numbers >= 0 only: its recipe scales them to [0, 1]. */
  readonly nonNegative?: true;
}

/** The models that are compared for a task where nobody says which: one or two of each kind. */
export function comparedModels(task: TaskKind): ModelEntry[] {
  return models.filter(({ tasks, onlyByName }) => tasks.includes(task) && !onlyByName);
}

/** Every model that Lanewise offers, simplest first. */
export const models: readonly ModelEntry[] = [
  {
    name: 'dummy',
    tasks: ['classification', 'regression'],
    declarations: (task) => (task === 'regression' ? regressorParameters : classifierParameters),
    create: (task, parameters) =>
      task === 'regression' ? new DummyRegressor(parameters) : new DummyClassifier(parameters),
  },
  {
    name: 'linear',
    tasks: ['classification', 'regression'],
    declarations: (task) => (task === 'regression' ? ridgeParameters : logisticRegressionParameters),
    create: (task, parameters) => (task === 'regression' ? new Ridge(parameters) : new LogisticRegression(parameters)),
    sparse: ['classification'],
  },
  {
    name: 'lasso',
    tasks: ['regression'],
    declarations: () => lassoParameters,
    create: (_task, parameters) => new Lasso(parameters),
    onlyByName: true,
  },
  {
    name: 'elastic-net',
    tasks: ['regression'],
    declarations: () => elasticNetParameters,
    create: (_task, parameters) => new ElasticNet(parameters),
    onlyByName: true,
  },
  {
    name: 'lasso-cv',
    tasks: ['regression'],
    declarations: () => lassoCvParameters,
    create: (_task, parameters) => new LassoCV(parameters),
    onlyByName: true,
  },
  {
    name: 'elastic-net-cv',
    tasks: ['regression'],
    declarations: () => elasticNetCvParameters,
    create: (_task, parameters) => new ElasticNetCV(parameters),
    onlyByName: true,
  },
  {
    name: 'linear-regression',
    tasks: ['regression'],
    declarations: () => linearRegressionParameters,
    create: (_task, parameters) => new LinearRegression(parameters),
    onlyByName: true,
  },
  {
    name: 'ridge-cv',
    tasks: ['regression'],
    declarations: () => ridgeCvParameters,
    create: (_task, parameters) => new RidgeCV(parameters),
    onlyByName: true,
  },
  {
    name: 'linear-discriminant-analysis',
    tasks: ['classification'],
    declarations: () => linearDiscriminantParameters,
    create: (_task, parameters) => new LinearDiscriminantAnalysis(parameters),
    onlyByName: true,
  },
  {
    name: 'quadratic-discriminant-analysis',
    tasks: ['classification'],
    declarations: () => quadraticDiscriminantParameters,
    create: (_task, parameters) => new QuadraticDiscriminantAnalysis(parameters),
    onlyByName: true,
  },
  {
    name: 'linear-svm',
    tasks: ['classification', 'regression'],
    declarations: (task) => (task === 'regression' ? linearSvrParameters : linearSvcParameters),
    create: (task, parameters) => (task === 'regression' ? new LinearSVR(parameters) : new LinearSVC(parameters)),
    onlyByName: true,
  },
  {
    name: 'sgd',
    tasks: ['classification', 'regression'],
    declarations: (task) => (task === 'regression' ? sgdRegressorParameters : sgdClassifierParameters),
    create: (task, parameters) =>
      task === 'regression' ? new SgdRegressor(parameters) : new SgdClassifier(parameters),
    onlyByName: true,
  },
  {
    name: 'gradient-boosting',
    tasks: ['classification', 'regression', 'ranking'],
    declarations: (task) => {
      if (task === 'ranking') return boostingRankerParameters;
      return task === 'regression' ? boostingRegressorParameters : boostingClassifierParameters;
    },
    create: (task, parameters) => {
      if (task === 'ranking') return new GradientBoostingRanker(parameters);
      return task === 'regression'
        ? new GradientBoostingRegressor(parameters)
        : new GradientBoostingClassifier(parameters);
    },
  },
  {
    name: 'k-nearest-neighbors',
    tasks: ['classification', 'regression'],
    declarations: () => neighborsParameters,
    create: (task, parameters) =>
      task === 'regression' ? new KNeighborsRegressor(parameters) : new KNeighborsClassifier(parameters),
  },
  {
    name: 'radius-neighbors',
    tasks: ['classification', 'regression'],
    declarations: (task) => (task === 'regression' ? radiusRegressorParameters : radiusClassifierParameters),
    create: (task, parameters) =>
      task === 'regression' ? new RadiusNeighborsRegressor(parameters) : new RadiusNeighborsClassifier(parameters),
    // What radius is of use depends on the data.
    onlyByName: true,
  },
  {
    name: 'k-means',
    tasks: ['clustering'],
    declarations: () => kMeansParameters,
    create: (_task, parameters) => new KMeans(parameters),
  },
  {
    name: 'dbscan',
    tasks: ['clustering'],
    declarations: () => dbscanParameters,
    create: (_task, parameters) => new DBSCAN(parameters),
    onlyByName: true,
    quadratic: true,
  },
  {
    name: 'hdbscan',
    tasks: ['clustering'],
    declarations: () => hdbscanParameters,
    create: (_task, parameters) => new HDBSCAN(parameters),
    onlyByName: true,
    quadratic: true,
  },
  {
    name: 'agglomerative',
    tasks: ['clustering'],
    declarations: () => agglomerativeParameters,
    create: (_task, parameters) => new AgglomerativeClustering(parameters),
    onlyByName: true,
    quadratic: true,
  },
  {
    name: 'optics',
    tasks: ['clustering'],
    declarations: () => opticsParameters,
    create: (_task, parameters) => new OPTICS(parameters),
    onlyByName: true,
    quadratic: true,
  },
  {
    name: 'spectral',
    tasks: ['clustering'],
    declarations: () => spectralParameters,
    create: (_task, parameters) => new SpectralClustering(parameters),
    onlyByName: true,
    quadratic: true,
  },
  {
    name: 'mean-shift',
    tasks: ['clustering'],
    declarations: () => meanShiftParameters,
    create: (_task, parameters) => new MeanShift(parameters),
    onlyByName: true,
    quadratic: true,
  },
  {
    name: 'mini-batch-k-means',
    tasks: ['clustering'],
    declarations: () => miniBatchKMeansParameters,
    create: (_task, parameters) => new MiniBatchKMeans(parameters),
    onlyByName: true,
  },
  {
    name: 'gaussian-mixture',
    tasks: ['clustering'],
    declarations: () => gaussianMixtureParameters,
    create: (_task, parameters) => new GaussianMixture(parameters),
    onlyByName: true,
  },
  {
    name: 'random-forest',
    tasks: ['classification', 'regression'],
    declarations: (task) => (task === 'regression' ? forestRegressorParameters : forestClassifierParameters),
    create: (task, parameters) =>
      task === 'regression' ? new RandomForestRegressor(parameters) : new RandomForestClassifier(parameters),
  },
  {
    name: 'extra-trees',
    tasks: ['classification', 'regression'],
    declarations: (task) => (task === 'regression' ? extraTreesRegressorParameters : extraTreesClassifierParameters),
    create: (task, parameters) =>
      task === 'regression' ? new ExtraTreesRegressor(parameters) : new ExtraTreesClassifier(parameters),
  },
  {
    name: 'decision-tree',
    tasks: ['classification', 'regression'],
    declarations: (task) =>
      task === 'regression' ? decisionTreeRegressorParameters : decisionTreeClassifierParameters,
    create: (task, parameters) =>
      task === 'regression' ? new DecisionTreeRegressor(parameters) : new DecisionTreeClassifier(parameters),
  },
  {
    name: 'svm',
    tasks: ['classification', 'regression'],
    declarations: (task) => (task === 'regression' ? svrParameters : svcParameters),
    create: (task, parameters) => (task === 'regression' ? new SVR(parameters) : new SVC(parameters)),
    onlyByName: true,
  },
  {
    name: 'one-class-svm',
    tasks: ['anomaly-detection'],
    declarations: () => oneClassSvmParameters,
    create: (_task, parameters) => new OneClassSVM(parameters),
    onlyByName: true,
  },
  {
    name: 'multilayer-perceptron',
    tasks: ['classification', 'regression'],
    onlyByName: true,
    declarations: (task) => (task === 'regression' ? perceptronRegressorParameters : perceptronClassifierParameters),
    create: (task, parameters) =>
      task === 'regression'
        ? new MultilayerPerceptronRegressor(parameters)
        : new MultilayerPerceptronClassifier(parameters),
  },
  {
    name: 'isolation-forest',
    tasks: ['anomaly-detection'],
    declarations: () => isolationForestParameters,
    create: (_task, parameters) => new IsolationForest(parameters),
  },
  {
    name: 'local-outlier-factor',
    tasks: ['anomaly-detection'],
    declarations: () => localOutlierFactorParameters,
    create: (_task, parameters) => new LocalOutlierFactor(parameters),
    onlyByName: true,
    quadratic: true,
  },
  {
    name: 'knn-distance',
    tasks: ['anomaly-detection'],
    declarations: () => neighborDistanceParameters,
    create: (_task, parameters) => new NeighborDistance(parameters),
    onlyByName: true,
    quadratic: true,
  },
  {
    name: 'elliptic-envelope',
    tasks: ['anomaly-detection'],
    declarations: () => ellipticEnvelopeParameters,
    create: (_task, parameters) => new EllipticEnvelope(parameters),
    onlyByName: true,
  },
  {
    name: 'poisson',
    tasks: ['regression'],
    declarations: () => poissonParameters,
    create: (_task, parameters) => new PoissonRegressor(parameters),
    onlyByName: true,
  },
  {
    name: 'gamma',
    tasks: ['regression'],
    declarations: () => gammaParameters,
    create: (_task, parameters) => new GammaRegressor(parameters),
    onlyByName: true,
  },
  {
    name: 'tweedie',
    tasks: ['regression'],
    declarations: () => tweedieParameters,
    create: (_task, parameters) => new TweedieRegressor(parameters),
    onlyByName: true,
  },
  {
    name: 'huber',
    tasks: ['regression'],
    declarations: () => huberParameters,
    create: (_task, parameters) => new HuberRegressor(parameters),
    onlyByName: true,
  },
  {
    name: 'quantile',
    tasks: ['regression'],
    declarations: () => quantileParameters,
    create: (_task, parameters) => new QuantileRegressor(parameters),
    onlyByName: true,
  },
  {
    name: 'gaussian-naive-bayes',
    tasks: ['classification'],
    declarations: () => gaussianParameters,
    create: (_task, parameters) => new GaussianNaiveBayes(parameters),
  },
  {
    name: 'multinomial-naive-bayes',
    tasks: ['classification'],
    declarations: () => multinomialParameters,
    create: (_task, parameters) => new MultinomialNaiveBayes(parameters),
    onlyByName: true,
    sparse: ['classification'],
    nonNegative: true,
  },
  {
    name: 'complement-naive-bayes',
    tasks: ['classification'],
    declarations: () => complementParameters,
    create: (_task, parameters) => new ComplementNaiveBayes(parameters),
    onlyByName: true,
    sparse: ['classification'],
    nonNegative: true,
  },
  {
    name: 'bernoulli-naive-bayes',
    tasks: ['classification'],
    declarations: () => bernoulliParameters,
    create: (_task, parameters) => new BernoulliNaiveBayes(parameters),
    onlyByName: true,
    sparse: ['classification'],
  },
];
