import { Int64, makeVector, Table, vectorFromArray } from 'apache-arrow';
import { expect, test } from 'vitest';
import { createEngine, type Engine, type Task } from '#lanewise/engine/engine.js';
import { PairwiseRanking } from '#lanewise/engine/recommendation/pairwise-ranking.js';
import { fitBaseline } from '#lanewise/models/recommendation/baseline.js';
import {
  ALS,
  BPR,
  type FittedRecommender,
  ImplicitALS,
  ItemKNN,
  Popularity,
  recommenders,
  UserKNN,
} from '#lanewise/models/recommendation/index.js';
import { readInteractions } from '#lanewise/models/recommendation/interactions.js';
import { type RegisterColumn, readRegister, tableFromRegisters } from '#lanewise/table/columns.js';
import { golden } from '../agreement/golden.js';

const known = golden('recommendation') as {
  matrix: number[][];
  implicitLoss: number;
  cosines: number[][];
  mean: number;
  biases: number[];
};

type Row = readonly [user: string | number, item: string | number, value?: number, time?: number];

function column(name: string, cells: readonly (string | number | undefined)[]): RegisterColumn {
  if (!cells.some((cell) => typeof cell === 'string')) {
    return { name, type: 'number', values: Float64Array.from(cells, (cell) => Number(cell ?? Number.NaN)) };
  }
  const labels = [...new Set(cells.filter((cell) => cell !== undefined).map(String))].sort();
  const values = Float64Array.from(cells, (cell) => (cell === undefined ? Number.NaN : labels.indexOf(String(cell))));
  return { name, type: 'category', values, labels };
}

function tableOf(rows: readonly (readonly (string | number | undefined)[])[]): Table {
  const names = ['user', 'item', 'rating', 'time'].slice(0, Math.max(2, ...rows.map((row) => row.length)));
  return tableFromRegisters(
    names.map((name, i) =>
      column(
        name,
        rows.map((row) => row[i]),
      ),
    ),
    rows.length,
  );
}

const rated = { user: 'user', item: 'item', rating: 'rating' };
const met = { user: 'user', item: 'item' };
const weighed = { user: 'user', item: 'item', weight: 'rating' };

/** The matrix of the golden values as rows: users u0 … and items by number. */
const matrixRows: Row[] = known.matrix.flatMap((row, u) =>
  row.flatMap((value, i): Row[] => (value > 0 ? [[`u${u}`, i, value]] : [])),
);
const matrixTable = tableOf(matrixRows);
const userIds = [...new Set(matrixRows.map(([user]) => String(user)))].sort();
const place = (user: string) => Number(user.slice(1));

test('item likenesses are the cosines of scikit-learn, shrunk by what both have in common', async () => {
  const model = await new ItemKNN({ k: 50, shrinkage: 10, confidence: 'linear' }).fit(matrixTable, weighed);
  let compared = 0;
  for (let item = 0; item < 20; item++) {
    const index = model.items.indexOf(item);
    const alike = await model.similarItems(item, 50);
    expect(alike.length).toBe(known.cosines[item]!.filter((value) => value > 0).length);
    for (const { item: other, score } of alike) {
      expect(score).toBeCloseTo(known.cosines[item]![Number(other)]!, 12);
      compared++;
    }
    expect(alike.map(({ score }) => score)).toEqual(alike.map(({ score }) => score).toSorted((a, b) => b - a));
    expect(model.items.id(index)).toBe(item);
  }
  expect(compared).toBeGreaterThan(100);
});

test('alternating biases near the minimum that numpy finds at once', async () => {
  const { rows, users } = await readInteractions(matrixTable, rated);
  const { mean, userBiases, itemBiases } = fitBaseline(rows, 5);
  expect(mean).toBeCloseTo(known.mean, 12);
  userIds.forEach((user) => {
    expect(userBiases[users.indexOf(user)]).toBeCloseTo(known.biases[place(user)]!, 2);
  });
  for (let item = 0; item < 20; item++) expect(itemBiases[item]).toBeCloseTo(known.biases[30 + item]!, 2);
});

