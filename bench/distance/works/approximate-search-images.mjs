// The same on real data: pictures, which lie in few of their dimensions.
export { measure, peers } from './approximate-search.mjs';

/** Searches widen in steps until .95 are found: on pictures one step is .02, so who stops there is no worse than who is far above. */
export const tolerance = { missed: 0.03 };

export const title =
  'Approximate 10 nearest of 9,000 × 784 pictures of MNIST, 1,000 queries, recall ≥ 0.95; M 16, efConstruction 200';
export const data = 'images';
