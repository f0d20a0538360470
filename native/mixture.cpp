// Mixtures of normal densities: src/kernels/mixture.ts is the law.
namespace lanewise::LANEWISE_ISA {

namespace mixture {

constexpr int32_t side = 16;
constexpr int32_t tile = 256;
constexpr int32_t lanes = 8;

/// The eight lanes of a sum, in as many vectors as hold them.
constexpr int32_t laneVectors = lanes / vectorLength<double>;
/// The sixteen rows that densities are computed of at once.
constexpr int32_t sideVectors = side / vectorLength<double>;
typedef Vector<double> Lanes[laneVectors];

LANEWISE_INLINE double folded(const Lanes& parts) {
  double sums[lanes];
  std::memcpy(sums, parts, sizeof sums);
  const double a = sums[0] + sums[4], b = sums[1] + sums[5], c = sums[2] + sums[6], d = sums[3] + sums[7];
  return (a + c) + (b + d);
}

/// Σ a·b over a tile, in eight lanes.
LANEWISE_INLINE double products(const double* __restrict a, const double* __restrict b, int32_t count) {
  Lanes sums = {};
  for (int32_t i = 0; i < count; i += lanes) {
    for (int32_t v = 0; v < laneVectors; v++) {
      const int32_t at = i + v * vectorLength<double>;
      sums[v] = sums[v] + loadVector(a + at) * loadVector(b + at);
    }
  }
  return folded(sums);
}

LANEWISE_INLINE double total(const double* __restrict a, int32_t count) {
  Lanes sums = {};
  for (int32_t i = 0; i < count; i += lanes) {
    for (int32_t v = 0; v < laneVectors; v++) sums[v] = sums[v] + loadVector(a + i + v * vectorLength<double>);
  }
  return folded(sums);
}

/// Adds to out[j] Σ share·(x − centre)^power over a tile, of `columns` neighbouring columns of the tile.
template <int32_t columns, int32_t power>
LANEWISE_INLINE void addColumns(const double* __restrict x, const double* __restrict shares, const double* centers,
                                double* out, int32_t count) {
  Lanes sums[columns] = {};
  for (int32_t i = 0; i < count; i += lanes) {
    for (int32_t v = 0; v < laneVectors; v++) {
      const int32_t at = i + v * vectorLength<double>;
      const auto share = loadVector(shares + at);
      for (int32_t j = 0; j < columns; j++) {
        auto apart = loadVector(x + j * tile + at);
        if (centers != nullptr) apart = apart - splat(centers[j]);
        const auto weighed = share * apart;
        sums[j][v] = sums[j][v] + (power == 1 ? weighed : weighed * apart);
      }
    }
  }
  for (int32_t j = 0; j < columns; j++) out[j] = out[j] + folded(sums[j]);
}

template <int32_t power>
LANEWISE_INLINE void addTile(const double* x, const double* shares, const double* centers, double* out, size_t width,
                             int32_t count) {
  size_t j = 0;
  for (; j + 4 <= width; j += 4) {
    addColumns<4, power>(x + j * tile, shares, centers == nullptr ? nullptr : centers + j, out + j, count);
  }
  for (; j < width; j++) {
    addColumns<1, power>(x + j * tile, shares, centers == nullptr ? nullptr : centers + j, out + j, count);
  }
}

/// Rows [start, start + count) of all columns, one behind the other, `length` a column, with zeros behind.
LANEWISE_INLINE void gather(const double* columns, size_t rows, size_t width, int32_t start, int32_t count,
                            int32_t length, double* to) {
  for (size_t j = 0; j < width; j++, to += length) {
    const double* from = columns + j * rows + start;
    for (int32_t i = 0; i < count; i++) to[i] = from[i];
    for (int32_t i = count; i < length; i++) to[i] = 0;
  }
}

/// Squared lengths of sixteen rows, gathered, by a diagonal.
LANEWISE_INLINE void diagonalLengths(const double* __restrict x, const double* mean, const double* factors, size_t width,
                                     double* squares) {
  Vector<double> sums[sideVectors] = {};
  for (size_t j = 0; j < width; j++) {
    const auto middle = splat(mean[j]), factor = splat(factors[j]);
    for (int32_t v = 0; v < sideVectors; v++) {
      // The 0 that the reference adds would make −0 to 0, whose square is the same.
      const auto z = factor * (loadVector(x + j * side + v * vectorLength<double>) - middle);
      sums[v] = sums[v] + z * z;
    }
  }
  for (int32_t v = 0; v < sideVectors; v++) storeVector(squares + v * vectorLength<double>, sums[v]);
}

/// Squared lengths of sixteen differences by a matrix, whose rows end with the diagonal where it is a triangle.
LANEWISE_INLINE void matrixLengths(const double* __restrict differences, const double* factors, size_t width,
                                   bool triangle, double* squares) {
  Vector<double> sums[sideVectors] = {};
  for (size_t i = 0; i < width; i++) {
    Vector<double> z[sideVectors] = {};
    const size_t end = triangle ? i + 1 : width;
    for (size_t j = 0; j < end; j++) {
      const auto factor = splat(factors[i * width + j]);
      for (int32_t v = 0; v < sideVectors; v++) {
        z[v] = factor * loadVector(differences + j * side + v * vectorLength<double>) + z[v];
      }
    }
    for (int32_t v = 0; v < sideVectors; v++) sums[v] = sums[v] + z[v] * z[v];
  }
  for (int32_t v = 0; v < sideVectors; v++) storeVector(squares + v * vectorLength<double>, sums[v]);
}

enum class Form { diagonal, triangle, square };

/// Log densities of sixteen rows or fewer by every component.
LANEWISE_INLINE void densities(const double* columns, const double* means, const double* factors, const double* offsets,
                               double* out, double* scratch, size_t rows, int32_t componentCount, size_t width,
                               int32_t start, int32_t count, Form form) {
  if (form == Form::diagonal) gather(columns, rows, width, start, count, side, scratch);
  for (size_t c = 0; c < static_cast<size_t>(componentCount); c++) {
    const double* mean = means + c * width;
    double squares[side];
    if (form == Form::diagonal) {
      diagonalLengths(scratch, mean, factors + c * width, width, squares);
    } else {
      for (size_t j = 0; j < width; j++) {
        const double* column = columns + j * rows + start;
        double* to = scratch + j * side;
        for (int32_t i = 0; i < count; i++) to[i] = column[i] - mean[j];
        for (int32_t i = count; i < side; i++) to[i] = 0;
      }
      matrixLengths(scratch, factors + c * width * width, width, form == Form::triangle, squares);
    }
    double* at = out + c * rows + start;
    for (int32_t row = 0; row < count; row++) at[row] = offsets[c] - 0.5 * squares[row];
  }
}

/// Shares and log densities of some rows from the components' log densities.
LANEWISE_INLINE void normalize(double* shares, double* logs, size_t rows, int32_t componentCount, int32_t count) {
  using elementary::Real;
  const Real least = splat(-__builtin_inf());
  forEachVector<double>(count, [&](int32_t row, auto access) LANEWISE_INLINE_LAMBDA {
    double* first = shares + row;
    double* const end = first + static_cast<size_t>(componentCount) * rows;
    Real most = least, sum = Real{};
    for (double* at = first; at < end; at += rows) {
      const Real density = access.load(at);
      most = density > most ? density : most;
    }
    const auto none = most == least;
    for (double* at = first; at < end; at += rows) {
      const Real power = elementary::exp(access.load(at) - most);
      const Real part = none ? splat(1.0) : power;
      sum += part;
      access.store(at, part);
    }
    for (double* at = first; at < end; at += rows) access.store(at, access.load(at) / sum);
    const Real whole = most + elementary::log(sum);
    access.store(logs + row, none ? most : whole);
  });
}

}  // namespace mixture

void gaussian_scores_f64(const double* columns, const double* means, const double* factors, const double* offsets,
                         double* scores, double* differences, int32_t rowCount, int32_t componentCount,
                         int32_t dimension, int32_t full) {
  using mixture::side;
  const auto form = full != 0 ? mixture::Form::square : mixture::Form::diagonal;
  for (int32_t start = 0; start < rowCount; start += side) {
    const int32_t count = rowCount - start < side ? rowCount - start : side;
    mixture::densities(columns, means, factors, offsets, scores, differences, static_cast<size_t>(rowCount),
                       componentCount, static_cast<size_t>(dimension), start, count, form);
  }
}

void mixture_expect_f64(const double* columns, const double* means, const double* factors, const double* offsets,
                        double* shares, double* logs, double* differences, int32_t rowCount, int32_t componentCount,
                        int32_t dimension, int32_t full) {
  using mixture::side;
  const size_t rows = static_cast<size_t>(rowCount);
  const auto form = full != 0 ? mixture::Form::triangle : mixture::Form::diagonal;
  for (int32_t start = 0; start < rowCount; start += side) {
    const int32_t count = rowCount - start < side ? rowCount - start : side;
    mixture::densities(columns, means, factors, offsets, shares, differences, rows, componentCount,
                       static_cast<size_t>(dimension), start, count, form);
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
    if (kind != 2) mixture::gather(columns, rows, width, start, count, tile, apart);
    for (int32_t c = 0; c < componentCount; c++) {
      double* out = moments + static_cast<size_t>(c) * length;
      const double* own = shares + static_cast<size_t>(c) * rows + start;
      const double* middles = centers == nullptr ? nullptr : centers + static_cast<size_t>(c) * width;
      for (int32_t i = 0; i < count; i++) scratch[i] = weights == nullptr ? own[i] : weights[start + i] * own[i];
      for (int32_t i = count; i < padded; i++) scratch[i] = 0;
      if (kind == 0) {
        mixture::addTile<1>(apart, scratch, middles, out, width, padded);
        out[width] = out[width] + mixture::total(scratch, padded);
        continue;
      }
      if (kind == 1) {
        mixture::addTile<2>(apart, scratch, middles, out, width, padded);
        continue;
      }
      for (size_t j = 0; j < width; j++) {
        const double middle = middles == nullptr ? 0.0 : middles[j];
        const double* __restrict column = columns + j * rows + start;
        double* __restrict to = apart + j * tile;
        double* __restrict product = weighed + j * tile;
        for (int32_t i = 0; i < count; i++) {
          to[i] = column[i] - middle;
          product[i] = scratch[i] * to[i];
        }
        for (int32_t i = count; i < padded; i++) to[i] = product[i] = 0;
      }
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

}  // namespace lanewise::LANEWISE_ISA