test('implicit ALS comes to the loss that numpy finds with every pair written out, exactly and by conjugate gradients', async () => {
  const losses: number[] = [];
  for (const solver of ['cholesky', 'conjugate-gradient'] as const) {
    for (let seed = 0; seed < 4; seed++) {
      const parameters = {
        nFactors: 5,
        alpha: 2,
        regularization: 1,
        confidence: 'linear',
        solver,
        cgSteps: 5,
      } as const;
      const model = await new ImplicitALS({ ...parameters, maxIter: 300 }).fit(matrixTable, { ...weighed, seed });
      losses.push(fullLoss(model, 2, 1));
    }
  }
  const [direct, steps] = [losses.slice(0, 4), losses.slice(4)];
  for (const found of [Math.min(...direct), Math.min(...steps)]) {
    expect(found).toBeLessThan(known.implicitLoss * 1.02);
    expect(found).toBeGreaterThan(known.implicitLoss * 0.98);
  }
});

function fullLoss(model: FittedRecommender, alpha: number, regularization: number): number {
  const { scoring } = model.state;
  if (scoring.kind !== 'factors') throw new Error('no factors');
  let loss = 0;
  for (const user of userIds) {
    for (let item = 0; item < 20; item++) {
      const weight = known.matrix[place(user)]![item]!;
      const error = (weight > 0 ? 1 : 0) - model.predictPair(model.users.indexOf(user), model.items.indexOf(item));
      loss += (1 + alpha * weight) * error * error;
    }
  }
  for (const factors of [scoring.userFactors, scoring.itemFactors])
    for (const x of factors) loss += regularization * x * x;
  return loss;
}

test('ALS recovers ratings made of biases and two factors', async () => {
  const rows: Row[] = [];
  for (let u = 0; u < 60; u++) {
    for (let i = 0; i < 40; i++) {
      if ((u * 7 + i * 3) % 5 === 0) continue;
      rows.push([u, i, 3 + Math.sign((u % 3) - 1) * 0.5 + ((u % 4) - 1.5) * ((i % 3) - 1) * 0.6]);
    }
  }
  const model = await new ALS({ nFactors: 2, regularization: 0.01, maxIter: 30, biasShrinkage: 1 }).fit(
    tableOf(rows),
    rated,
  );
  expect(model.training.history.at(-1)!.loss).toBeLessThan(0.02);
  expect(model.training.history.every(({ loss }, i, all) => i === 0 || loss <= all[i - 1]!.loss + 1e-6)).toBe(true);
  const held = tableOf([
    [0, 0],
    [5, 10],
    [10, 5],
  ]);
  const predicted = readRegister(await model.predict(held), 'prediction').values;
  [
    [0, 0],
    [5, 10],
    [10, 5],
  ].forEach(([u, i], row) => {
    const truth = 3 + Math.sign((u! % 3) - 1) * 0.5 + ((u! % 4) - 1.5) * ((i! % 3) - 1) * 0.6;
    expect(predicted[row]).toBeCloseTo(truth, 1);
  });
});

/** Two tastes: users of one met items of that one only, each but a few. */
function tastes(): Row[] {
  const rows: Row[] = [];
  for (let u = 0; u < 40; u++) {
    for (let i = 0; i < 30; i++) if (u % 2 === i % 2 && (u + 3 * i) % 7 > 1) rows.push([`user ${u}`, `item ${i}`]);
  }
  return rows;
}

test.each(['item-knn', 'user-knn', 'implicit-als', 'bpr'])('%s recommends within the taste of a user', async (name) => {
  const entry = recommenders.find((each) => each.name === name)!;
  const model = await entry
    .create(name.endsWith('knn') ? {} : { nFactors: name === 'bpr' ? 8 : 2 })
    .fit(tableOf(tastes()), met);
  const lists = await model.recommend('all', { n: 3 });
  expect(lists.users.length).toBe(40);
  lists.users.forEach((user, at) => {
    const parity = Number(String(user).slice(5)) % 2;
    const own = lists.list(at);
    expect(own.length).toBeGreaterThan(0);
    for (const { item } of own) {
      expect(Number(String(item).slice(5)) % 2).toBe(parity);
      expect(model.hasMet(user, model.items.indexOf(item))).toBe(false);
    }
  });
});

