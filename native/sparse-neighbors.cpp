// The law is src/kernels/sparse-neighbors.ts.
namespace lanewise::LANEWISE_ISA {

namespace {

/// Adds a row of the product to `sums`; returns how many columns have any term. `counts` counts a column's terms.
LANEWISE_INLINE int32_t gatherSparseRow(int32_t first, int32_t last, const int32_t* indices, const double* values,
                                  const int32_t* otherOffsets, const int32_t* otherIndices, const double* otherValues,
                                  double* sums, int32_t* counts, int32_t* touched) {
  int32_t found = 0;
  for (int32_t e = first; e < last; e++) {
    const double value = values[e];
    const int32_t end = otherOffsets[indices[e] + 1];
    for (int32_t o = otherOffsets[indices[e]]; o < end; o++) {
      const int32_t column = otherIndices[o];
      if (counts[column] == 0) {
        touched[found++] = column;
        sums[column] = 0;
      }
      sums[column] = value * otherValues[o] + sums[column];
      counts[column]++;
    }
  }
  return found;
}

}  // namespace

void sparse_similar_rows_f64(const int32_t* offsets, const int32_t* indices, const double* values,
                             const int32_t* otherOffsets, const int32_t* otherIndices, const double* otherValues,
                             const double* norms, double* scores, int32_t* neighbors, double* sums, int32_t* counts,
                             int32_t* touched, int32_t rowCount, int32_t /*entryCount*/, int32_t /*innerCount*/,
                             int32_t /*otherEntryCount*/, int32_t columnCount, int32_t firstRow, int32_t k,
                             double shrinkage) {
  const size_t places = static_cast<size_t>(rowCount) * static_cast<size_t>(k);
  std::memset(counts, 0, static_cast<size_t>(columnCount) * sizeof(int32_t));
  std::memset(scores, 0, places * sizeof(double));
  std::memset(neighbors, 255, places * sizeof(int32_t));
  for (int32_t row = 0; row < rowCount; row++, scores += k, neighbors += k) {
    const int32_t found = gatherSparseRow(offsets[row], offsets[row + 1], indices, values, otherOffsets, otherIndices,
                                    otherValues, sums, counts, touched);
    const int32_t self = firstRow + row;
    for (int32_t t = 0; t < found; t++) {
      const int32_t column = touched[t];
      const double count = counts[column];
      counts[column] = 0;
      const double lengths = norms[self] * norms[column];
      if (column == self || !(lengths > 0)) continue;
      const double score = (sums[column] / lengths) * (count / (count + shrinkage));
      if (score > 0) offerScore(scores, neighbors, k, score, column);
    }
  }
}

void sparse_top_f64(const int32_t* offsets, const int32_t* indices, const double* values, const int32_t* otherOffsets,
                    const int32_t* otherIndices, const double* otherValues, const int32_t* seenOffsets,
                    const int32_t* seenItems, const uint8_t* allowed, double* scores, int32_t* items, double* sums,
                    int32_t* counts, int32_t* touched, int32_t rowCount, int32_t /*entryCount*/, int32_t /*innerCount*/,
                    int32_t /*otherEntryCount*/, int32_t columnCount, int32_t /*seenCount*/, int32_t n) {
  const size_t places = static_cast<size_t>(rowCount) * static_cast<size_t>(n);
  std::memset(counts, 0, static_cast<size_t>(columnCount) * sizeof(int32_t));
  for (size_t i = 0; i < places; i++) scores[i] = -elementary::infinity;
  std::memset(items, 255, places * sizeof(int32_t));
  for (int32_t row = 0; row < rowCount; row++, scores += n, items += n) {
    const int32_t found = gatherSparseRow(offsets[row], offsets[row + 1], indices, values, otherOffsets, otherIndices,
                                    otherValues, sums, counts, touched);
    for (int32_t t = 0; t < found; t++) {
      const int32_t column = touched[t];
      counts[column] = 0;
      if (!(sums[column] > 0) || (allowed && allowed[column] == 0)) continue;
      if (isSeen(seenItems, seenOffsets[row], seenOffsets[row + 1], column)) continue;
      offerScore(scores, items, n, sums[column], column);
    }
  }
}

}  // namespace lanewise::LANEWISE_ISA
