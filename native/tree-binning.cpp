// The law is src/kernels/tree-binning.ts. Edges and bins are exact whatever cells values are searched by: cells only say where
// to look, and rounding keeps the order of values, so an edge or a value in a lower cell is below.
namespace lanewise::LANEWISE_ISA {

namespace {

constexpr int binCells = 4096;
/// Behind the last edge lies +Inf: a search may look this far.
constexpr int binEdgePlaces = 512;
constexpr size_t binTableBytes = binCells + binEdgePlaces * sizeof(double) + 64;
constexpr int edgePlaces = 256;
constexpr int mostColumns = 14;
constexpr uint8_t binOfMissing = 255;
/// Rows whose group stays in the first-level cache while column after column is written into it.
constexpr int32_t encodedRows = 1024;

/// A range of numbers in cells of equal width; outside, a number lies in the first or the last.
struct NumberCells {
  double low = 0;
  double scale = 0;
  double last = 0;

  NumberCells() = default;
  NumberCells(double from, double to, int32_t count) {
    const double factor = (count - 1) / (to - from);
    // Infinite or subnormal ranges: one cell for all.
    if (!(factor < __builtin_inf() && factor > 0 && from > -__builtin_inf())) return;
    low = from;
    scale = factor;
    last = count - 1;
  }

  LANEWISE_INLINE int32_t of(double value) const {
    double place = (value - low) * scale;
    place = place > 0 ? place : 0;  // a missing value lands in cell 0
    place = place < last ? place : last;
    return static_cast<int32_t>(place);
  }
};

/// What the search for a column's bins needs.
struct ColumnSearch {
  NumberCells cells;
  const uint8_t* starts;
  const double* edges;
  int32_t halvings;
};

/// Lays the tables of a column: how many edges lie in the cells before each, and the edges.
ColumnSearch searchFor(const double* edges, int32_t edgeCount, uint8_t* table) {
  ColumnSearch search;
  if (edgeCount > 1) search.cells = NumberCells(edges[0], edges[edgeCount - 1], binCells);
  double* padded = reinterpret_cast<double*>(table + binCells);
  std::memcpy(padded, edges, static_cast<size_t>(edgeCount) * sizeof(double));
  int32_t next = 0, inCell = 0, most = 0;
  for (int32_t edge = 0; edge < edgeCount; edge++) {
    const int32_t cell = search.cells.of(edges[edge]);
    inCell = cell < next ? inCell + 1 : 1;
    most = inCell > most ? inCell : most;
    for (; next <= cell; next++) table[next] = static_cast<uint8_t>(edge);
  }
  std::memset(table + next, edgeCount, static_cast<size_t>(binCells - next));
  search.starts = table;
  search.edges = padded;
  search.halvings = 0;
  while ((1 << search.halvings) <= most) search.halvings++;
  const int32_t end = edgeCount + (1 << search.halvings);
  for (int32_t place = edgeCount; place < end; place++) padded[place] = __builtin_inf();
  return search;
}

template <int halvings>
void encodeColumn(const ColumnSearch& search, const double* values, uint8_t* bins, size_t rowBytes, int32_t rowCount) {
  const NumberCells cells = search.cells;
  const uint8_t* starts = search.starts;
  const double* edges = search.edges;
  const int steps = halvings < 0 ? search.halvings : halvings;
  int32_t row = 0;
#if defined(__AVX512F__)
  const __m512d low = _mm512_set1_pd(cells.low), scale = _mm512_set1_pd(cells.scale), last = _mm512_set1_pd(cells.last);
  for (; row + 8 <= rowCount; row += 8) {
    const __m512d value = _mm512_loadu_pd(values + row);
    // Of a missing value and 0, 0.
    const __m512d place = _mm512_max_pd(_mm512_mul_pd(_mm512_sub_pd(value, low), scale), _mm512_setzero_pd());
    const __m256i cell = _mm512_cvttpd_epi32(_mm512_min_pd(place, last));
    // Behind the last start lie the edges: four bytes may be read.
    __m256i bin = _mm256_and_si256(_mm256_i32gather_epi32(reinterpret_cast<const int*>(starts), cell, 1),
                                   _mm256_set1_epi32(255));
    for (int32_t half = (1 << steps) >> 1; half > 0; half >>= 1) {
      const __mmask8 isBelow = _mm512_cmp_pd_mask(_mm512_i32gather_pd(bin, edges + half - 1, 8), value, _CMP_LT_OQ);
      bin = _mm256_mask_add_epi32(bin, isBelow, bin, _mm256_set1_epi32(half));
    }
    const __mmask8 known = _mm512_cmp_pd_mask(value, value, _CMP_ORD_Q);
    const __m256i written = _mm256_mask_mov_epi32(_mm256_set1_epi32(binOfMissing), known, bin);
    uint64_t bytes = static_cast<uint64_t>(_mm_cvtsi128_si64(_mm256_cvtepi32_epi8(written)));
    for (int i = 0; i < 8; i++, bytes >>= 8, bins += rowBytes) *bins = static_cast<uint8_t>(bytes);
  }
#endif
  for (; row < rowCount; row++) {
    const double value = values[row];
    int32_t bin = starts[cells.of(value)];
    for (int32_t half = (1 << steps) >> 1; half > 0; half >>= 1) bin += edges[bin + half - 1] < value ? half : 0;
    *bins = value == value ? static_cast<uint8_t>(bin) : binOfMissing;
    bins += rowBytes;
  }
}

void encodeRows(const ColumnSearch& search, const double* values, uint8_t* bins, size_t rowBytes, int32_t rowCount) {
  switch (search.halvings) {
    case 0: return encodeColumn<0>(search, values, bins, rowBytes, rowCount);
    case 1: return encodeColumn<1>(search, values, bins, rowBytes, rowCount);
    case 2: return encodeColumn<2>(search, values, bins, rowBytes, rowCount);
    case 3: return encodeColumn<3>(search, values, bins, rowBytes, rowCount);
    default: return encodeColumn<-1>(search, values, bins, rowBytes, rowCount);
  }
}

/// Cells that a sample is parted into at most, and for so many values each.
constexpr int32_t mostSampleCells = 16384;
constexpr int32_t valuesOfCell = 8;
/// Values of a cell that are sorted by insertion.
constexpr int32_t fewInCell = 64;
/// Numbers that hold the counters of cells.
constexpr int32_t cellCounters = mostSampleCells / 2 + 8;
typedef uint32_t CellCount __attribute__((may_alias));

/// Goes through groups of equal values, ascending, and sets an edge where a bin is full.
struct EdgeWalk {
  double* edges;
  int32_t mostEdges;
  int32_t edgeCount = 0;
  double total, heavy, wanted;
  double before = 0, inBin = 0;
  bool begun = false;