test('the same seed gives the same bits: reference and WebAssembly, one thread and three', async () => {
  const rows = tastes().map(([user, item], place): Row => [user, item, 1 + ((place * 5) % 9) / 2]);
  const engines: Engine[] = [];
  const prints: string[][] = [];
  for (const options of [
    { backend: 'reference', threads: 1 },
    { backend: 'wasm', threads: 1 },
    { backend: 'wasm', threads: 3 },
  ] as const) {
    const engine = await createEngine(options);
    engines.push(engine);
    const prints1: string[] = [];
    for (const entry of recommenders) {
      const small = { nFactors: 9, maxIter: 3 };
      const parameters = ['als', 'implicit-als', 'bpr'].includes(entry.name) ? small : {};
      const columns = entry.feedback === 'implicit' ? weighed : rated;
      const model = await entry.create(parameters).fit(tableOf(rows), { ...columns, engine, seed: 5 });
      const lists = await model.recommend('all', { n: 5, engine });
      prints1.push(`${entry.name} ${[...lists.items].join(',')} ${[...lists.scores].join(',')}`);
    }
    prints.push(prints1);
  }
  for (const other of prints.slice(1)) expect(other).toEqual(prints[0]);
  for (const engine of engines) await engine.close();
});

test('of the steps that may run side by side, no two touch the same user or item', async () => {
  const engine = await createEngine({ backend: 'wasm', threads: 1 });
  const [userCount, itemCount] = [400, 300];
  const offsets = Int32Array.from({ length: userCount + 1 }, (_, user) => user * 100);
  const indices = Int32Array.from({ length: userCount * 100 }, (_, e) => 3 * (e % 100) + (Math.floor(e / 100) % 3));
  const rows = {
    rowCount: userCount,
    columnCount: itemCount,
    offsets,
    indices,
    values: new Float64Array(indices.length),
  };
  const batches: Task[][] = [];
  const watched: Engine = Object.assign(Object.create(engine), {
    run: (tasks: readonly Task[], signal?: AbortSignal) => {
      const memory = engine.arena.memory.buffer;
      const ints = (at: number, count: number) => [...new Int32Array(memory, at, count)];
      const seen: [users: Set<number>, items: Set<number>][] = tasks.map(({ values }) => [
        new Set(ints(values[0]!, values[13]!)),
        new Set([...ints(values[1]!, values[13]!), ...ints(values[4]!, values[14]!)]),
      ]);
      for (const side of [0, 1] as const) {
        const all = seen.flatMap((sets) => [...sets[side]]);
        expect(new Set(all).size).toBe(all.length);
      }
      batches.push([...tasks]);
      return engine.run(tasks, signal);
    },
  });
  using ranking = new PairwiseRanking(watched, rows, 4);
  const { steps } = await ranking.epoch({ seed: 3, epoch: 1, learningRate: 0.05, regularization: 0.01 });
  expect(ranking.blocks).toBe(3);
  expect(batches.length).toBe(3);
  const drawn = batches.flat().reduce((sum, { values }) => sum + values[12]!, 0);
  expect(drawn).toBe(indices.length);
  expect(steps).toBeGreaterThan(0.5 * drawn);
  await engine.close();
});

test('ranking in many blocks gives the same bits on every number of threads', async () => {
  const rows: Row[] = [];
  for (let e = 0; e < 60_000; e++) rows.push([(e * 7919) % 1500, ((e * 104_729) % 997) + (((e % 3) * 7) % 5)]);
  const prints: string[] = [];
  for (const threads of [1, 3]) {
    const engine = await createEngine({ backend: 'wasm', threads });
    const model = await new BPR({ nFactors: 4, maxIter: 2 }).fit(tableOf(rows), { ...met, engine });
    const { items, scores } = await model.recommend([0, 7, 700], { n: 5, engine });
    prints.push(`${[...items]} ${[...scores]}`);
    await engine.close();
  }
  expect(prints[1]).toBe(prints[0]);
});

