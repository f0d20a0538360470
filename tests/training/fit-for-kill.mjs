// A fit in a process of its own, to be killed: node fit-for-kill.mjs CHECKPOINT boosting|network. Tells each round, then its program's hash.
import { createHash } from 'node:crypto';
import { GradientBoostingRegressor } from '../../dist/models/gradient-boosting/index.js';
import { MultilayerPerceptronRegressor } from '../../dist/models/multilayer-perceptron/index.js';
import { programImage } from '../../dist/scoring/serialize.js';
import { tableFromRegisters } from '../../dist/table/columns.js';
import { fileCheckpoint } from '../../dist/training/checkpoint.js';

const rows = 500;
const noise = (row, k) => ((row * 7919 + k * 104_729) % 10_007) / 10_007;
const column = (name, value) => ({
  name,
  type: 'number',
  values: Float64Array.from({ length: rows }, (_, i) => value(i)),
});
const table = tableFromRegisters([
  column('a', (i) => noise(i, 1)),
  column('b', (i) => noise(i, 2)),
  column('y', (i) => 3 * noise(i, 1) + Math.abs(noise(i, 2) - 0.5) + 0.3 * noise(i, 3)),
]);
const [path, kind] = process.argv.slice(2);
const estimator =
  kind === 'network'
    ? new MultilayerPerceptronRegressor({ maxIter: 60, batchSize: 16, dropout: 0.1, tol: 0, nIterNoChange: 60 })
    : new GradientBoostingRegressor({ maxIter: 60, maxLeafNodes: 7 });
const model = await estimator.fit(table, {
  target: 'y',
  checkpoint: await fileCheckpoint(path, { every: 0 }),
  onProgress: ({ what, done }) => (what === 'tree' || what === 'epoch') && process.stdout.write(`round ${done}\n`),
});
process.stdout.write(`hash ${createHash('sha256').update(programImage(model.program)).digest('hex')}\n`);
process.exit(0);