  EdgeWalk(double* places, int32_t maxBins, double weight)
      : edges(places), mostEdges(maxBins - 1), total(weight), heavy(weight / maxBins), wanted(heavy) {}

  bool over() const { return edgeCount >= mostEdges; }

  /// No edge lies below any of so many more values, each of weight 1.
  bool passes(double count) const { return inBin + count <= wanted && count < heavy; }

  bool full(double weight) const { return begun && (inBin >= wanted || (weight >= heavy && inBin >= wanted / 2)); }

  void addEdge(double below, double value) {
    const double middle = below + (value - below) / 2;
    edges[edgeCount++] = middle >= below && middle < value ? middle : below;
    before += inBin;
    inBin = 0;
    wanted = (total - before) / (mostEdges + 1 - edgeCount);
  }

  void add(double weight) {
    inBin += weight;
    begun = true;
  }

  /// Where the values cross 0, one edge is 0.
  void setZero(double least) {
    int32_t first = 0;
    while (first < edgeCount && !(edges[first] >= 0)) first++;
    if (first > 0 && first < edgeCount && least < 0 && edges[first] > 0) edges[first] = 0;
  }
};

/// Ascending values with their weights.
void walkWeighted(EdgeWalk& walk, const double* sorted, const double* weights, int32_t count) {
  for (int32_t start = 0; start < count && !walk.over();) {
    const double value = sorted[start];
    int32_t end = start;
    double weight = 0;
    for (; end < count && sorted[end] == value; end++) weight += weights[end];
    if (walk.full(weight)) walk.addEdge(sorted[start - 1], value);
    walk.add(weight);
    start = end;
  }
}

/// Ascending values of a cell; `below`: of the cell before that holds any, the values in any order.
void walkCell(EdgeWalk& walk, const double* sorted, int32_t count, const double* below, int32_t belowCount) {
  for (int32_t start = 0; start < count && !walk.over();) {
    const double value = sorted[start];
    int32_t end = start + 1;
    while (end < count && sorted[end] == value) end++;
    const double weight = end - start;
    if (walk.full(weight)) {
      double last = start > 0 ? sorted[start - 1] : below[0];
      for (int32_t i = 1; start == 0 && i < belowCount; i++) last = below[i] > last ? below[i] : last;
      walk.addEdge(last, value);
    }
    walk.add(weight);
    start = end;
  }
}

void sortCell(double* values, int32_t count, double* scratch) {
  if (count > fewInCell) return values_sort_f64(values, nullptr, scratch, count);
  for (int32_t i = 1; i < count; i++) {
    const double value = values[i];
    int32_t place = i;
    for (; place > 0 && values[place - 1] > value; place--) values[place] = values[place - 1];
    values[place] = value;
  }
}

/// Values of weight 1 are parted into cells, of which only those are sorted in which an edge may lie.
void walkCells(EdgeWalk& walk, const double* values, int32_t count, int32_t present, double least, double largest,
               double* scratch) {
  double* parted = scratch;
  CellCount* ends = reinterpret_cast<CellCount*>(scratch + count);
  double* room = scratch + count + cellCounters;
  int32_t cellCount = 64;
  while (cellCount < mostSampleCells && cellCount * valuesOfCell < present) cellCount *= 2;
  const NumberCells cells(least, largest, cellCount);
  std::memset(ends, 0, (static_cast<size_t>(cellCount) + 1) * sizeof(CellCount));
  for (int32_t i = 0; i < count; i++) {
    if (values[i] == values[i]) ends[cells.of(values[i]) + 1]++;
  }
  for (int32_t cell = 0; cell < cellCount; cell++) ends[cell + 1] += ends[cell];
  // Each cell's counter goes from its start to its end, where the next one starts.
  for (int32_t i = 0; i < count; i++) {
    if (values[i] == values[i]) parted[ends[cells.of(values[i])]++] = values[i];
  }
  int32_t below = 0, belowCount = 0;
  for (int32_t cell = 0; cell < cellCount && !walk.over(); cell++) {
    const int32_t start = cell == 0 ? 0 : static_cast<int32_t>(ends[cell - 1]);
    const int32_t inCell = static_cast<int32_t>(ends[cell]) - start;
    if (inCell == 0) continue;
    if (walk.passes(inCell)) {
      walk.add(inCell);
    } else {
      sortCell(parted + start, inCell, room);
      walkCell(walk, parted + start, inCell, parted + below, belowCount);
    }
    below = start;
    belowCount = inCell;
  }
}

struct Extent {
  double least;
  double largest;
  /// Values that are not missing.
  int32_t present;
};

/// In lanes, so that no comparison waits for the one before.
Extent extentOf(const double* values, int32_t count) {
  constexpr int lanes = vectorLength<double>;
  Vector<double> leasts = splat(__builtin_inf()), largests = splat(-__builtin_inf());
  Vector<int64_t> known = {};
  int32_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const Vector<double> value = loadVector(values + i);
    leasts = value < leasts ? value : leasts;
    largests = value > largests ? value : largests;
    known -= value == value;
  }
  Extent extent{__builtin_inf(), -__builtin_inf(), 0};
  const auto take = [&](double value) {
    extent.least = value < extent.least ? value : extent.least;
    extent.largest = value > extent.largest ? value : extent.largest;
  };
  for (int lane = 0; lane < lanes; lane++) {
    take(leasts[lane]);
    take(largests[lane]);
    extent.present += static_cast<int32_t>(known[lane]);
  }
  for (; i < count; i++) {
    take(values[i]);
    extent.present += values[i] == values[i];
  }
  return extent;
}

/// Copies what is not missing, and returns how much that is.
int32_t copyPresent(const double* values, const double* weights, double* sorted, double* sortedWeights, int32_t count) {
  int32_t present = 0;
  for (int32_t i = 0; i < count; i++) {
    if (values[i] != values[i]) continue;
    sorted[present] = values[i];
    sortedWeights[present++] = weights[i];
  }
  return present;
}

}  // namespace