test.each([
  ['als', new ALS({ nFactors: 3, regularization: 2 }), rated],
  ['implicit-als', new ImplicitALS({ nFactors: 3, solver: 'cholesky' }), weighed],
] as const)('%s: a user folded in gets the row of training, to the bit', async (_name, recommender, columns) => {
  const model = await recommender.fit(matrixTable, columns);
  for (const user of ['u0', 'u7', 'u29']) {
    const events = matrixRows
      .filter((row) => row[0] === user)
      .map(([, item, value]) => ({ item, rating: value!, weight: value! }));
    const folded = await model.foldInUser([...events, { item: 'never heard of', rating: 3, weight: 1 }]);
    expect(folded.unknownItems).toBe(1);
    const trained = await model.recommend([user], { n: 6 });
    expect(await folded.recommend({ n: 6 })).toEqual(trained.list(0));
    const index = model.users.indexOf(user);
    expect([...folded.predict([3, 4])]).toEqual(
      [3, 4].map((item) => model.predictPair(index, model.items.indexOf(item))),
    );
  }
});

test('an item folded in is alike the one it repeats', async () => {
  for (const recommender of [new ALS({ nFactors: 3, regularization: 1 }), new ImplicitALS({ nFactors: 4 })]) {
    const model = await recommender.fit(matrixTable, recommender.name === 'als' ? rated : weighed);
    const events = matrixRows
      .filter((row) => row[1] === 4)
      .map(([user, , value]) => ({ user, rating: value!, weight: value! }));
    const folded = await model.foldInItem([...events, { user: 'stranger', rating: 1, weight: 1 }]);
    expect(folded.unknownUsers).toBe(1);
    const [first] = folded.similarItems(1);
    expect(first!.item).toBe(4);
    expect(first!.score).toBeGreaterThan(0.98);
    expect(folded.predict([events[0]!.user, 'stranger']).every(Number.isFinite)).toBe(true);
  }
});

test('folding in: the other models do it, or refuse by name', async () => {
  const table = tableOf(tastes());
  const events = ['item 0', 'item 2', 'item 4'].map((item) => ({ item }));
  for (const recommender of [new BPR({ nFactors: 8 }), new ItemKNN(), new Popularity()]) {
    const model = await recommender.fit(table, met);
    const folded = await model.foldInUser(events, { seed: 3 });
    const list = await folded.recommend({ n: 2 });
    expect(list.length).toBe(2);
    for (const { item } of list) {
      expect(events.map((event) => event.item)).not.toContain(item);
      if (recommender.name !== 'popularity') expect(Number(String(item).slice(5)) % 2).toBe(0);
    }
    await expect(model.foldInItem([{ user: 'user 0' }])).rejects.toThrow(/cannot take in an item/);
  }
  const users = await new UserKNN().fit(table, met);
  await expect(users.foldInUser(events)).rejects.toThrow(/user-knn cannot take in a user/);
  const als = await new ALS({ nFactors: 2 }).fit(matrixTable, rated);
  await expect(als.foldInUser([{ item: 3 }])).rejects.toThrow(/finite number for events\[0\]\.rating/);
});

test('of several ratings of a pair the latest holds; without times, the last row', async () => {
  const rows: Row[] = [
    ['a', 'x', 1, 30],
    ['a', 'x', 2, 50],
    ['a', 'x', 3, 40],
    ['b', 'x', 4, 1],
  ];
  const timed = await readInteractions(tableOf(rows), { ...rated, time: 'time' });
  expect([...timed.rows.values]).toEqual([2, 4]);
  expect([...(await readInteractions(tableOf(rows), rated)).rows.values]).toEqual([3, 4]);
  expect(timed.facts).toMatchObject({ rows: 4, users: 2, items: 1, pairs: 2, leftOut: [] });
});

test('weights of a pair are added; what was given back, and rows without ids, are left out and counted', async () => {
  const rows = [
    ['a', 'x', 2],
    ['a', 'x', 3],
    ['a', 'y', 4],
    ['a', 'y', -4],
    [undefined, 'y', 1],
    ['b', undefined, 1],
    ['b', 'z', undefined],
    ['c', 'z', 1],
  ] as const;
  const { rows: sparse, facts, items, users } = await readInteractions(tableOf(rows), weighed);
  expect([...sparse.values]).toEqual([5, 1]);
  expect([items.count, users.count]).toEqual([2, 2]);
  expect(items.indexOf('y')).toBe(-1);
  expect(Object.fromEntries(facts.leftOut.map(({ reason, rows: count }) => [reason, count]))).toEqual({
    'no user': 1,
    'no item': 1,
    'no rating': 1,
    'weights of a pair that add up to 0 or less': 2,
  });
});

