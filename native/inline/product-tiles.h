// Tiles of some rows by one or two registers of columns, and the panels that they read: what products and Gram matrices are
// made of. The order of their sums: src/kernels/matrix-product.ts. Included by one instruction set's build at a time.
namespace lanewise::LANEWISE_ISA {

constexpr int32_t productDepth = 256;
/// Columns whose panels stay in the second-level cache while every row meets them.
constexpr int32_t productColumns = 512;
constexpr int productRows = vectorBytes == 64 ? 8 : vectorBytes == 32 ? 6 : 4;

/// The left factor's elements of a tile: `height` pointers along the depth, or one to a panel of productRows.
template <typename T, bool packed, int height>
struct LeftRows {
  const T* rows[height];

  LANEWISE_INLINE LeftRows(const T* first, size_t stride) {
#pragma GCC unroll 8
    for (int r = 0; r < height; r++) rows[r] = packed ? first : first + static_cast<size_t>(r) * stride;
  }
  LANEWISE_INLINE T at(int r, int32_t k) const { return packed ? rows[0][k * productRows + r] : rows[r][k]; }
};

/// Sums of a tile over a block of the depth, in ascending order: `vectors` registers of columns of a panel that has
/// `panelVectors`.
template <typename T, bool packed, int height, int vectors, int panelVectors>
struct ProductTile {
  static constexpr int step = vectorLength<T>;
  Vector<T> sums[height][vectors];

  LANEWISE_INLINE ProductTile(const LeftRows<T, packed, height>& left, const T* panel, int32_t depth) {
#pragma GCC unroll 8
    for (int r = 0; r < height; r++) {
#pragma GCC unroll 2
      for (int v = 0; v < vectors; v++) sums[r][v] = Vector<T>{};
    }
    for (int32_t k = 0; k < depth; k++, panel += panelVectors * step) {
      Vector<T> right[vectors];
#pragma GCC unroll 2
      for (int v = 0; v < vectors; v++) right[v] = loadVector(panel + v * step);
#pragma GCC unroll 8
      for (int r = 0; r < height; r++) {
        const Vector<T> element = splat(left.at(r, k));
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) sums[r][v] += element * right[v];
      }
    }
  }

  /// Adds to c, or takes away, what lies within `columns`.
  LANEWISE_INLINE void addTo(T* c, size_t stride, int32_t columns, bool negative) const {
    if (columns == vectors * step) {
#pragma GCC unroll 8
      for (int r = 0; r < height; r++) {
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) {
          T* at = c + static_cast<size_t>(r) * stride + v * step;
          storeVector(at, negative ? loadVector(at) - sums[r][v] : loadVector(at) + sums[r][v]);
        }
      }
      return;
    }
    T edge[height][vectors * step];
    std::memcpy(edge, sums, sizeof edge);
    for (int32_t r = 0; r < height; r++) {
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

/// Transposes a square of vectors in registers: 256 bits of f64 where there are such, else 128 bits.
#if defined(__AVX2__)
LANEWISE_INLINE void transposeSquare(const double* from, size_t stride, double* to, size_t toStride) {
  const __m256d r0 = _mm256_loadu_pd(from), r1 = _mm256_loadu_pd(from + stride);
  const __m256d r2 = _mm256_loadu_pd(from + 2 * stride), r3 = _mm256_loadu_pd(from + 3 * stride);
  const __m256d low01 = _mm256_unpacklo_pd(r0, r1), high01 = _mm256_unpackhi_pd(r0, r1);
  const __m256d low23 = _mm256_unpacklo_pd(r2, r3), high23 = _mm256_unpackhi_pd(r2, r3);
  _mm256_storeu_pd(to, _mm256_permute2f128_pd(low01, low23, 0x20));
  _mm256_storeu_pd(to + toStride, _mm256_permute2f128_pd(high01, high23, 0x20));
  _mm256_storeu_pd(to + 2 * toStride, _mm256_permute2f128_pd(low01, low23, 0x31));
  _mm256_storeu_pd(to + 3 * toStride, _mm256_permute2f128_pd(high01, high23, 0x31));
}
#else
LANEWISE_INLINE void transposeSquare(const double* from, size_t stride, double* to, size_t toStride) {
  for (int i = 0; i < 2; i++) {
    for (int j = 0; j < 2; j++) to[static_cast<size_t>(i) * toStride + j] = from[static_cast<size_t>(j) * stride + i];
  }
}
#endif

LANEWISE_INLINE void transposeSquare(const float* from, size_t stride, float* to, size_t toStride) {
  typedef float Quarter __attribute__((vector_size(16)));
  Quarter rows[4];
#pragma GCC unroll 4
  for (int r = 0; r < 4; r++) std::memcpy(&rows[r], from + static_cast<size_t>(r) * stride, sizeof(Quarter));
  const Quarter out[4] = {{rows[0][0], rows[1][0], rows[2][0], rows[3][0]},
                          {rows[0][1], rows[1][1], rows[2][1], rows[3][1]},
                          {rows[0][2], rows[1][2], rows[2][2], rows[3][2]},
                          {rows[0][3], rows[1][3], rows[2][3], rows[3][3]}};
#pragma GCC unroll 4
  for (int r = 0; r < 4; r++) std::memcpy(to + static_cast<size_t>(r) * toStride, &out[r], sizeof(Quarter));
}

template <typename T>
inline constexpr int32_t squareSize = sizeof(T) == 4 || vectorBytes >= 32 ? 4 : 2;

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
  constexpr int32_t n = squareSize<T>;
  int32_t k = 0;
  for (; k + n <= depth; k += n) {
    for (int32_t j = 0; j < width; j += n) transposeSquare(b.at(j, k), b.across, panel + k * width + j, width);
  }
  for (; k < depth; k++) {
    for (int32_t j = 0; j < width; j++) panel[k * width + j] = *b.at(j, k);
  }
}

/// `height` rows by the first `columns` of laid panels: those of a whole width of two registers, then, where `narrow`, one
/// of the width of a register.
template <typename T, bool packed, int height, bool narrow>
LANEWISE_INLINE void rowsByPanels(const T* first, size_t firstStride, const T* panels, T* c, size_t stride,
                                  int32_t columns, int32_t depth, bool negative) {
  constexpr int step = vectorLength<T>;
  const LeftRows<T, packed, height> left(first, firstStride);
  for (int32_t j = 0; j < columns; j += 2 * step) {
    const T* panel = panels + static_cast<size_t>(j) * static_cast<size_t>(depth);
    const int32_t count = columns - j < 2 * step ? columns - j : 2 * step;
    if (count > step) {
      ProductTile<T, packed, height, 2, 2>(left, panel, depth).addTo(c + j, stride, count, negative);
    } else {
      ProductTile<T, packed, height, 1, narrow ? 1 : 2>(left, panel, depth).addTo(c + j, stride, count, negative);
    }
  }
}

/// Calls body<height>(i) for rows [0, count): tiles of all rows, then of four, two, one.
template <typename Body>
LANEWISE_INLINE void forEachHeight(int32_t count, Body body) {
  int32_t i = 0;
  for (; i + productRows <= count; i += productRows) body.template operator()<productRows>(i);
  if constexpr (productRows > 4) {
    for (; i + 4 <= count; i += 4) body.template operator()<4>(i);
  }
  for (; i + 2 <= count; i += 2) body.template operator()<2>(i);
  if (i < count) body.template operator()<1>(i);
}

}  // namespace lanewise::LANEWISE_ISA
