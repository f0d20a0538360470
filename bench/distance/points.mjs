/** The points of a set, and the queries behind them, as neighbour searches take them: row after row. `width`: first columns. */
export function pointsOf({ meta, columns }, width = columns.length) {
  const rows = (from, to) => {
    const values = new Float64Array((to - from) * width);
    for (let j = 0; j < width; j++) {
      for (let row = from; row < to; row++) values[(row - from) * width + j] = columns[j][row];
    }
    return { values, count: to - from, dimension: width };
  };
  const cut = meta.train || meta.rows;
  return { points: rows(0, cut), queries: rows(cut, meta.rows) };
}
