export type { ClassCounts, PartOptions } from './counts.js';
export { mergeCounts } from './counts.js';
export { BernoulliNaiveBayes, ComplementNaiveBayes, MultinomialNaiveBayes } from './discrete.js';
export { type ClassMoments, GaussianNaiveBayes, mergeMoments } from './gaussian.js';
export { bernoulliParameters, complementParameters, gaussianParameters, multinomialParameters } from './parameters.js';
