// Recommenders on real data, held to what the docs say: MovieLens small on the split of reference/folds (read where it lies:
// its licence allows no copy), and online_retail as implicit feedback. `node .ci/recommendation.mjs DATA`.
import { join } from 'node:path';
import {
  ALS,
  evaluateRecommender,
  ImplicitALS,
  ItemKNN,
  leaveOneOut,
  Popularity,
  readRegister,
  readTable,
  takeRows,
} from '../dist/index.js';

const [folder] = process.argv.slice(2);
let failures = 0;
function hold(what, value, holds, bound) {
  if (!holds) failures++;
  console.log(`${holds ? 'holds' : 'falls short'}: ${what} ${value.toFixed(4)}, ${bound}`);
}

async function movielens() {
  const { table } = await readTable(join(folder, 'movielens_small', 'ratings.csv.gz'));
  const { table: split } = await readTable(join(folder, 'reference', 'folds', 'movielens_small_split.csv.gz'));
  const isTest = readRegister(split, 'test').values;
  const rows = [...isTest.keys()];
  const train = takeRows(
    table,
    rows.filter((row) => !isTest[row]),
  );
  const test = takeRows(
    table,
    rows.filter((row) => isTest[row]),
  );
  const columns = { user: 'userId', item: 'movieId', rating: 'rating' };
  // The reference's hits are test films of 4 stars or more.
  const score = async (recommender) =>
    evaluateRecommender(await recommender.fit(train, columns), test, { relevantFrom: 4, resamples: 200 });
  const als = await score(new ALS());
  hold('MovieLens small, ALS with biases: RMSE', als.ratings.rmse, als.ratings.rmse <= 0.864, 'at most 0.864');
  const popular = (await score(new Popularity())).metrics.normalizedRecall;
  hold('MovieLens small, popularity: recall@10', popular.value, Math.abs(popular.value - 0.152) < 0.002, 'about 0.152');
  for (const recommender of [new ImplicitALS(), new ItemKNN({ feedback: 'implicit' })]) {
    const { normalizedRecall } = (await score(recommender)).metrics;
    const holds = normalizedRecall.value >= 0.24 && normalizedRecall.low > popular.high;
    hold(
      `MovieLens small, ${recommender.name}: recall@10`,
      normalizedRecall.value,
      holds,
      'at least 0.24, intervals apart',
    );
  }
}

async function retail() {
  const { table } = await readTable(join(folder, 'online_retail', 'online_retail.csv.gz'));
  const columns = { user: 'CustomerID', item: 'StockCode', weight: 'Quantity', time: 'InvoiceDate' };
  const begin = performance.now();
  const { facts } = await new ImplicitALS().fit(table, columns);
  const seconds = (performance.now() - begin) / 1000;
  hold('online_retail, implicit ALS: seconds of a fit', seconds, seconds < 60, 'at most 60 on a loaded machine');
  const left = Object.fromEntries(facts.leftOut.map(({ reason, rows }) => [reason, rows]));
  hold('online_retail: rows', facts.rows, facts.rows === 541_909, 'all 541909');
  hold('online_retail: rows without a customer', left['no CustomerID'], left['no CustomerID'] === 135_080, '135080');
  const [fold] = leaveOneOut(columns).split(table, {});
  const [train, test] = [takeRows(table, fold.train), takeRows(table, fold.test)];
  const score = async (recommender) =>
    (await evaluateRecommender(await recommender.fit(train, columns), test, { resamples: 200 })).metrics.recall;
  const popular = await score(new Popularity());
  const found = await score(new ImplicitALS());
  const holds = found.value >= 0.15 && found.low > 2 * popular.high;
  hold(
    'online_retail, implicit ALS: recall@10',
    found.value,
    holds,
    `at least 0.15; popularity ${popular.value.toFixed(4)}`,
  );
}

await movielens();
await retail();
process.exitCode = failures === 0 ? 0 : 1;
