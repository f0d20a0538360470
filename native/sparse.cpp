// The law is src/kernels/sparse.ts.
namespace lanewise::LANEWISE_ISA {

void sparse_multiply_f64(const int32_t* offsets, const int32_t* indices, const double* values, const double* dense,
                         double* out, int32_t rowCount, int32_t /*entryCount*/, int32_t /*columnCount*/,
                         int32_t outputCount) {
  const size_t width = static_cast<size_t>(outputCount);
  for (int32_t row = 0; row < rowCount; row++, out += width) {
    if (width == 1) {
      double sum = 0;
      for (int32_t entry = offsets[row]; entry < offsets[row + 1]; entry++) {
        sum = values[entry] * dense[indices[entry]] + sum;
      }
      *out = sum;
      continue;
    }
    std::memset(out, 0, width * sizeof(double));
    for (int32_t entry = offsets[row]; entry < offsets[row + 1]; entry++) {
      const double value = values[entry];
      const double* from = dense + static_cast<size_t>(indices[entry]) * width;
      for (size_t k = 0; k < width; k++) out[k] = value * from[k] + out[k];
    }
  }
}

void sparse_moments_f64(const int32_t* offsets, const double* values, double* sums, double* squares, int32_t rowCount,
                        int32_t /*entryCount*/) {
  for (int32_t row = 0; row < rowCount; row++) {
    double sum = 0, square = 0;
    for (int32_t entry = offsets[row]; entry < offsets[row + 1]; entry++) {
      sum = values[entry] + sum;
      square = values[entry] * values[entry] + square;
    }
    sums[row] = sum;
    squares[row] = square;
  }
}

}  // namespace lanewise::LANEWISE_ISA
