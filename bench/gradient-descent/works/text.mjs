import { LogisticRegression, MultinomialNaiveBayes, preparations, Recipe } from '../../../dist/index.js';
import { tableOf } from '../../files.mjs';

export const title =
  '50,000 texts of two SMS each: tf-idf, then multinomial naive Bayes and logistic regression, C = 1';
export const data = 'texts';
export const peers = { 'scikit-learn': 'python' };
// The stopping rules differ: scikit-learn's own default leaves about 1e-7.
export const tolerance = { 'mean loss + penalty': 1e-6 };

export async function measure({ data, engine, fastest }) {
  const { train, rows } = data.meta;
  const [learnt, held] = [tableOf(data, 0, train), tableOf(data, train, rows)];
  const tfIdf = preparations.find(({ name }) => name === 'tf-idf');
  const step = () => ({ transformer: tfIdf.create(), columns: { names: ['text'] } });
  const fitting = (model) => () => new Recipe([step()], model).fit(learnt, { target: 'target', engine });
  const [bayes] = await fastest(fitting(new MultinomialNaiveBayes()));
  const [logistic, model] = await fastest(fitting(new LogisticRegression()));
  const [predict] = await fastest(() => model.predict(held, { engine }));
  return {
    seconds: { 'tf-idf + naive Bayes': bayes, 'tf-idf + logistic': logistic, 'predict 10,000': predict },
    quality: { 'mean loss + penalty': model.training.history.at(-1).loss },
  };
}
