/**
 * Disjoint sets of points (Galler and Fischer, "An improved equivalence algorithm", 1964): by point, one of its set that is
 * not behind it; the set's first has itself. So sets are known by their first points, in whatever order they were joined.
 */

/** The first point of the set that a point is in; on the way, points come nearer to it. */
export function firstOf(parents: Int32Array, point: number): number {
  let at = point;
  while (parents[at] !== at) {
    parents[at] = parents[parents[at]!]!;
    at = parents[at]!;
  }
  return at;
}

export function joinSets(parents: Int32Array, a: number, b: number): void {
  const [one, other] = [firstOf(parents, a), firstOf(parents, b)];
  parents[Math.max(one, other)] = Math.min(one, other);
}
