// t-SNE and UMAP of the digits: trustworthiness no more than 0.01 below scikit-learn's and umap-learn's, and the divergence of
// scikit-learn's (1.9.1 and 0.5.12, seed 0): `node .ci/embedding.mjs FOLDER`, of the shared data.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultEngine, Tsne, trustworthiness, Umap } from '../dist/index.js';

const PEERS = { tsne: 0.99498, umap: 0.98991, divergence: 0.75297 };
const [head, ...lines] = readFileSync(join(process.argv[2], 'digits', 'digits.csv'), 'utf8')
  .trim()
  .split('\n');
const target = head.split(',').indexOf('target');
const values = Float64Array.from(
  lines.flatMap((line) =>
    line
      .split(',')
      .filter((_, at) => at !== target)
      .map(Number),
  ),
);
const points = { values, count: lines.length, dimension: values.length / lines.length };
const engine = await defaultEngine();
const trust = async ({ coordinates, rows }) =>
  trustworthiness(points, { values: coordinates, count: rows, dimension: 2 }, { engine });

const tsne = await new Tsne().fitTransform(points, { engine });
const umap = await new Umap().fitTransform(points, { engine });
const found = { tsne: await trust(tsne), umap: await trust(umap), divergence: tsne.klDivergence };
console.log(found);
if (!(found.tsne >= PEERS.tsne - 0.01)) throw new Error(`t-SNE's trustworthiness ${found.tsne} is below ${PEERS.tsne}`);
if (!(found.umap >= PEERS.umap - 0.01)) throw new Error(`UMAP's trustworthiness ${found.umap} is below ${PEERS.umap}`);
if (!(found.divergence <= 1.02 * PEERS.divergence))
  throw new Error(`t-SNE's divergence ${found.divergence} is above its peer's`);
await engine.close();
