// Mixtures of normal densities: src/kernels/mixture.ts is the law.
namespace lanewise::LANEWISE_ISA {

namespace mixture {

constexpr int32_t side = 16;
constexpr int32_t tile = 256;
constexpr int32_t lanes = 8;

LANEWISE_INLINE double folded(const double* sums) {
  const double a = sums[0] + sums[4], b = sums[1] + sums[5], c = sums[2] + sums[6], d = sums[3] + sums[7];
  return (a + c) + (b + d);
}

/// Σ a·b over a tile, in eight lanes.
LANEWISE_INLINE double products(const double* __restrict a, const double* __restrict b, int32_t count) {
  double sums[lanes] = {};
  for (int32_t i = 0; i < count; i += lanes) {
    for (int32_t lane = 0; lane < lanes; lane++) sums[lane] = sums[lane] + a[i + lane] * b[i + lane];
  }
  return folded(sums);
}

LANEWISE_INLINE double total(const double* __restrict a, int32_t count) {
  double sums[lanes] = {};
  for (int32_t i = 0; i < count; i += lanes) {
    for (int32_t lane = 0; lane < lanes; lane++) sums[lane] = sums[lane] + a[i + lane];
  }
  return folded(sums);
}

/// Shares and log densities of some rows from the components' log densities.
LANEWISE_INLINE void normalize(double* shares, double* logs, size_t rows, int32_t componentCount, int32_t count) {
  using elementary::Real;
  constexpr int32_t step = vectorLength<double>;
  const Real least = splat(-__builtin_inf());
  for (int32_t row = 0; row < count; row += step) {
    const int32_t some = count - row < step ? count - row : step;
    Real most = least, sum = Real{};
    for (int32_t c = 0; c < componentCount; c++) {
      const Real density = loadPart(shares + static_cast<size_t>(c) * rows + row, some, 0.0);
      most = density > most ? density : most;
    }
    const auto none = most == least;
    for (int32_t c = 0; c < componentCount; c++) {
      double* at = shares + static_cast<size_t>(c) * rows + row;
      const Real power = elementary::exp(loadPart(at, some, 0.0) - most);
      const Real part = none ? splat(1.0) : power;
      sum += part;
      storePart(at, part, some);
    }
    for (int32_t c = 0; c < componentCount; c++) {
      double* at = shares + static_cast<size_t>(c) * rows + row;
      storePart(at, loadPart(at, some, 0.0) / sum, some);
    }
    const Real whole = most + elementary::log(sum);
    storePart(logs + row, none ? most : whole, some);
  }
}

}  // namespace mixture

void mixture_expect_f64(const double* columns, const double* means, const double* factors, const double* offsets,
                        double* shares, double* logs, double* differences, int32_t rowCount, int32_t componentCount,
                        int32_t dimension, int32_t full) {
  using mixture::side;
  const size_t rows = static_cast<size_t>(rowCount), width = static_cast<size_t>(dimension);
  for (int32_t start = 0; start < rowCount; start += side) {
    const int32_t count = rowCount - start < side ? rowCount - start : side;
    for (int32_t c = 0; c < componentCount; c++) {
      const double* mean = means + static_cast<size_t>(c) * width;
      for (size_t j = 0; j < width; j++) {
        const double* column = columns + j * rows + start;
        double* to = differences + j * side;
        for (int32_t i = 0; i < count; i++) to[i] = column[i] - mean[j];
        for (int32_t i = count; i < side; i++) to[i] = 0;
      }
      const double* own = factors + static_cast<size_t>(c) * width * (full != 0 ? width : 1);
      double squares[side] = {};
      for (size_t i = 0; i < width; i++) {
        double z[side] = {};
        for (size_t j = full != 0 ? 0 : i; j <= i; j++) {
          const double factor = full != 0 ? own[i * width + j] : own[i];
          const double* __restrict from = differences + j * side;
          for (int32_t row = 0; row < side; row++) z[row] = factor * from[row] + z[row];
        }
        for (int32_t row = 0; row < side; row++) squares[row] = squares[row] + z[row] * z[row];
      }
      double* out = shares + static_cast<size_t>(c) * rows + start;
      for (int32_t row = 0; row < count; row++) out[row] = offsets[c] - 0.5 * squares[row];
    }
    mixture::normalize(shares + start, logs + start, rows, componentCount, count);
  }
}

void mixture_moments_f64(const double* columns, const double* shares, const double* weights, const double* centers,
                         double* moments, double* scratch, int32_t rowCount, int32_t componentCount, int32_t dimension,
                         int32_t kind) {
  using mixture::tile;
  const size_t rows = static_cast<size_t>(rowCount), width = static_cast<size_t>(dimension);
  const size_t length = kind == 0 ? width + 1 : kind == 1 ? width : width * width;
  for (size_t i = 0; i < length * static_cast<size_t>(componentCount); i++) moments[i] = 0;
  double* apart = scratch + tile;
  double* weighed = apart + width * tile;
  for (int32_t start = 0; start < rowCount; start += tile) {
    const int32_t count = rowCount - start < tile ? rowCount - start : tile;
    const int32_t padded = (count + mixture::lanes - 1) / mixture::lanes * mixture::lanes;
    for (int32_t c = 0; c < componentCount; c++) {
      double* out = moments + static_cast<size_t>(c) * length;
      const double* own = shares + static_cast<size_t>(c) * rows + start;
      for (int32_t i = 0; i < count; i++) scratch[i] = weights == nullptr ? own[i] : weights[start + i] * own[i];
      for (int32_t i = count; i < padded; i++) scratch[i] = 0;
      for (size_t j = 0; j < width; j++) {
        const double middle = centers == nullptr ? 0.0 : centers[static_cast<size_t>(c) * width + j];
        const double* __restrict column = columns + j * rows + start;
        double* __restrict to = apart + j * tile;
        double* __restrict product = weighed + j * tile;
        for (int32_t i = 0; i < count; i++) {
          to[i] = column[i] - middle;
          product[i] = scratch[i] * to[i];
        }
        for (int32_t i = count; i < padded; i++) to[i] = product[i] = 0;
      }
      if (kind == 0) {
        for (size_t j = 0; j < width; j++) out[j] = out[j] + mixture::total(weighed + j * tile, padded);
        out[width] = out[width] + mixture::total(scratch, padded);
      } else if (kind == 1) {
        for (size_t j = 0; j < width; j++) {
          out[j] = out[j] + mixture::products(weighed + j * tile, apart + j * tile, padded);
        }
      } else {
        for (size_t i = 0; i < width; i++) {
          for (size_t j = 0; j <= i; j++) {
            const double sum = out[i * width + j] + mixture::products(weighed + i * tile, apart + j * tile, padded);
            out[i * width + j] = sum;
            out[j * width + i] = sum;
          }
        }
      }
    }
  }
}

}  // namespace lanewise::LANEWISE_ISA
