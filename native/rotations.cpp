// Plane rotations: src/kernels/rotations.ts is the law.
namespace lanewise::LANEWISE_ISA {

namespace {

/// Columns whose rows stay in the cache while all rotations pass over them.
constexpr int32_t rotatedColumns = 128;

LANEWISE_INLINE void rotate(double* x, double* y, int32_t count, double cosine, double sine) {
  forEachVector<double>(count, [=](int32_t i, auto access) LANEWISE_INLINE_LAMBDA {
    const auto a = access.load(x + i), b = access.load(y + i);
    access.store(x + i, cosine * a - sine * b);
    access.store(y + i, sine * a + cosine * b);
  });
}

LANEWISE_INLINE double innerProduct(const double* x, const double* y, int32_t count) {
  return laneSum<double>(count, [=](int32_t i, auto access) LANEWISE_INLINE_LAMBDA {
    return access.load(x + i) * access.load(y + i);
  });
}

}  // namespace

void rotate_rows_f64(double* matrix, const double* rotations, int32_t /*rows*/, int32_t columns, int32_t stride,
                     int32_t first, int32_t step, int32_t count) {
  for (int32_t j = 0; j < columns; j += rotatedColumns) {
    const int32_t width = columns - j < rotatedColumns ? columns - j : rotatedColumns;
    for (int32_t k = 0; k < count; k++) {
      double* x = matrix + static_cast<size_t>(first + k * step) * static_cast<size_t>(stride) + j;
      rotate(x, x + stride, width, rotations[2 * k], rotations[2 * k + 1]);
    }
  }
}

int32_t jacobi_rows_f64(double* a, double* v, double tolerance, int32_t count, int32_t length, int32_t from,
                        int32_t to) {
  int32_t rotated = 0;
  for (int32_t p = from; p < to; p++) {
    double* x = a + static_cast<size_t>(p) * static_cast<size_t>(length);
    for (int32_t q = p + 1; q < count; q++) {
      double* y = a + static_cast<size_t>(q) * static_cast<size_t>(length);
      const double product = innerProduct(x, y, length);
      const double xx = innerProduct(x, x, length), yy = innerProduct(y, y, length);
      if (!(__builtin_fabs(product) > tolerance * __builtin_sqrt(xx) * __builtin_sqrt(yy))) continue;
      const double zeta = (yy - xx) / (2 * product);
      const double root = __builtin_sqrt(1 + zeta * zeta);
      const double tangent = zeta < 0 ? -1 / (root - zeta) : 1 / (root + zeta);
      const double cosine = 1 / __builtin_sqrt(1 + tangent * tangent);
      const double sine = tangent * cosine;
      rotate(x, y, length, cosine, sine);
      rotate(v + static_cast<size_t>(p) * static_cast<size_t>(count),
             v + static_cast<size_t>(q) * static_cast<size_t>(count), count, cosine, sine);
      rotated++;
    }
  }
  return rotated;
}

}  // namespace lanewise::LANEWISE_ISA
