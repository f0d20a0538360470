// What a network does beside its matrix products: src/kernels/network.ts is the law.
namespace lanewise::LANEWISE_ISA {

namespace network {

using Real = Vector<double>;
using Single = Vector<float>;
/// As many floats as a vector has doubles.
typedef float Floats __attribute__((vector_size(vectorBytes / 2)));
inline constexpr int32_t wideStep = vectorLength<double>;

enum Activation : int32_t { identity, relu, tanh, logistic, gelu };

/// Up to a vector of doubles, from floats; the lanes behind `count` hold 1.
LANEWISE_INLINE Real wide(const float* from, int32_t count) {
  Floats floats = 1.0f - Floats{};
  if (count == wideStep) {
    std::memcpy(&floats, from, sizeof floats);
  } else {
    std::memcpy(&floats, from, static_cast<size_t>(count) * sizeof(float));
  }
  return __builtin_convertvector(floats, Real);
}

LANEWISE_INLINE void narrow(float* to, Real values, int32_t count) {
  const Floats floats = __builtin_convertvector(values, Floats);
  if (count == wideStep) {
    std::memcpy(to, &floats, sizeof floats);
  } else {
    std::memcpy(to, &floats, static_cast<size_t>(count) * sizeof(float));
  }
}

LANEWISE_INLINE void storeWide(double* to, Real values, int32_t count) {
  if (count == wideStep) {
    storeVector(to, values);
  } else {
    storePart(to, values, count);
  }
}

/// Calls body(i, count) for runs of up to a vector of doubles.
template <typename Body>
LANEWISE_INLINE void forEachWide(size_t length, Body body) {
  size_t i = 0;
  for (; i + wideStep <= length; i += wideStep) body(i, wideStep);
  if (i < length) body(i, static_cast<int32_t>(length - i));
}

LANEWISE_INLINE double total(const double* losses, int32_t rowCount) {
  return laneSum<double>(rowCount, [=](int32_t i, auto access) LANEWISE_INLINE_LAMBDA { return access.load(losses + i); });
}

/// √(2/π)·(x + 0.044715·x³)
LANEWISE_INLINE Real geluArgument(Real x) { return 0.7978845608028654 * (x + 0.044715 * (x * x * x)); }

template <Activation code>
LANEWISE_INLINE Real smooth(Real x) {
  if constexpr (code == tanh) return elementary::tanh(x);
  if constexpr (code == logistic) return elementary::sigmoid(x);
  return 0.5 * x * (1 + elementary::tanh(geluArgument(x)));
}

LANEWISE_INLINE Real geluSlope(Real x) {
  const Real t = elementary::tanh(geluArgument(x));
  const Real inner = 0.7978845608028654 * (1 + (3 * 0.044715) * (x * x));
  return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * inner;
}

template <Activation code>
void forward(float* sums, const float* bias, float* out, int32_t rowCount, int32_t unitCount) {
  const size_t units = static_cast<size_t>(unitCount);
  for (int32_t row = 0; row < rowCount; row++, sums += units, out += units) {
    forEachVector<float>(unitCount, [=](int32_t j, auto access) LANEWISE_INLINE_LAMBDA {
      const Single value = access.load(sums + j) + access.load(bias + j);
      access.store(sums + j, value);
      if constexpr (code == identity) access.store(out + j, value);
      if constexpr (code == relu) access.store(out + j, value < 0 ? Single{} : value);
    });
    if constexpr (code > relu) {
      forEachWide(units, [=](size_t j, int32_t count)
                             LANEWISE_INLINE_LAMBDA { narrow(out + j, smooth<code>(wide(sums + j, count)), count); });
    }
  }
}

template <Activation code>
void backward(const float* outputs, float* delta, int32_t length) {
  forEachVector<float>(length, [=](int32_t i, auto access) LANEWISE_INLINE_LAMBDA {
    const Single y = access.load(outputs + i), d = access.load(delta + i);
    if constexpr (code == relu) access.store(delta + i, y > 0 ? d : Single{});
    if constexpr (code == tanh) access.store(delta + i, d * (1 - y * y));
    if constexpr (code == logistic) access.store(delta + i, d * (y * (1 - y)));
  });
}

}  // namespace network

void gather_rows_f32(const float* source, const uint32_t* indices, float* out, int32_t rowCount, int32_t columnCount,
                     int32_t /*sourceRows*/) {
  const size_t columns = static_cast<size_t>(columnCount);
  for (int32_t i = 0; i < rowCount; i++) {
    std::memcpy(out + static_cast<size_t>(i) * columns, source + indices[i] * columns, columns * sizeof(float));
  }
}

void layer_forward_f32(float* sums, const float* bias, float* out, int32_t activation, int32_t rowCount,
                       int32_t unitCount) {
  using namespace network;
  switch (activation) {
    case relu:
      return forward<relu>(sums, bias, out, rowCount, unitCount);
    case network::tanh:
      return forward<network::tanh>(sums, bias, out, rowCount, unitCount);
    case logistic:
      return forward<logistic>(sums, bias, out, rowCount, unitCount);
    case gelu:
      return forward<gelu>(sums, bias, out, rowCount, unitCount);
    default:
      return forward<identity>(sums, bias, out, rowCount, unitCount);
  }
}

void layer_backward_f32(const float* sums, const float* outputs, float* delta, int32_t activation, int32_t rowCount,
                        int32_t unitCount) {
  using namespace network;
  const int32_t length = rowCount * unitCount;
  if (activation == relu) backward<relu>(outputs, delta, length);
  if (activation == network::tanh) backward<network::tanh>(outputs, delta, length);
  if (activation == logistic) backward<logistic>(outputs, delta, length);
  if (activation == gelu) {
    forEachWide(static_cast<size_t>(length), [=](size_t i, int32_t count) LANEWISE_INLINE_LAMBDA {
      const Floats slope = __builtin_convertvector(geluSlope(wide(sums + i, count)), Floats);
      float slopes[wideStep];
      std::memcpy(slopes, &slope, sizeof slope);
      for (int32_t k = 0; k < count; k++) delta[i + static_cast<size_t>(k)] *= slopes[k];
    });
  }
}

double softmax_loss_f32(float* scores, const float* target, const float* weights, double* losses, double* parts,
                        double scale, int32_t rowCount, int32_t unitCount) {
  using namespace network;
  const size_t classes = static_cast<size_t>(unitCount);
  for (int32_t row = 0; row < rowCount; row++, scores += classes) {
    float highest = scores[0];
    for (size_t k = 1; k < classes; k++) {
      if (scores[k] > highest) highest = scores[k];
    }
    const double top = static_cast<double>(highest);
    forEachWide(classes, [=](size_t k, int32_t count) LANEWISE_INLINE_LAMBDA {
      storeWide(parts + k, elementary::exp(wide(scores + k, count) - top), count);
    });
    double sum = 0;
    for (size_t k = 0; k < classes; k++) sum += parts[k];
    const size_t hit = static_cast<size_t>(target[row]);
    const double weight = weights == nullptr ? 1.0 : static_cast<double>(weights[row]);
    const double logSum = elementary::log(splat(sum))[0];
    losses[row] = weight * (logSum - (static_cast<double>(scores[hit]) - top));
    const double factor = scale * weight;
    for (size_t k = 0; k < classes; k++) {
      scores[k] = static_cast<float>(factor * (parts[k] / sum - (k == hit ? 1.0 : 0.0)));
    }
  }
  return total(losses, rowCount);
}

double logistic_loss_f32(float* scores, const float* target, const float* weights, double* losses, double scale,
                         int32_t rowCount) {
  using namespace network;
  using elementary::select;
  forEachWide(static_cast<size_t>(rowCount), [=](size_t i, int32_t count) LANEWISE_INLINE_LAMBDA {
    const Real z = wide(scores + i, count), truth = wide(target + i, count);
    const Real weight = weights == nullptr ? splat(1.0) : wide(weights + i, count);
    const Real power = elementary::exp(elementary::negated(elementary::magnitude(z)));
    const Real share = 1 / (1 + power);
    const Real probability = select(z < 0, power * share, share);
    const Real loss = elementary::log1p(power) + (select(z > 0, z, Real{}) - truth * z);
    storeWide(losses + i, weight * loss, count);
    narrow(scores + i, scale * weight * (probability - truth), count);
  });
  return total(losses, rowCount);
}

double squared_loss_f32(float* scores, const float* target, const float* weights, double* losses, double scale,
                        int32_t rowCount) {
  using namespace network;
  forEachWide(static_cast<size_t>(rowCount), [=](size_t i, int32_t count) LANEWISE_INLINE_LAMBDA {
    const Real error = wide(scores + i, count) - wide(target + i, count);
    const Real weight = weights == nullptr ? splat(1.0) : wide(weights + i, count);
    storeWide(losses + i, weight * (0.5 * error * error), count);
    narrow(scores + i, scale * weight * error, count);
  });
  return total(losses, rowCount);
}

void dropout_f32(float* values, uint32_t* /*words*/, int32_t keyLow, int32_t keyHigh, double startIndex, double bound,
                 double factor, int32_t count) {
  uint32_t words[4 * philoxWidth];
  const float grown = static_cast<float>(factor);
  const uint64_t limit = static_cast<uint64_t>(bound);
  uint64_t block = static_cast<uint64_t>(startIndex) >> 2;
  for (int32_t i = 0; i < count; i += 4 * philoxWidth, block += philoxWidth) {
    philoxBlocks(block, static_cast<uint32_t>(keyLow), static_cast<uint32_t>(keyHigh), words);
    const int32_t rest = count - i < 4 * philoxWidth ? count - i : 4 * philoxWidth;
    for (int32_t k = 0; k < rest; k++) values[i + k] = words[k] < limit ? 0.0f : values[i + k] * grown;
  }
}

void batch_norm_forward_f32(float* values, float* normalized, const float* gamma, float* inverse, float* runningMean,
                            float* runningVariance, double* sums, double kept, double epsilon, int32_t rowCount,
                            int32_t unitCount) {
  const size_t units = static_cast<size_t>(unitCount);
  double* squares = sums + units;
  for (size_t j = 0; j < 2 * units; j++) sums[j] = 0;
  const float* end = values + static_cast<size_t>(rowCount) * units;
  for (const float* row = values; row < end; row += units) {
    for (size_t j = 0; j < units; j++) sums[j] += static_cast<double>(row[j]);
  }
  const double rows = static_cast<double>(rowCount);
  for (size_t j = 0; j < units; j++) sums[j] = sums[j] / rows;
  for (const float* row = values; row < end; row += units) {
    for (size_t j = 0; j < units; j++) {
      const double distance = static_cast<double>(row[j]) - sums[j];
      squares[j] += distance * distance;
    }
  }
  const double others = rowCount > 1 ? rows - 1 : 1;
  for (size_t j = 0; j < units; j++) {
    runningMean[j] = static_cast<float>(kept * static_cast<double>(runningMean[j]) + (1 - kept) * sums[j]);
    const double variance = squares[j] / others;
    runningVariance[j] = static_cast<float>(kept * static_cast<double>(runningVariance[j]) + (1 - kept) * variance);
    squares[j] = 1 / __builtin_sqrt(squares[j] / rows + epsilon);
    inverse[j] = static_cast<float>(squares[j]);
  }
  for (float* row = values; row < end; row += units, normalized += units) {
    for (size_t j = 0; j < units; j++) {
      const float unit = static_cast<float>((static_cast<double>(row[j]) - sums[j]) * squares[j]);
      normalized[j] = unit;
      row[j] = gamma[j] * unit;
    }
  }
}

void batch_norm_backward_f32(float* delta, const float* normalized, const float* gamma, const float* inverse,
                             float* gammaGradient, double* sums, int32_t rowCount, int32_t unitCount) {
  const size_t units = static_cast<size_t>(unitCount);
  const size_t length = static_cast<size_t>(rowCount) * units;
  double* products = sums + units;
  for (size_t j = 0; j < 2 * units; j++) sums[j] = 0;
  for (size_t start = 0; start < length; start += units) {
    for (size_t j = 0; j < units; j++) {
      const double d = static_cast<double>(delta[start + j]);
      sums[j] += d;
      products[j] += d * static_cast<double>(normalized[start + j]);
    }
  }
  const double rows = static_cast<double>(rowCount);
  for (size_t j = 0; j < units; j++) {
    gammaGradient[j] = static_cast<float>(products[j]);
    sums[j] = sums[j] / rows;
    products[j] = products[j] / rows;
  }
  for (size_t start = 0; start < length; start += units) {
    for (size_t j = 0; j < units; j++) {
      const double shift = sums[j] + static_cast<double>(normalized[start + j]) * products[j];
      const double factor = static_cast<double>(gamma[j]) * static_cast<double>(inverse[j]);
      delta[start + j] = static_cast<float>(factor * (static_cast<double>(delta[start + j]) - shift));
    }
  }
}

double sum_of_squares_f32(const float* values, double* /*lanes*/, int32_t count) {
  using namespace network;
  Lanes<double> lanes;
  int32_t i = 0;
  for (; i + LANES <= count; i += LANES) {
#pragma GCC unroll 32
    for (int k = 0; k < Lanes<double>::count; k++) {
      const Real x = wide(values + i + k * wideStep, wideStep);
      lanes.sums[k] += x * x;
    }
  }
  double rest[LANES];
  std::memcpy(rest, lanes.sums, sizeof rest);
  for (int lane = 0; i < count; i++, lane++) {
    const double x = static_cast<double>(values[i]);
    rest[lane] += x * x;
  }
  std::memcpy(lanes.sums, rest, sizeof rest);
  return lanes.fold();
}

}  // namespace lanewise::LANEWISE_ISA
