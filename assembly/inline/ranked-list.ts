// Lists of the highest scores; the law is src/kernels/factorization.ts.

// Is `item` among the ascending items [start, end)?
export function isSeen(items: usize, start: i32, end: i32, item: i32): bool {
  let low = start, high = end;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (load<i32>(items + (<usize>middle << 2)) < item) low = middle + 1;
    else high = middle;
  }
  return low < end && load<i32>(items + (<usize>low << 2)) == item;
}

// Puts (score, item) into a list of n, the highest first, the lower item first among equals.
export function offerScore(scores: usize, items: usize, n: i32, score: f64, item: i32): void {
  let place = <usize>(n - 1);
  if (!isBefore(scores, items, place, score, item)) return;
  while (place > 0 && isBefore(scores, items, place - 1, score, item)) {
    store<f64>(scores + (place << 3), load<f64>(scores + ((place - 1) << 3)));
    store<i32>(items + (place << 2), load<i32>(items + ((place - 1) << 2)));
    place--;
  }
  store<f64>(scores + (place << 3), score);
  store<i32>(items + (place << 2), item);
}

// @ts-ignore: decorator
@inline
function isBefore(scores: usize, items: usize, place: usize, score: f64, item: i32): bool {
  const other = load<f64>(scores + (place << 3));
  return score > other || (score == other && item < load<i32>(items + (place << 2)));
}
