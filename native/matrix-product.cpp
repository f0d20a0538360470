// Matrix products: src/kernels/matrix-product.ts is the law. A tile is some rows by one or two registers of columns; the
// right factor lies in panels of that width, the left one is read by rows, or, where it is transposed, in panels.
namespace lanewise::LANEWISE_ISA {

namespace {

/// Lays rows of a transposed left factor element by element.
template <typename T>
void packLeft(const Factor<T>& a, T* panel, int32_t count, int32_t depth) {
  for (int32_t k = 0; k < depth; k++) {
    const T* from = a.at(0, k);
    if (count == productRows) {
      std::memcpy(panel + k * productRows, from, productRows * sizeof(T));
    } else {
      for (int r = 0; r < count; r++) panel[k * productRows + r] = from[r];
    }
  }
}

/// A block of the depth by a block of columns whose panels are laid.
template <typename T>
void rowsByBlock(const Factor<T>& a, bool transposed, const T* panels, T* laid, T* c, size_t stride, int32_t rows,
                 int32_t columns, int32_t k, int32_t depth, bool negative) {
  forEachHeight(rows, [=]<int height>(int32_t i) LANEWISE_INLINE_LAMBDA {
    T* out = c + static_cast<size_t>(i) * stride;
    if (transposed) {
      packLeft(Factor<T>{a.at(i, k), a.across, a.along}, laid, height, depth);
      rowsByPanels<T, true, height, true>(laid, 0, panels, out, stride, columns, depth, negative);
    } else {
      rowsByPanels<T, false, height, true>(a.at(i, k), a.across, panels, out, stride, columns, depth, negative);
    }
  });
}

template <typename T>
void multiplyMatrices(const T* a, const T* b, T* c, T* scratch, int32_t rows, int32_t columns, int32_t depth,
                      int32_t aStride, int32_t bStride, int32_t cStride, int32_t form, int32_t update) {
  constexpr int step = vectorLength<T>;
  const size_t stride = static_cast<size_t>(cStride);
  if (update == 0) {
    for (int32_t i = 0; i < rows; i++) {
      for (int32_t j = 0; j < columns; j++) c[static_cast<size_t>(i) * stride + static_cast<size_t>(j)] = 0;
    }
  }
  const size_t aLine = static_cast<size_t>(aStride), bLine = static_cast<size_t>(bStride);
  const Factor<T> left = form == 1 ? Factor<T>{a, 1, aLine} : Factor<T>{a, aLine, 1};
  const Factor<T> right = form == 2 ? Factor<T>{b, bLine, 1} : Factor<T>{b, 1, bLine};
  T* panels = scratch + productRows * (depth < productDepth ? depth : productDepth);
  for (int32_t k = 0; k < depth; k += productDepth) {
    const int32_t terms = depth - k < productDepth ? depth - k : productDepth;
    for (int32_t j = 0; j < columns; j += productColumns) {
      const int32_t width = columns - j < productColumns ? columns - j : productColumns;
      for (int32_t at = 0; at < width; at += 2 * step) {
        const Factor<T> from{right.at(j + at, k), right.across, right.along};
        T* panel = panels + static_cast<size_t>(at) * static_cast<size_t>(terms);
        const int32_t count = width - at < 2 * step ? width - at : 2 * step;
        if (count > step) packRight<T, 2 * step>(from, panel, count, terms);
        else packRight<T, step>(from, panel, count, terms);
      }
      rowsByBlock(left, form == 1, panels, scratch, c + j, stride, rows, width, k, terms, update < 0);
    }
  }
}

}  // namespace

void matrix_product_f64(const double* a, const double* b, double* c, double* panels, int32_t rows, int32_t columns,
                        int32_t depth, int32_t aStride, int32_t bStride, int32_t cStride, int32_t form,
                        int32_t update) {
  multiplyMatrices(a, b, c, panels, rows, columns, depth, aStride, bStride, cStride, form, update);
}

void matrix_product_f32(const float* a, const float* b, float* c, float* panels, int32_t rows, int32_t columns,
                        int32_t depth, int32_t aStride, int32_t bStride, int32_t cStride, int32_t form,
                        int32_t update) {
  multiplyMatrices(a, b, c, panels, rows, columns, depth, aStride, bStride, cStride, form, update);
}

}  // namespace lanewise::LANEWISE_ISA
