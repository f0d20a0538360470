import { describe, expect, test } from 'vitest';
import { labelsAt, OPTICS } from '#lanewise/models/optics/index.js';
import { readRegister } from '#lanewise/table/columns.js';
import { casesOf, rowsOf, setNames, tableOf, tableOfRows } from './clustering-data.js';

const camel = (given: Record<string, unknown>) =>
  Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name.replace(/_(.)/g, (_, letter) => letter.toUpperCase()), value]),
  );

for (const name of setNames) {
  describe(`${name} has scikit-learn's ordering, reachabilities and clusters`, () => {
    const table = name === 'digits' ? tableOfRows(rowsOf(name).filter((_, row) => row % 3 === 0)) : tableOf(name);
    for (const { given, labels, ordering, reachability, predecessor, eps, cut } of casesOf(name, 'optics')) {
      test(JSON.stringify(given), async () => {
        const model = await new OPTICS(camel(given)).fit(table);
        expect([...model.ordering]).toEqual(ordering);
        expect([...model.predecessor]).toEqual(predecessor);
        reachability.forEach((expected: number | null, row: number) => {
          if (expected === null) expect(model.reachability[row]).toBe(Number.POSITIVE_INFINITY);
          else expect(Math.abs(model.reachability[row]! - expected)).toBeLessThan(1e-9);
        });
        expect([...model.labels]).toEqual(labels);
        expect([...labelsAt(model, eps)]).toEqual(cut);
        const predicted = readRegister(await model.predict(table), 'prediction').values;
        expect([...predicted]).toEqual(labels);
      });
    }
  });
}

test('the method dbscan cuts at eps; few rows, equal rows, one parameter too large', async () => {
  const line = [0, 0.1, 0.2, 5, 5.1, 5.2, 9].map((x) => [x]);
  const cut = await new OPTICS({ minSamples: 2, clusterMethod: 'dbscan', eps: 0.5 }).fit(tableOfRows(line));
  expect([...cut.labels]).toEqual([0, 0, 0, 1, 1, 1, -1]);
  expect(cut.predictSync({ x0: 5.15 })).toBe(1);
  expect(cut.predictSync({ x0: 7 })).toBe(-1);
  const equal = await new OPTICS({ minSamples: 2 }).fit(tableOfRows([[1], [1], [1]]));
  expect([...equal.reachability]).toEqual([Number.POSITIVE_INFINITY, 0, 0]);
  await expect(new OPTICS().fit(tableOfRows([[1], [2]]))).rejects.toThrow(/at least 5 rows for optics .* received 2/);
  await expect(new OPTICS({ minSamples: 2, minClusterSize: 9 }).fit(tableOfRows(line))).rejects.toThrow(
    /minClusterSize = 9/,
  );
});
