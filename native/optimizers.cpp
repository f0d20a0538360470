// One step of an optimiser over a block of parameters: the law is src/kernels/optimizers.ts.
namespace lanewise::LANEWISE_ISA {

namespace {

template <typename T>
LANEWISE_INLINE Vector<T> rootOf(Vector<T> x) {
  T lanes[vectorLength<T>];
  storeVector(lanes, x);
#pragma GCC unroll 16
  for (int k = 0; k < vectorLength<T>; k++) {
    if constexpr (sizeof(T) == 4) {
      lanes[k] = __builtin_sqrtf(lanes[k]);
    } else {
      lanes[k] = __builtin_sqrt(lanes[k]);
    }
  }
  return loadVector(lanes);
}

/// The slope of a parameter: gradientScale·gradient, held to ±limit, + decay·parameter. NaN goes through.
template <typename T>
struct Slope {
  const T* parameters;
  const T* gradient;
  Vector<T> scale, low, high, decay;

  Slope(const T* parameterList, const T* gradientList, double gradientScale, double gradientLimit, double decayFactor)
      : parameters(parameterList),
        gradient(gradientList),
        scale(splat(static_cast<T>(gradientScale))),
        low(splat(-static_cast<T>(gradientLimit))),
        high(splat(static_cast<T>(gradientLimit))),
        decay(splat(static_cast<T>(decayFactor))) {}

  template <typename Access>
  LANEWISE_INLINE Vector<T> at(int32_t i, Vector<T> parameter, Access access) const {
    const Vector<T> scaled = scale * access.load(gradient + i);
    const Vector<T> held = scaled > high ? high : (scaled < low ? low : scaled);
    return held + decay * parameter;
  }
};

template <typename T>
LANEWISE_INLINE void sgd(T* parameters, T* velocity, double rate, double momentum, bool nesterov, Slope<T> slope,
                         int32_t count) {
  const Vector<T> step = splat(static_cast<T>(rate)), share = splat(static_cast<T>(momentum));
  forEachVector<T>(count, [=](int32_t i, auto access) LANEWISE_INLINE_LAMBDA {
    const Vector<T> parameter = access.load(parameters + i);
    const Vector<T> down = step * slope.at(i, parameter, access);
    if (velocity == nullptr) {
      access.store(parameters + i, parameter - down);
      return;
    }
    const Vector<T> speed = share * access.load(velocity + i) - down;
    access.store(velocity + i, speed);
    access.store(parameters + i, parameter + (nesterov ? share * speed - down : speed));
  });
}

template <typename T>
LANEWISE_INLINE void adam(T* parameters, T* mean, T* square, double rate, double beta1, double beta2, double epsilon,
                          double rootScale, double shrink, Slope<T> slope, int32_t count) {
  const Vector<T> step = splat(static_cast<T>(rate)), small = splat(static_cast<T>(epsilon));
  const Vector<T> root = splat(static_cast<T>(rootScale)), keep = splat(static_cast<T>(shrink));
  const Vector<T> keptMean = splat(static_cast<T>(beta1)), newMean = splat(static_cast<T>(1 - beta1));
  const Vector<T> keptSquare = splat(static_cast<T>(beta2)), newSquare = splat(static_cast<T>(1 - beta2));
  forEachVector<T>(count, [=](int32_t i, auto access) LANEWISE_INLINE_LAMBDA {
    const Vector<T> parameter = access.load(parameters + i);
    const Vector<T> g = slope.at(i, parameter, access);
    const Vector<T> first = keptMean * access.load(mean + i) + newMean * g;
    const Vector<T> second = keptSquare * access.load(square + i) + newSquare * g * g;
    access.store(mean + i, first);
    access.store(square + i, second);
    const Vector<T> divisor = rootOf<T>(second) * root + small;
    access.store(parameters + i, keep * parameter - step * first / divisor);
  });
}

/// AdaGrad and RMSProp: square ← kept·square + (fresh·g)·g. With kept = fresh = 1 that is a sum.
template <typename T>
LANEWISE_INLINE void bySquares(T* parameters, T* square, double rate, double keptShare, double freshShare,
                               double epsilon, Slope<T> slope, int32_t count) {
  const Vector<T> step = splat(static_cast<T>(rate)), small = splat(static_cast<T>(epsilon));
  const Vector<T> kept = splat(static_cast<T>(keptShare)), fresh = splat(static_cast<T>(freshShare));
  forEachVector<T>(count, [=](int32_t i, auto access) LANEWISE_INLINE_LAMBDA {
    const Vector<T> parameter = access.load(parameters + i);
    const Vector<T> g = slope.at(i, parameter, access);
    const Vector<T> squares = kept * access.load(square + i) + fresh * g * g;
    access.store(square + i, squares);
    access.store(parameters + i, parameter - step * g / (rootOf<T>(squares) + small));
  });
}

}  // namespace

#define LANEWISE_OPTIMIZERS(type, suffix)                                                                          \
  void update_sgd_##suffix(type* parameters, const type* gradient, type* velocity, double rate, double momentum,  \
                           int32_t nesterov, double gradientScale, double gradientLimit, double decay,            \
                           int32_t count) {                                                                       \
    sgd<type>(parameters, velocity, rate, momentum, nesterov == 1,                                                \
              Slope<type>(parameters, gradient, gradientScale, gradientLimit, decay), count);                     \
  }                                                                                                               \
  void update_adam_##suffix(type* parameters, const type* gradient, type* mean, type* square, double rate,        \
                            double beta1, double beta2, double epsilon, double rootScale, double shrink,          \
                            double gradientScale, double gradientLimit, double decay, int32_t count) {            \
    adam<type>(parameters, mean, square, rate, beta1, beta2, epsilon, rootScale, shrink,                          \
               Slope<type>(parameters, gradient, gradientScale, gradientLimit, decay), count);                    \
  }                                                                                                               \
  void update_adagrad_##suffix(type* parameters, const type* gradient, type* square, double rate, double epsilon, \
                               double gradientScale, double gradientLimit, double decay, int32_t count) {         \
    bySquares<type>(parameters, square, rate, 1, 1, epsilon,                                                      \
                    Slope<type>(parameters, gradient, gradientScale, gradientLimit, decay), count);               \
  }                                                                                                               \
  void update_rmsprop_##suffix(type* parameters, const type* gradient, type* square, double rate, double rho,     \
                               double epsilon, double gradientScale, double gradientLimit, double decay,          \
                               int32_t count) {                                                                   \
    bySquares<type>(parameters, square, rate, rho, 1 - rho, epsilon,                                              \
                    Slope<type>(parameters, gradient, gradientScale, gradientLimit, decay), count);               \
  }
LANEWISE_OPTIMIZERS(float, f32)
LANEWISE_OPTIMIZERS(double, f64)
#undef LANEWISE_OPTIMIZERS

}  // namespace lanewise::LANEWISE_ISA
