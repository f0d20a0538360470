import { expect, test } from 'vitest';
import { formatBench, runBench } from '#lanewise/engine/bench.js';
import { stream } from '#lanewise/engine/random.js';
import { kernels } from '#lanewise/kernels/table.js';

test('a kernel is timed on every backend asked for, after it was checked, with its share of the measured limit', async () => {
  const seen: string[] = [];
  const report = await runBench({
    filter: ['dot_f64', 'random_words'],
    backends: ['wasm', 'reference'],
    milliseconds: 4,
    onRow: (row) => seen.push(row.kernel),
  });
  expect(seen).toEqual(['dot_f64', 'random_words_u32']);
  expect(report.limits.flops['wasm']!.f64).toBeGreaterThan(0.1);
  expect(report.limits.memory).toBeGreaterThan(0.1);
  expect(report.machine.runtime).toContain(process.versions.node);
  for (const row of report.rows) {
    expect(row.wrong).toEqual([]);
    expect(row.elements).toBe(16_384);
    expect(row.results.map(({ variant }) => variant)).toEqual(['simd-threads', 'typescript']);
    for (const { nsPerElement, medianNsPerElement, rate } of row.results) {
      expect(nsPerElement).toBeGreaterThan(0);
      expect(medianNsPerElement).toBeGreaterThanOrEqual(nsPerElement);
      const perElement = row.kernel === 'dot_f64' ? { 'GFLOP/s': 2, 'GB/s': 16 } : { 'GFLOP/s': 0, 'GB/s': 4 };
      expect(rate!.value * nsPerElement).toBeCloseTo(perElement[rate!.unit], 6);
      expect(rate!.shareOfLimit).toBeGreaterThan(0);
    }
  }
  const text = formatBench(report);
  expect(text).toMatch(/^kernel +size +wasm simd-threads +reference typescript$/m);
  expect(text).toMatch(/^dot_f64 +16384 +[\d.e+-]+ ns {2}[\d.e+-]+ (GB|GFLOP)\/s {2}\d+ %/m);
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
});

test('calls are shared out over threads', async () => {
  const report = await runBench({ filter: ['axpy'], backends: ['wasm'], milliseconds: 4, threads: 2 });
  expect(report.threads).toBe(2);
  expect(report.rows[0]!.results).toHaveLength(1);
});

test('every kernel says how much work a call is', () => {
  for (const kernel of kernels) {
    // A case of no rows is no work; others are.
    const works = Array.from({ length: 50 }, (_, seed) => seed).some((seed) => {
      const { scalars } = kernel.inputs(100, stream(seed, 'work'), 'plain');
      return kernel.work(scalars).elements > 0;
    });
    expect(works, kernel.name).toBe(true);
  }
});

test('a filter that leaves nothing is refused with the families that there are', async () => {
  await expect(runBench({ filter: ['hystogram'] })).rejects.toMatchObject({
    code: 'usage',
    hint: expect.stringContaining('gradient-descent'),
  });
});
