// The law is src/kernels/tree-sampling.ts.
namespace lanewise::LANEWISE_ISA {

namespace {

/// The upper bits of |gradient| · hessian, rounded to f32.
LANEWISE_INLINE int32_t sizeBucket(float gradient, float hessian, int32_t shift) {
  const float size = static_cast<float>(__builtin_fabs(static_cast<double>(gradient) * static_cast<double>(hessian)));
  uint32_t bits;
  std::memcpy(&bits, &size, sizeof bits);
  return static_cast<int32_t>(bits >> shift);
}

}  // namespace

void gradient_sizes_count_f32(const float* gradients, const float* hessians, const uint32_t* rows, int32_t* counts,
                              int32_t shift, int32_t firstRow, int32_t /*dataRows*/, int32_t rowCount) {
  for (int32_t i = 0; i < rowCount; i++) {
    const uint32_t at = rows[i] - static_cast<uint32_t>(firstRow);
    counts[sizeBucket(gradients[at], hessians[at], shift)]++;
  }
}

int32_t rows_sample_u32(const uint32_t* words, float* gradients, float* hessians, uint32_t* rows, uint32_t* scratch,
                        double limit, int32_t shift, int32_t bucket, double factor, int32_t firstRow, int32_t /*dataRows*/,
                        int32_t rowCount) {
  int32_t drawn = 0, rest = 0;
  for (int32_t i = 0; i < rowCount; i++) {
    const uint32_t row = rows[i], at = row - static_cast<uint32_t>(firstRow);
    int32_t take = words[at] < limit;
    if (gradients != nullptr) {
      if (sizeBucket(gradients[at], hessians[at], shift) > bucket) {
        take = 1;
      } else if (take != 0) {
        gradients[at] = static_cast<float>(gradients[at] * factor);
        hessians[at] = static_cast<float>(hessians[at] * factor);
      }
    }
    // Both sides are written and one is kept: no branch to guess wrong.
    rows[drawn] = row;
    scratch[rest] = row;
    drawn += take;
    rest += take ^ 1;
  }
  if (rest > 0) std::memcpy(rows + drawn, scratch, static_cast<size_t>(rest) * sizeof(uint32_t));
  return drawn;
}

}  // namespace lanewise::LANEWISE_ISA
