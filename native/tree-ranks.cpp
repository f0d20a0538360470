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

/// Where the ranks of a column go, and what NaN is there.
struct RankPlanes {
  int8_t* ranks;
  int8_t* others;
  int8_t missing;

  template <bool both>
  LANEWISE_INLINE void put(int32_t row, double value, int32_t rank) const {
    const int8_t byte = static_cast<int8_t>(rank - 128);
    ranks[row] = value == value ? byte : missing;
    if (both) others[row] = value == value ? byte : static_cast<int8_t>(~missing);
  }
};

/// Edges below the values of a column by their cells: those of the cells before, and those of its own that are below.
template <int32_t probes, bool both>
void rankByCells(const double* values, const double* edges, const uint8_t* cells, const RankPlanes& planes, double last,
                 double low, double scale, int32_t rowCount) {
  for (int32_t row = 0; row < rowCount; row++) {
    const double value = values[row];
    double place = (value - low) * scale;
    place = place > 0 ? place : 0;  // a missing value lands in cell 0
    place = place < last ? place : last;
    const int32_t before = cells[static_cast<int32_t>(place)];
    int32_t rank = before;
#pragma GCC unroll 4
    for (int32_t i = 0; i < probes; i++) rank += edges[before + i] < value;
    planes.put<both>(row, value, rank);
  }
}

template <bool both>
void rankColumn(const double* values, const double* edges, const uint8_t* cells, const RankPlanes& planes,
                int32_t cellCount, double low, double scale, int32_t probes, int32_t rowCount) {
  const double last = static_cast<double>(cellCount - 1);
  switch (probes) {
    case 1: return rankByCells<1, both>(values, edges, cells, planes, last, low, scale, rowCount);
    case 2: return rankByCells<2, both>(values, edges, cells, planes, last, low, scale, rowCount);
    case 3: return rankByCells<3, both>(values, edges, cells, planes, last, low, scale, rowCount);
    case 4: return rankByCells<4, both>(values, edges, cells, planes, last, low, scale, rowCount);
    default: break;
  }
  for (int32_t row = 0; row < rowCount; row++) planes.put<both>(row, values[row], rankBySearch(edges, values[row]));
}

}  // namespace

void ranks_encode_f64(const double* values, const double* edges, const uint8_t* cells, int8_t* ranks, int8_t* others,
                      int32_t /*edgeCount*/, int32_t cellCount, double low, double scale, int32_t probes,
                      int32_t missing, int32_t rowCount) {
  const RankPlanes planes{ranks, others, static_cast<int8_t>(missing)};
  if (others == nullptr) return rankColumn<false>(values, edges, cells, planes, cellCount, low, scale, probes, rowCount);
  rankColumn<true>(values, edges, cells, planes, cellCount, low, scale, probes, rowCount);
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