test('ratings that are missing are left out, infinite ones refused with their row', async () => {
  const { facts } = await readInteractions(
    tableOf([
      ['a', 'x', Number.NaN],
      ['a', 'y', 2],
    ]),
    rated,
  );
  expect(facts.leftOut).toEqual([{ reason: 'no rating', rows: 1 }]);
  const wrong = tableOf([
    ['a', 'x', 1],
    ['a', 'y', Number.POSITIVE_INFINITY],
  ]);
  await expect(new ALS().fit(wrong, rated)).rejects.toThrow(/finite numbers in "rating" but row 2 has Infinity/);
});

test('rows with ratings that are too low are no sign of liking', async () => {
  const rows = tableOf([
    ['a', 'x', 5],
    ['a', 'y', 2],
    ['b', 'x', 4],
  ]);
  const { facts, rows: sparse } = await readInteractions(rows, { ...rated, feedback: 'implicit', positiveFrom: 4 });
  expect(facts.leftOut).toEqual([{ reason: 'rating below 4', rows: 1 }]);
  expect([...sparse.values]).toEqual([1, 1]);
});

test('ids are matched by value, whatever their type, and big ones are not rounded', async () => {
  const numbers = await new Popularity().fit(
    tableOf([
      [17850, 'x'],
      [3, 'y'],
      [-0, 'y'],
    ]),
    met,
  );
  expect(numbers.users.indexOf('17850')).toBe(2);
  expect(numbers.users.indexOf(17850)).toBe(2);
  expect(numbers.users.indexOf(0)).toBe(0);
  expect(numbers.users.id(1)).toBe(3);
  expect(numbers.items.indexOf('z')).toBe(-1);
  const big = [9_007_199_254_740_993n, 9_007_199_254_740_992n, -9_007_199_254_740_993n];
  const table = new Table({
    user: makeVector(BigInt64Array.from(big)),
    item: vectorFromArray([1n, 2n, null], new Int64()),
  });
  const whole = await new Popularity().fit(table, met);
  expect(whole.users.count).toBe(2);
  expect(whole.users.id(1)).toBe(9_007_199_254_740_993n);
  expect(whole.users.indexOf(9_007_199_254_740_992n)).toBe(0);
  expect(whole.facts.leftOut).toEqual([{ reason: 'no item', rows: 1 }]);
});

test.each(recommenders.map((entry) => [entry.name, entry] as const))(
  '%s: unknown ids fall back, missing ones stay missing',
  async (_, entry) => {
    const columns = entry.feedback === 'implicit' ? weighed : rated;
    const model = await entry.create().fit(matrixTable, columns);
    const asked = tableOf([
      ['u0', 3],
      ['nobody', 3],
      ['u0', 999],
      ['nobody', 999],
      [undefined, 3],
    ]);
    const [first, ...rest] = readRegister(await model.predict(asked), 'prediction').values;
    expect(Number.isFinite(first)).toBe(true);
    if (model.feedback === 'implicit') expect(rest.slice(0, 3)).toEqual([0, 0, 0]);
    else {
      const baseline = fitBaseline((await readInteractions(matrixTable, rated)).rows, 5);
      expect(rest[0]).toBeCloseTo(Math.min(5, baseline.mean + baseline.itemBiases[model.items.indexOf(3)]!), 12);
      expect(rest[2]).toBeCloseTo(baseline.mean, 12);
    }
    expect(rest[3]).toBeNaN();
    const lists = await model.recommend(['nobody', 'u3', 'nobody'], { n: 4 });
    expect(lists.known).toEqual([false, true, false]);
    const popular = await new Popularity().fit(matrixTable, columns);
    const expected = (await popular.recommend(['nobody'], { n: 4 })).list(0);
    expect(lists.list(0)).toEqual(expected);
    expect(lists.list(2)).toEqual(expected);
    await expect(model.similarItems(999)).rejects.toThrow(/an item that the model knows but received "999"/);
    expect((await model.similarItems(3, 2)).length).toBeGreaterThan(0);
  },
);

