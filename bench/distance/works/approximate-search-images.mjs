// The same on real data: pictures, which lie in few of their dimensions.
export { measure, peers, tolerance } from './approximate-search.mjs';

export const title =
  'Approximate 10 nearest of 9,000 × 784 pictures of MNIST, 1,000 queries, recall ≥ 0.95; M 16, efConstruction 200';
export const data = 'images';
