// Bytes of inputs, for ensembles of trees: src/kernels/tree-ranks.ts is the law.
namespace lanewise::LANEWISE_ISA {

namespace {

/// Edges below a value by bisection of 255 places; behind the last edge lies +Inf, below which nothing lies.
LANEWISE_INLINE int32_t rankBySearch(const double* edges, double value) {
  int32_t rank = 0;
#pragma GCC unroll 8
  for (int32_t half = 128; half > 0; half /= 2) rank += edges[rank + half - 1] < value ? half : 0;
  return rank;
}

/// Edges below the values of a column by their cells: those of the cells before, and those of its own that are below.
template <int32_t probes>
void rankByCells(const double* values, const double* edges, const uint8_t* cells, int8_t* ranks, double last, double low,
                 double scale, int8_t missing, int32_t rowCount) {
  for (int32_t row = 0; row < rowCount; row++) {
    const double value = values[row];
    double place = (value - low) * scale;
    place = place > 0 ? place : 0;  // a missing value lands in cell 0
    place = place < last ? place : last;
    const int32_t before = cells[static_cast<int32_t>(place)];
    int32_t rank = before;
#pragma GCC unroll 4
    for (int32_t i = 0; i < probes; i++) rank += edges[before + i] < value;
    ranks[row] = value == value ? static_cast<int8_t>(rank - 128) : missing;
  }
}

}  // namespace

void ranks_encode_f64(const double* values, const double* edges, const uint8_t* cells, int8_t* ranks,
                      int32_t /*edgeCount*/, int32_t cellCount, double low, double scale, int32_t probes,
                      int32_t missing, int32_t rowCount) {
  const double last = static_cast<double>(cellCount - 1);
  const int8_t rankOfMissing = static_cast<int8_t>(missing);
  switch (probes) {
    case 1: return rankByCells<1>(values, edges, cells, ranks, last, low, scale, rankOfMissing, rowCount);
    case 2: return rankByCells<2>(values, edges, cells, ranks, last, low, scale, rankOfMissing, rowCount);
    case 3: return rankByCells<3>(values, edges, cells, ranks, last, low, scale, rankOfMissing, rowCount);
    case 4: return rankByCells<4>(values, edges, cells, ranks, last, low, scale, rankOfMissing, rowCount);
    default: break;
  }
  for (int32_t row = 0; row < rowCount; row++) {
    const double value = values[row];
    ranks[row] = value == value ? static_cast<int8_t>(rankBySearch(edges, value) - 128) : rankOfMissing;
  }
}

void codes_encode_f64(const double* values, int8_t* bytes, int8_t* bits, int32_t firstCode, int32_t codeCount,
                      int32_t rowCount) {
  for (int32_t row = 0; row < rowCount; row++) {
    const double value = values[row];
    const bool known = value >= 0 && value < codeCount && __builtin_trunc(value) == value;
    const int32_t code = known ? static_cast<int32_t>(value) : codeCount;
    const int32_t place = code - firstCode;
    bytes[row] = static_cast<int8_t>(place >= 0 && place < 256 ? place >> 3 : -1);
    bits[row] = static_cast<int8_t>(1 << (code & 7));
  }
}

}  // namespace lanewise::LANEWISE_ISA
