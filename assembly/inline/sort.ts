// Sorts places 0 … count − 1 (u32) by ascending keys (f64), equal ones in their order; `buffer` holds as many places.
export function sortPlaces(keys: usize, places: usize, buffer: usize, count: i32): void {
  let from = places, to = buffer;
  for (let width = 1; width < count; width <<= 1) {
    for (let start = 0; start < count; start += 2 * width) {
      mergePlaces(keys, from, to, start, min(start + width, count), min(start + 2 * width, count));
    }
    const swap = from;
    from = to;
    to = swap;
  }
  if (from != places) memory.copy(places, from, <usize>count << 2);
}

// @ts-ignore: decorator
@inline
function mergePlaces(keys: usize, from: usize, to: usize, start: i32, middle: i32, end: i32): void {
  let left = start, right = middle;
  for (let out = start; out < end; out++) {
    let takesRight = left >= middle;
    if (!takesRight && right < end) takesRight = keyOf(keys, from, right) < keyOf(keys, from, left);
    const place = load<u32>(from + (<usize>(takesRight ? right++ : left++) << 2));
    store<u32>(to + (<usize>out << 2), place);
  }
}

// @ts-ignore: decorator
@inline
function keyOf(keys: usize, places: usize, at: i32): f64 {
  return load<f64>(keys + (<usize>load<u32>(places + (<usize>at << 2)) << 3));
}
