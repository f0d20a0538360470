import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type Engine } from '#lanewise/engine/engine.js';
import { renderProfilePage } from '#lanewise/explore/page/profile-page.js';
import { profileTable } from '#lanewise/explore/profile.js';
import { scatterOf } from '#lanewise/explore/scatter.js';
import { profileTimestamps } from '#lanewise/explore/timestamps.js';
import { type RegisterColumn, tableFromRegisters } from '#lanewise/table/columns.js';
import { annotate } from '#lanewise/table/schema.js';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ backend: 'reference', threads: 1 });
});
afterAll(() => engine.close());

const ROWS = 400;
const HOUR = 3_600_000;
const numbers = (name: string, of: (row: number) => number): RegisterColumn => ({
  name,
  type: 'number',
  values: Float64Array.from({ length: ROWS }, (_, row) => of(row)),
});
const labels = (name: string, names: string[], of: (row: number) => number): RegisterColumn => ({
  name,
  type: 'category',
  labels: names,
  values: Float64Array.from({ length: ROWS }, (_, row) => of(row)),
});

/** Parts that add up to the target, a constant, an identifier, a skewed and a missing column, a month of hours. */
function trapTable() {
  const left = (row: number) => (row * 37) % 101;
  const right = (row: number) => (row * 53) % 97;
  return tableFromRegisters([
    numbers('left', left),
    numbers('right', right),
    numbers('total', (row) => left(row) + right(row)),
    numbers('always', () => 3),
    numbers('id', (row) => row + 1000),
    numbers('skewed', (row) => (row < 390 ? row % 7 : 500 + row)),
    numbers('gappy', (row) => (row % 4 === 0 ? Number.NaN : row % 11)),
    labels(
      'code',
      Array.from({ length: 60 }, (_, i) => `c${String(i).padStart(2, '0')}`),
      (row) => row % 60,
    ),
    {
      name: 'when',
      type: 'timestamp',
      values: Float64Array.from({ length: ROWS }, (_, row) => Date.UTC(2019, 2, 1) + row * HOUR),
    },
  ]);
}

