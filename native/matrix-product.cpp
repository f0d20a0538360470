// Matrix products: src/kernels/matrix-product.ts is the law. A tile is some rows by one or two registers of columns; the
// right factor lies in panels of that width, the left one is read by rows, or, where it is transposed, in panels.
namespace lanewise::LANEWISE_ISA {

namespace {

constexpr int32_t productDepth = 256;
/// Columns whose panels stay in the second-level cache while every row meets them.
constexpr int32_t productColumns = 512;
constexpr int productRows = vectorBytes == 64 ? 8 : vectorBytes == 32 ? 6 : 4;

/// The left factor's elements of a tile: `rows` pointers along the depth, or one to a panel.
template <typename T, bool packed>
struct LeftRows {
  const T* rows[productRows];

  /// `count` rows; those behind the last repeat it.
  LANEWISE_INLINE LeftRows(const T* first, size_t stride, int32_t count) {
#pragma GCC unroll 8
    for (int r = 0; r < productRows; r++) {
      rows[r] = packed ? first : first + static_cast<size_t>(r < count ? r : count - 1) * stride;
    }
  }
  LANEWISE_INLINE T at(int r, int32_t k) const { return packed ? rows[0][k * productRows + r] : rows[r][k]; }
};

/// Sums of a tile over a block of the depth, in ascending order.
template <typename T, bool packed, int vectors>
struct ProductTile {
  static constexpr int step = vectorLength<T>;
  Vector<T> sums[productRows][vectors];

  LANEWISE_INLINE ProductTile(const LeftRows<T, packed>& left, const T* panel, int32_t depth) {
#pragma GCC unroll 8
    for (int r = 0; r < productRows; r++) {
#pragma GCC unroll 2
      for (int v = 0; v < vectors; v++) sums[r][v] = Vector<T>{};
    }
    for (int32_t k = 0; k < depth; k++, panel += vectors * step) {
      Vector<T> right[vectors];
#pragma GCC unroll 2
      for (int v = 0; v < vectors; v++) right[v] = loadVector(panel + v * step);
#pragma GCC unroll 8
      for (int r = 0; r < productRows; r++) {
        const Vector<T> element = splat(left.at(r, k));
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) sums[r][v] += element * right[v];
      }
    }
  }

  /// Adds to c, or takes away, what lies within `rows` and `columns`.
  LANEWISE_INLINE void addTo(T* c, size_t stride, int32_t rows, int32_t columns, bool negative) const {
    if (rows == productRows && columns == vectors * step) {
#pragma GCC unroll 8
      for (int r = 0; r < productRows; r++) {
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) {
          T* at = c + static_cast<size_t>(r) * stride + v * step;
          storeVector(at, negative ? loadVector(at) - sums[r][v] : loadVector(at) + sums[r][v]);
        }
      }
      return;
    }
    T edge[productRows][vectors * step];
    std::memcpy(edge, sums, sizeof edge);
    for (int32_t r = 0; r < rows; r++) {
      T* line = c + static_cast<size_t>(r) * stride;
      for (int32_t j = 0; j < columns; j++) line[j] = negative ? line[j] - edge[r][j] : line[j] + edge[r][j];
    }
  }
};

/// A factor as it is stored: how far its elements are apart along the depth and across it.
template <typename T>
struct Factor {
  const T* first;
  size_t across, along;
  LANEWISE_INLINE const T* at(int32_t row, int32_t k) const {
    return first + static_cast<size_t>(row) * across + static_cast<size_t>(k) * along;
  }
};

