// Gram matrices: src/kernels/gram.ts is the law. The tiles of inline/product-tiles.h on and left of the diagonal.
namespace lanewise::LANEWISE_ISA {

namespace {

/// The columns' pieces of a tile of rows: as they lie, or times the rows' weights.
template <int height>
LANEWISE_INLINE const double* weigh(const double* column, size_t stride, const double* weights, double* out,
                                    int32_t rows) {
  if (weights == nullptr) return column;
  for (int r = 0; r < height; r++) {
    const double* from = column + static_cast<size_t>(r) * stride;
    for (int32_t row = 0; row < rows; row++) out[r * rows + row] = weights[row] * from[row];
  }
  return out;
}

}  // namespace

void gram_f64(const double* x, const double* weights, double* gram, double* panels, int32_t rowCount,
              int32_t columnCount, int32_t columnStride) {
  constexpr int width = 2 * vectorLength<double>;
  const size_t stride = static_cast<size_t>(columnStride), line = static_cast<size_t>(columnCount);
  for (size_t k = 0; k < line * line; k++) gram[k] = 0;
  for (int32_t start = 0; start < rowCount; start += productDepth) {
    const int32_t rows = rowCount - start < productDepth ? rowCount - start : productDepth;
    const double* tileWeights = weights == nullptr ? nullptr : weights + start;
    double* block = panels + productRows * rows;
    for (int32_t j = 0; j < columnCount; j += productColumns) {
      const int32_t end = columnCount - j < productColumns ? columnCount : j + productColumns;
      for (int32_t at = j; at < end; at += width) {
        const Factor<double> from{x + static_cast<size_t>(at) * stride + start, stride, 1};
        packRight<double, width>(from, block + (at - j) * rows, end - at < width ? end - at : width, rows);
      }
      forEachHeight(columnCount - j, [=]<int height>(int32_t at) LANEWISE_INLINE_LAMBDA {
        const int32_t i = j + at;
        const double* own = x + static_cast<size_t>(i) * stride + start;
        const double* left = weigh<height>(own, stride, tileWeights, panels, rows);
        double* out = gram + static_cast<size_t>(i) * line + j;
        const int32_t columns = (i + height < end ? i + height : end) - j;
        rowsByPanels<double, false, height, false>(left, weights == nullptr ? stride : static_cast<size_t>(rows), block,
                                                   out, line, columns, rows, false);
      });
    }
  }
  for (size_t i = 0; i < line; i++) {
    for (size_t j = 0; j < i; j++) gram[j * line + i] = gram[i * line + j];
  }
}

}  // namespace lanewise::LANEWISE_ISA
