// Losses of boosted trees: derivatives by the raw prediction, and sums of losses. src/kernels/tree-losses.ts is the law.
namespace lanewise::LANEWISE_ISA {

namespace losses {

using Real = Vector<double>;
/// As many floats as a vector has doubles.
typedef float Floats __attribute__((vector_size(vectorBytes / 2)));
inline constexpr int32_t tileRows = 256;

LANEWISE_INLINE void storeFloats(float* to, Real values, Whole<double>) {
  const Floats floats = __builtin_convertvector(values, Floats);
  std::memcpy(to, &floats, sizeof floats);
}

LANEWISE_INLINE void storeFloats(float* to, Real values, Part<double> access) {
  const Floats floats = __builtin_convertvector(values, Floats);
  std::memcpy(to, &floats, static_cast<size_t>(access.count) * sizeof(float));
}

template <typename Access>
LANEWISE_INLINE Real weightsAt(const double* weights, int32_t row, Access access) {
  return weights == nullptr ? splat(1.0) : access.load(weights + row);
}

/// Where the weighted derivatives of a block of rows go.
struct Derivatives {
  const double* weights;
  float* gradients;
  float* hessians;
  double gradientScale, hessianScale;

  template <typename Access>
  LANEWISE_INLINE void store(int32_t row, Access access, Real gradient, Real hessian) const {
    const Real weight = weightsAt(weights, row, access);
    storeFloats(gradients + row, weight * gradientScale * gradient, access);
    storeFloats(hessians + row, weight * hessianScale * hessian, access);
  }

