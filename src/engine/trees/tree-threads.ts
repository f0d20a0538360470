/** Row·features of all rows from which the work of a tree is shared out. */
const SHARED_TREE = 1_000_000;

/**
 * How many of an engine's threads grow the trees of so many rows: below a million row·features one alone is as fast (a tree
 * is over in a few milliseconds, and of its nodes only the first are worth handing over), and starting another costs 50.
 */
export function treeThreads(threads: number, rowCount: number, columnCount: number): number {
  return rowCount * columnCount < SHARED_TREE ? 1 : threads;
}
