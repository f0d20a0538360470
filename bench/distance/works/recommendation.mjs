import { BPR, evaluateRecommender, ImplicitALS, ItemKNN } from '../../../dist/index.js';
import { tableOf } from '../../files.mjs';

export const title =
  'Recommenders of online_retail (261,000 pairs of customer and item): implicit ALS and BPR of 64 factors, item neighbours; lists of 10 for everybody';
export const data = 'purchases';
export const peers = { implicit: 'python' };
/** The latest item of each customer is to be found; both start at random, so that what descent misses differs a little. */
export const tolerance = { 'missed@10 ALS': 0.02, 'missed@10 BPR': 0.03, 'missed@10 items': 0.02 };

export async function measure({ data, engine, fastest, small }) {
  const [train, test] = [tableOf(data, 0, data.meta.train), tableOf(data, data.meta.train, data.meta.rows)];
  const columns = { user: 'user', item: 'item', weight: 'target', engine };
  const settings = { nFactors: 64, regularization: 0.01, confidence: 'linear' };
  const als = new ImplicitALS({ ...settings, alpha: 1, maxIter: 15 });
  const bpr = new BPR({ nFactors: 64, learningRate: 0.05, regularization: 0.01, maxIter: small ? 5 : 100 });
  const items = new ItemKNN({ k: 50, shrinkage: 0, confidence: 'linear' });
  const [alsSeconds, alsModel] = await fastest(() => als.fit(train, columns));
  const [bprSeconds, bprModel] = await fastest(() => bpr.fit(train, columns), 1);
  const [itemSeconds, itemModel] = await fastest(() => items.fit(train, columns));
  const [lists] = await fastest(() => alsModel.recommend('all', { n: 10, engine }));
  const missed = async (model) =>
    1 - (await evaluateRecommender(model, test, { engine, resamples: 2 })).metrics.recall.value;
  return {
    seconds: { ALS: alsSeconds, BPR: bprSeconds, items: itemSeconds, lists },
    quality: {
      'missed@10 ALS': await missed(alsModel),
      'missed@10 BPR': await missed(bprModel),
      'missed@10 items': await missed(itemModel),
    },
  };
}
