import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createEngine } from '#lanewise/engine/engine.js';
import { SpillFile } from '#lanewise/engine/trees/spill-file-node.js';
import { SpilledRows } from '#lanewise/engine/trees/spilled-rows.js';
import { TreeWorkspace } from '#lanewise/engine/trees/tree-workspace.js';
import { evenLayout } from '#lanewise/engine/trees/trees.js';
import { quantileOf } from '#lanewise/models/gradient-boosting/kernel-losses.js';
import { viewsOf } from '#lanewise/models/gradient-boosting/out-of-core/spilled-data.js';
import { SpilledQuantiles } from '#lanewise/models/gradient-boosting/out-of-core/spilled-quantiles.js';
import { noise } from './tree-data.js';

test('weighted quantiles of windows are those of the kernel where only the order of equal numbers decides', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'spilled-quantiles-'));
  const engine = await createEngine({ threads: 2 });
  const rowCount = 40_000;
  {
    await using file = SpillFile.create(directory);
    const sizes = { outputs: 1, targets: 1, weighted: true, normalizes: false, drops: false, grouped: false };
    await using rows = new SpilledRows(engine, file, { rowCount, layout: evenLayout(1), memory: 1, ...sizes });
    expect(rows.windowCount).toBe(3);
    using workspace = new TreeWorkspace(engine, rows, [2], { histograms: 2, leaves: 2 });
    const values = Float64Array.from({ length: rowCount }, (_, row) =>
      noise(row, 1) < 0.6 ? (noise(row, 2) < 0.5 ? -0 : 0) : 1 + Math.floor(4 * noise(row, 3)),
    );
    for (let seed = 0; seed < 8; seed++) {
      const weights = Float64Array.from(values, (_, row) => 2 ** (40 * noise(row, 10 + seed)));
      // The zeros' share of the weights, as they add up row by row: in another order it is a little more or less.
      let [zeros, total] = [0, 0];
      for (const least of [0, 1, 2, 3, 4]) {
        values.forEach((value, row) => {
          if (value === least) total += weights[row]!;
        });
        if (least === 0) zeros = total;
      }
      for (let index = 0; index < rows.windowCount; index++) {
        const window = await rows.open(index, { read: [], write: ['targets', 'weights'] });
        const views = viewsOf(engine, window);
        const [from, to] = [window.firstRow, window.firstRow + window.rowCount];
        views.target(0).set(values.subarray(from, to));
        views.weights!.set(weights.subarray(from, to));
      }
      const all = await workspace.beginWith(rowCount, false, (order, _, from, to) => {
        for (let row = from; row < to; row++) order[row] = row;
        return [to, to];
      });
      const level = zeros / total;
      const [found] = await new SpilledQuantiles(engine, rows, workspace).of([all], level, {
        read: ['targets'],
        absolute: false,
        of: ({ targets }) => ({ values: targets, minuend: 0 }),
      });
      expect(found, `seed ${seed}`).toBe(quantileOf(engine, values, weights, level));
    }
  }
  await engine.close();
  rmSync(directory, { recursive: true });
});
