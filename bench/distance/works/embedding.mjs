import { Tsne, trustworthiness, Umap } from '../../../dist/index.js';

export const title = 't-SNE and UMAP of 9,000 × 784, in two dimensions';
export const data = 'images';
export const peers = { 'scikit-learn': 'python', 'umap-learn': 'python' };
/** What is missing to trustworthiness 1; the divergence is a local minimum's, to each its own. */
export const tolerance = { 'tsne-distrust': 0.01, 'umap-distrust': 0.01 };

export async function measure({ data, engine, fastest }) {
  const points = pointsOf(data);
  const distrust = async ({ coordinates: values, rows: count }) =>
    1 - (await trustworthiness(points, { values, count, dimension: 2 }, { engine }));
  const [tsne, first] = await fastest(() => new Tsne().fitTransform(points, { engine }), 1);
  const [umap, second] = await fastest(() => new Umap().fitTransform(points, { engine }), 1);
  return {
    seconds: { tsne, umap },
    quality: {
      'tsne-distrust': await distrust(first),
      'umap-distrust': await distrust(second),
      divergence: first.klDivergence,
    },
  };
}

function pointsOf({ meta, columns }) {
  const rows = meta.train ?? meta.rows; // the others are queries of other works
  const dimension = columns.length;
  const values = new Float64Array(rows * dimension);
  columns.forEach((column, j) => {
    for (let i = 0; i < rows; i++) values[i * dimension + j] = column[i];
  });
  return { values, count: rows, dimension };
}
