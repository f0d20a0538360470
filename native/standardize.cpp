// Columns centred and scaled: src/kernels/standardize.ts is the law.
namespace lanewise::LANEWISE_ISA {

namespace {

/// Sums of 32 virtual lanes that restart at every tile of 256 rows.
template <typename Term>
LANEWISE_INLINE double tileSum(int32_t rowCount, Term term) {
  constexpr int32_t tile = 256;
  double sum = 0;
  for (int32_t start = 0; start < rowCount; start += tile) {
    const int32_t rows = rowCount - start < tile ? rowCount - start : tile;
    sum += laneSum<double>(rows, [=](int32_t i, auto access) LANEWISE_INLINE_LAMBDA { return term(start + i, access); });
  }
  return sum;
}

}  // namespace

void column_moments_f64(const double* x, const double* weights, double* moments, double* /*terms*/, int32_t rowCount) {
  const bool weighted = weights != nullptr;
  const double total =
      weighted ? tileSum(rowCount, [=](int32_t i, auto access) LANEWISE_INLINE_LAMBDA { return access.load(weights + i); })
               : rowCount;
  const double sum = tileSum(rowCount, [=](int32_t i, auto access) LANEWISE_INLINE_LAMBDA {
    const auto value = access.load(x + i);
    return weighted ? access.load(weights + i) * value : value;
  });
  const double mean = total == 0 ? 0 : sum / total;
  moments[0] = total;
  moments[1] = mean;
  moments[2] = tileSum(rowCount, [=](int32_t i, auto access) LANEWISE_INLINE_LAMBDA {
    const auto deviation = access.load(x + i) - mean;
    const auto square = deviation * deviation;
    return weighted ? access.load(weights + i) * square : square;
  });
}

void column_standardize_f64(double* x, double shift, double scale, int32_t rowCount) {
  for (int32_t i = 0; i < rowCount; i++) x[i] = (x[i] - shift) / scale;
}

}  // namespace lanewise::LANEWISE_ISA