describe('the profile of a table with traps', () => {
  const profiled = (target?: string, table = trapTable()) => profileTable(table, { target, engine, seed: 1 });
  const kinds = (alerts: readonly { kind: string; columns: readonly string[] }[]) =>
    alerts.map(({ kind, columns }) => `${kind}: ${columns.join('+')}`);

  test('names every trap and says what to do about it', async () => {
    const { alerts } = await profiled('total');
    const found = kinds(alerts);
    for (const expected of [
      'constant: always',
      'constant: when',
      'identifier: id',
      'skew: skewed',
      'missing: gappy',
      'high-cardinality: code',
      'suspected-leakage: left+right',
    ]) {
      expect(found).toContain(expected);
    }
    for (const { advice } of alerts) expect(advice).not.toBe('');
    const months = alerts.find(({ kind, message }) => kind === 'constant' && message.includes('month'));
    expect(months!.message).toBe('when: the month is March in every row.');
  });

  test('an ignored column that gives the target away is no warning any more', async () => {
    const table = annotate(trapTable(), { left: { role: 'ignore' }, right: { role: 'ignore' } });
    const { alerts } = await profiled('total', table);
    const leak = alerts.find(({ kind }) => kind === 'suspected-leakage');
    expect(leak).toMatchObject({ severity: 'note', advice: 'Already ignored: nothing to do.' });
  });

  test('a leak along a straight line is seen where ranks do not show it', async () => {
    const far = (row: number, near: number) => (row < 380 ? near / 100 : 1000 + row);
    const table = tableFromRegisters([
      numbers('leak', (row) => far(row, (row * 53) % 97)),
      numbers('y', (row) => far(row, (row * 37) % 101)),
    ]);
    const { alerts, targetViews } = await profiled('y', table);
    expect(targetViews[0]!.association).toBeLessThan(0.5); // Spearman's
    expect(kinds(alerts)).toContain('suspected-leakage: leak');
  });

  test('counts duplicate rows, missing cells and patterns exactly', async () => {
    const values = [1, 2, 1, Number.NaN, Number.NaN, 1];
    const { duplicates, missingCells, missingPatterns } = await profileTable(
      tableFromRegisters([
        { name: 'a', type: 'number', values: Float64Array.from(values) },
        { name: 'b', type: 'number', values: Float64Array.from([5, 5, 5, 6, 6, Number.NaN]) },
      ]),
      { engine },
    );
    expect(duplicates).toBe(2); // rows 2 and 4
    expect(missingCells).toBe(3);
    expect(missingPatterns).toEqual([
      { rows: 2, columns: ['a'] },
      { rows: 1, columns: ['b'] },
    ]);
  });

  test('the target view gives the mean of the target in each group', async () => {
    const table = tableFromRegisters([
      labels('side', ['l', 'r'], (row) => row % 2),
      numbers('y', (row) => (row % 2 === 0 ? 10 : 20) + (row % 3)),
    ]);
    const { targetViews } = await profileTable(table, { target: 'y', engine });
    const [l, r] = targetViews[0]!.groups;
    expect(l!.rows + r!.rows).toBe(ROWS);
    expect(r!.mean - l!.mean).toBeCloseTo(10, 1);
    expect(targetViews[0]!.method).toBe('correlation-ratio');
  });

  test('the same seed draws the same points, another seed others', async () => {
    const x = { name: 'x', values: Float64Array.from({ length: 5000 }, (_, i) => i) };
    const draw = (seed: number) => scatterOf(x, { ...x, name: 'y' }, { seed });
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    const scatter = draw(1);
    expect(scatter.form === 'points' && scatter.points.length).toBe(800);
  });

  test('beyond ten thousand rows the scatter is a density that counts every row', () => {
    const values = Float64Array.from({ length: 12_000 }, (_, i) => (i * 31) % 1009);
    const scatter = scatterOf({ name: 'x', values }, { name: 'y', values: values.map((v) => v * v) }, { seed: 1 });
    expect(scatter.form === 'density' && scatter.cells.reduce((sum, { count }) => sum + count, 0)).toBe(12_000);
  });

  test('a cancelled profile stops', async () => {
    await expect(profileTable(trapTable(), { engine, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'cancelled',
    });
  });

  test('a target that is not there is named, with the nearest column', async () => {
    await expect(profiled('totla')).rejects.toThrow(/"totla": did you mean "total"/);
  });
});

test('periods without rows are counted', () => {
  const days = [0, 1, 4].map((day) => Date.UTC(2020, 0, 1 + day) + HOUR);
  const profile = profileTimestamps(Float64Array.from([...days, ...days.map((value) => value + HOUR)]));
  expect(profile).toMatchObject({ period: 'day', emptyPeriods: 2, ascending: false, distinct: 6 });
  expect(profile.periods.map(({ count }) => count)).toEqual([2, 2, 0, 0, 2]);
});

describe('the page', () => {
  const hostile = '</script><script>alert(1)</script><img src="https://x.example/a.png" onerror=alert(2)>';
  const page = async () => {
    const table = tableFromRegisters([
      labels(hostile, ['a', hostile], (row) => row % 2),
      numbers('y"onload="x', (row) => row % 17),
      numbers('z', (row) => (row * 7) % 23),
    ]);
    const profile = await profileTable(table, { target: 'y"onload="x', engine });
    return renderProfilePage(profile, { source: `${hostile}.csv`, version: '0' });
  };

  /** Less Lanewise's own script, in which anything may stand; expectations are booleans, or failures would print it. */
  const withoutOwnScript = (text: string) => {
    const start = text.lastIndexOf('<script>');
    return text.slice(0, start) + text.slice(text.lastIndexOf('</script>'));
  };

  test('escapes text from the data, in markup, attributes and script data', async () => {
    const text = withoutOwnScript(await page());
    for (const harmful of ['<script>', '<img', 'y"onload'])
      expect([harmful, text.includes(harmful)]).toEqual([harmful, false]);
    expect(text.includes('&lt;/script&gt;')).toBe(true);
  });

  test('has one script, allowed by its hash', async () => {
    const text = await page();
    expect(text.split('<script>').length - 1).toBe(1);
    const script = text.slice(text.lastIndexOf('<script>') + 8, text.lastIndexOf('</script>'));
    const hash = createHash('sha256').update(script).digest('base64');
    expect(text.includes(`script-src 'sha256-${hash}'`)).toBe(true);
  });

  test('loads nothing from the network and may not', async () => {
    const text = await page();
    expect(/(src|href)=["']https?:/.test(text)).toBe(false);
    expect(text.includes(`Content-Security-Policy" content="default-src 'none'`)).toBe(true);
    expect(/@import|url\(/.test(withoutOwnScript(text))).toBe(false);
    expect(text.length).toBeLessThan(2_000_000);
  });

  test('gives every chart a title, a description and its figures as a table', async () => {
    const figures = (await page()).split('<figure').slice(1);
    expect(figures.length).toBeGreaterThan(3);
    for (const figure of figures) {
      expect(figure).toMatch(/<figcaption>[^<]+<\/figcaption>/);
      expect(figure).toMatch(/role="img" aria-label="[^"]+"/);
      expect(figure).toMatch(/<table>.*<td>/s);
      const specification = /<script type="application\/json">(.*?)<\/script>/s.exec(figure)![1]!;
      expect(() => JSON.parse(specification)).not.toThrow();
    }
  });
});