/// Transposes a square of 128-bit vectors in registers.
template <typename T>
LANEWISE_INLINE void transposeSquare(const T* from, size_t stride, T* to, size_t toStride) {
  constexpr int n = 16 / static_cast<int>(sizeof(T));
  typedef T Quarter __attribute__((vector_size(16)));
  Quarter rows[n];
#pragma GCC unroll 4
  for (int r = 0; r < n; r++) std::memcpy(&rows[r], from + static_cast<size_t>(r) * stride, sizeof(Quarter));
  if constexpr (n == 2) {
    const Quarter low = {rows[0][0], rows[1][0]}, high = {rows[0][1], rows[1][1]};
    std::memcpy(to, &low, sizeof low);
    std::memcpy(to + toStride, &high, sizeof high);
  } else {
    const Quarter out[4] = {{rows[0][0], rows[1][0], rows[2][0], rows[3][0]},
                            {rows[0][1], rows[1][1], rows[2][1], rows[3][1]},
                            {rows[0][2], rows[1][2], rows[2][2], rows[3][2]},
                            {rows[0][3], rows[1][3], rows[2][3], rows[3][3]}};
#pragma GCC unroll 4
    for (int r = 0; r < 4; r++) std::memcpy(to + static_cast<size_t>(r) * toStride, &out[r], sizeof(Quarter));
  }
}

/// Lays `count` columns of the right factor into a panel of `width`, the others 0.
template <typename T, int width>
void packRight(const Factor<T>& b, T* panel, int32_t count, int32_t depth) {
  if (count < width) {
    for (int32_t k = 0; k < depth; k++) {
      const T* from = b.at(0, k);
      for (int32_t j = 0; j < width; j++) panel[k * width + j] = j < count ? from[static_cast<size_t>(j) * b.across] : T{0};
    }
    return;
  }
  if (b.across == 1) {
    for (int32_t k = 0; k < depth; k++) std::memcpy(panel + k * width, b.at(0, k), width * sizeof(T));
    return;
  }
  constexpr int32_t n = 16 / static_cast<int32_t>(sizeof(T));
  int32_t k = 0;
  for (; k + n <= depth; k += n) {
    for (int32_t j = 0; j < width; j += n) transposeSquare(b.at(j, k), b.across, panel + k * width + j, width);
  }
  for (; k < depth; k++) {
    for (int32_t j = 0; j < width; j++) panel[k * width + j] = *b.at(j, k);
  }
}

/// Lays rows of a transposed left factor element by element; those behind the last repeat it.
template <typename T>
void packLeft(const Factor<T>& a, T* panel, int32_t count, int32_t depth) {
  for (int32_t k = 0; k < depth; k++) {
    const T* from = a.at(0, k);
    if (count == productRows) {
      std::memcpy(panel + k * productRows, from, productRows * sizeof(T));
    } else {
      for (int r = 0; r < productRows; r++) panel[k * productRows + r] = from[r < count ? r : count - 1];
    }
  }
}

template <typename T, bool packed>
LANEWISE_INLINE void rowsByPanels(const LeftRows<T, packed>& left, const T* panels, T* c, size_t stride, int32_t rows,
                                  int32_t columns, int32_t depth, bool negative) {
  constexpr int step = vectorLength<T>;
  for (int32_t j = 0; j < columns; j += 2 * step) {
    const T* panel = panels + static_cast<size_t>(j) * static_cast<size_t>(depth);
    const int32_t count = columns - j < 2 * step ? columns - j : 2 * step;
    if (count > step) {
      ProductTile<T, packed, 2>(left, panel, depth).addTo(c + j, stride, rows, count, negative);
    } else {
      ProductTile<T, packed, 1>(left, panel, depth).addTo(c + j, stride, rows, count, negative);
    }
  }
}

/// A block of the depth by a block of columns whose panels are laid.
template <typename T>
void rowsByBlock(const Factor<T>& a, bool transposed, const T* panels, T* laid, T* c, size_t stride, int32_t rows,
                 int32_t columns, int32_t k, int32_t depth, bool negative) {
  for (int32_t i = 0; i < rows; i += productRows) {
    const int32_t count = rows - i < productRows ? rows - i : productRows;
    T* out = c + static_cast<size_t>(i) * stride;
    if (transposed) {
      packLeft(Factor<T>{a.at(i, k), a.across, a.along}, laid, count, depth);
      rowsByPanels(LeftRows<T, true>(laid, 0, count), panels, out, stride, count, columns, depth, negative);
    } else {
      rowsByPanels(LeftRows<T, false>(a.at(i, k), a.across, count), panels, out, stride, count, columns, depth, negative);
    }
  }
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