test.each(recommenders.map((entry) => [entry.name, entry] as const))(
  '%s: one user, one item, equal ratings',
  async (_, entry) => {
    const columns = entry.feedback === 'implicit' ? met : rated;
    for (const rows of [
      [['a', 'x', 3]],
      [
        ['a', 'x', 3],
        ['a', 'y', 3],
        ['a', 'z', 3],
      ],
      [
        ['a', 'x', 3],
        ['b', 'x', 3],
        ['c', 'x', 3],
      ],
      [
        ['a', 'x', 3],
        ['a', 'y', 3],
        ['b', 'x', 3],
        ['b', 'y', 3],
      ],
    ] as Row[][]) {
      const model = await entry.create().fit(tableOf(rows), columns);
      const values = readRegister(await model.predict(tableOf(rows)), 'prediction').values;
      expect(values.every(Number.isFinite)).toBe(true);
      if (model.feedback === 'explicit') for (const value of values) expect(value).toBeCloseTo(3, 12);
      expect((await model.recommend('all')).items.every((item) => item === -1)).toBe(true);
      const all = await model.recommend('all', { filterSeen: false, n: 50 });
      expect(all.n).toBe(model.items.count);
    }
  },
);

test('among what is equally popular, the lower id comes first', async () => {
  const model = await new Popularity().fit(
    tableOf([
      ['a', 9],
      ['a', 10],
      ['b', 2],
      ['b', 10],
      ['c', 30],
    ]),
    met,
  );
  const lists = await model.recommend(['nobody', 'a'], { n: 4 });
  expect(lists.list(0)).toEqual([
    { item: 10, score: 2 },
    { item: 2, score: 1 },
    { item: 9, score: 1 },
    { item: 30, score: 1 },
  ]);
  expect(lists.list(1).map(({ item }) => item)).toEqual([2, 30]);
});

test('only what is allowed is recommended', async () => {
  for (const recommender of [new ImplicitALS({ nFactors: 4 }), new ItemKNN(), new UserKNN(), new Popularity()]) {
    const model = await recommender.fit(matrixTable, met);
    const lists = await model.recommend('all', { n: 20, items: [1, 2, 3, 4, 'unheard'], exclude: [2] });
    const offered = new Set([...lists.items].filter((item) => item >= 0).map((item) => model.items.id(item)));
    expect([...offered].every((item) => [1, 3, 4].includes(Number(item)))).toBe(true);
    expect(offered.size).toBeGreaterThan(0);
  }
});

test('nothing to learn from, no ratings, no columns: errors that say what is missing', async () => {
  await expect(new Popularity().fit(tableOf([]), met)).rejects.toThrow(/Expected rows of users and items/);
  await expect(
    new BPR().fit(
      tableOf([
        [undefined, 'x'],
        ['a', undefined],
      ]),
      met,
    ),
  ).rejects.toThrow(/1 × no user, 1 × no item/);
  await expect(new ALS().fit(matrixTable, met)).rejects.toThrow(/column of ratings/);
  await expect(new ALS().fit(matrixTable, { user: 'user' })).rejects.toThrow(/column of items/);
  await expect(new ALS().fit(matrixTable, { ...rated, user: 'usr' })).rejects.toThrow(/did you mean "user"/);
  await expect(new ALS().fit(matrixTable, { ...rated, weight: 'rating' })).rejects.toThrow(/does not take weights/);
  expect(() => new ALS({ regularization: 0 })).toThrow(/number > 0/);
  const model = await new Popularity().fit(matrixTable, met);
  await expect(model.recommend('all', { n: 0 })).rejects.toThrow(/integer >= 1 for n/);
});

test('a fit can be cancelled, has a time budget, and tells how far it is', async () => {
  const signal = AbortSignal.abort();
  await expect(new ALS().fit(matrixTable, { ...rated, signal })).rejects.toThrow(/Cancelled/);
  const seen: number[] = [];
  const model = await new BPR({ maxIter: 5 }).fit(matrixTable, { ...met, onProgress: ({ done }) => seen.push(done) });
  expect(seen).toEqual([1, 2, 3, 4, 5]);
  expect(model.training.iterations).toBe(5);
  const short = await new BPR({ maxIter: 100_000 }).fit(matrixTable, { ...met, timeBudget: 0.01 });
  expect(short.training.iterations).toBeLessThan(100_000);
  expect(short.training.verdict).toMatch(/time budget of 0.01 s/);
});