  /// Where the hessian is 1.
  template <typename Access>
  LANEWISE_INLINE void store(int32_t row, Access access, Real gradient) const {
    const Real weight = weightsAt(weights, row, access);
    storeFloats(gradients + row, weight * gradientScale * gradient, access);
    storeFloats(hessians + row, weight * hessianScale, access);
  }
};

/// Σ weight · term(row, access), in lanes within tiles.
template <typename Term>
LANEWISE_INLINE double tileSum(const double* weights, int32_t rowCount, Term term) {
  double sum = 0;
  for (int32_t start = 0; start < rowCount; start += tileRows) {
    const int32_t rows = rowCount - start < tileRows ? rowCount - start : tileRows;
    sum += laneSum<double>(rows, [=](int32_t i, auto access) LANEWISE_INLINE_LAMBDA {
      return weightsAt(weights, start + i, access) * term(start + i, access);
    });
  }
  return sum;
}

/// `above` beyond delta, `below` beyond −delta, else `within`.
LANEWISE_INLINE Real slopeOf(Real error, double delta, double below, double above, Real within) {
  return elementary::select(error > delta, above, elementary::select(error < -delta, below, within));
}

/// log Σ e^raw over the classes.
template <typename Access>
LANEWISE_INLINE Real logSumExp(const double* raw, int32_t classCount, int32_t stride, Access access) {
  Real largest = access.load(raw);
  for (int32_t k = 1; k < classCount; k++) {
    const Real other = access.load(raw + static_cast<ptrdiff_t>(k) * stride);
    largest = elementary::select(other > largest, other, largest);
  }
  Real sum{};
  for (int32_t k = 0; k < classCount; k++) {
    sum += elementary::exp(access.load(raw + static_cast<ptrdiff_t>(k) * stride) - largest);
  }
  return largest + elementary::log(sum);
}

LANEWISE_INLINE int32_t elements(Whole<double>) { return vectorLength<double>; }
LANEWISE_INLINE int32_t elements(Part<double> access) { return access.count; }

}  // namespace losses

void derivatives_squared_f32(const double* raw, const double* target, const double* weights, float* gradients,
                             float* hessians, double gradientScale, double hessianScale, int32_t rowCount) {
  const losses::Derivatives out{weights, gradients, hessians, gradientScale, hessianScale};
  forEachVector<double>(rowCount, [=](int32_t row, auto access) LANEWISE_INLINE_LAMBDA {
    out.store(row, access, access.load(raw + row) - access.load(target + row));
  });
}

double loss_squared_f64(const double* raw, const double* target, const double* weights, double*, int32_t rowCount) {
  return losses::tileSum(weights, rowCount, [=](int32_t row, auto access) LANEWISE_INLINE_LAMBDA {
    const losses::Real error = access.load(raw + row) - access.load(target + row);
    return error * error;
  });
}

void derivatives_robust_f32(const double* raw, const double* target, const double* weights, float* gradients,
                            float* hessians, double delta, double low, double high, double gradientScale,
                            double hessianScale, int32_t rowCount) {
  const losses::Derivatives out{weights, gradients, hessians, gradientScale, hessianScale};
  forEachVector<double>(rowCount, [=](int32_t row, auto access) LANEWISE_INLINE_LAMBDA {
    const losses::Real error = access.load(raw + row) - access.load(target + row);
    out.store(row, access, losses::slopeOf(error, delta, low, high, error));
  });
}

double loss_robust_f64(const double* raw, const double* target, const double* weights, double*, double delta,
                       double low, double high, int32_t rowCount) {
  const double beyond = 0.5 * delta * delta;
  return losses::tileSum(weights, rowCount, [=](int32_t row, auto access) LANEWISE_INLINE_LAMBDA {
    const losses::Real error = access.load(raw + row) - access.load(target + row);
    const losses::Real slope = losses::slopeOf(error, delta, low, high, 0.5 * error);
    const losses::Real offset = elementary::select(elementary::magnitude(error) > delta, beyond, losses::Real{});
    return slope * error - offset;
  });
}

void derivatives_logistic_f32(const double* raw, const double* target, const double* weights, float* gradients,
                              float* hessians, double gradientScale, double hessianScale, int32_t rowCount) {
  const losses::Derivatives out{weights, gradients, hessians, gradientScale, hessianScale};
  forEachVector<double>(rowCount, [=](int32_t row, auto access) LANEWISE_INLINE_LAMBDA {
    const losses::Real probability = elementary::sigmoid(access.load(raw + row));
    out.store(row, access, probability - access.load(target + row), probability * (1 - probability));
  });
}

double loss_logistic_f64(const double* raw, const double* target, const double* weights, double*, int32_t rowCount) {
  return losses::tileSum(weights, rowCount, [=](int32_t row, auto access) LANEWISE_INLINE_LAMBDA {
    const losses::Real z = access.load(raw + row);
    const losses::Real linear = elementary::select(z > 0, z, losses::Real{}) - access.load(target + row) * z;
    return elementary::log1p(elementary::exp(elementary::negated(elementary::magnitude(z)))) + linear;
  });
}

void softmax_normalizers_f64(const double* raw, double* normalizers, int32_t classCount, int32_t classStride,
                             int32_t rowCount) {
  forEachVector<double>(rowCount, [=](int32_t row, auto access) LANEWISE_INLINE_LAMBDA {
    access.store(normalizers + row, losses::logSumExp(raw + row, classCount, classStride, access));
  });
}

void derivatives_softmax_f32(const double* raw, const double* normalizers, const double* target,
                             const double* weights, float* gradients, float* hessians, double own,
                             double gradientScale, double hessianScale, int32_t rowCount) {
  const losses::Derivatives out{weights, gradients, hessians, gradientScale, hessianScale};
  forEachVector<double>(rowCount, [=](int32_t row, auto access) LANEWISE_INLINE_LAMBDA {
    const losses::Real probability = elementary::exp(access.load(raw + row) - access.load(normalizers + row));
    const losses::Real hit = elementary::select(access.load(target + row) == own, 1, losses::Real{});
    out.store(row, access, probability - hit, probability * (1 - probability));
  });
}

double loss_softmax_f64(const double* raw, const double* target, const double* weights, double*, int32_t classCount,
                        int32_t classStride, int32_t rowCount) {
  return losses::tileSum(weights, rowCount, [=](int32_t row, auto access) LANEWISE_INLINE_LAMBDA {
    losses::Real own{};
    for (int32_t i = 0; i < losses::elements(access); i++) {
      own[i] = raw[static_cast<ptrdiff_t>(target[row + i]) * classStride + row + i];
    }
    return losses::logSumExp(raw + row, classCount, classStride, access) - own;
  });
}

void derivatives_tweedie_f32(const double* raw, const double* target, const double* weights, float* gradients,
                             float* hessians, double power, double gradientScale, double hessianScale,
                             int32_t rowCount) {
  const losses::Derivatives out{weights, gradients, hessians, gradientScale, hessianScale};
  forEachVector<double>(rowCount, [=](int32_t row, auto access) LANEWISE_INLINE_LAMBDA {
    const losses::Real z = access.load(raw + row);
    const losses::Real decay = power == 1 ? splat(1.0) : elementary::exp((1 - power) * z);
    const losses::Real observed = access.load(target + row) * decay;
    const losses::Real expected = power == 2 ? splat(1.0) : elementary::exp((2 - power) * z);
    out.store(row, access, expected - observed, (2 - power) * expected + (power - 1) * observed);
  });
}

double loss_tweedie_f64(const double* raw, const double* target, const double* weights, double*, double power,
                        int32_t rowCount) {
  return losses::tileSum(weights, rowCount, [=](int32_t row, auto access) LANEWISE_INLINE_LAMBDA {
    const losses::Real z = access.load(raw + row);
    const losses::Real unit = power == 1 ? z : elementary::exp((1 - power) * z) / (1 - power);
    const losses::Real expected = power == 2 ? z : elementary::exp((2 - power) * z) / (2 - power);
    return expected - access.load(target + row) * unit;
  });
}

}  // namespace lanewise::LANEWISE_ISA