int32_t bin_edges_f64(const double* values, const double* weights, double* edges, double* scratch, int32_t maxBins,
                      int32_t count) {
  const auto [least, largest, present] = extentOf(values, count);
  double total = present;
  double* sortedWeights = scratch + count;
  if (weights != nullptr) {
    copyPresent(values, weights, scratch, sortedWeights, count);
    values_sort_f64(scratch, sortedWeights, scratch + 2 * static_cast<size_t>(count), present);
    total = 0;
    for (int32_t i = 0; i < present; i++) total += sortedWeights[i];
  }
  EdgeWalk walk(edges, maxBins, total);
  if (weights != nullptr) walkWeighted(walk, scratch, sortedWeights, present);
  else if (present > 0) walkCells(walk, values, count, present, least, largest, scratch);
  walk.setZero(least);
  for (int32_t place = walk.edgeCount; place < maxBins; place++) edges[place] = __builtin_inf();
  return walk.edgeCount;
}

void bins_encode_f64(const double* values, const double* edges, const int32_t* edgeCounts, const int32_t* slots,
                     uint8_t* bins, uint8_t* scratch, int32_t columnCount, int32_t stride, int32_t rowBytes,
                     int32_t rowCount) {
  ColumnSearch searches[mostColumns];
  for (int32_t column = 0; column < columnCount; column++) {
    const size_t place = static_cast<size_t>(column);
    searches[column] = searchFor(edges + edgePlaces * place, edgeCounts[column], scratch + binTableBytes * place);
  }
  const size_t bytes = static_cast<size_t>(rowBytes);
  for (int32_t first = 0; first < rowCount; first += encodedRows) {
    const int32_t count = rowCount - first < encodedRows ? rowCount - first : encodedRows;
    uint8_t* rows = bins + static_cast<size_t>(first) * bytes;
    for (int32_t column = 0; column < columnCount; column++) {
      const double* own = values + static_cast<size_t>(column) * static_cast<size_t>(stride) + first;
      encodeRows(searches[column], own, rows + slots[column], bytes, count);
    }
  }
}

}  // namespace lanewise::LANEWISE_ISA
