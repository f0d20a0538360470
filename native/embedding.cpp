// The law is src/kernels/embedding.ts.
namespace lanewise::LANEWISE_ISA {

namespace {

namespace layout {

inline constexpr int32_t GROUP = 8;
inline constexpr int32_t TABLE_PIECES = 64;
inline constexpr int REGISTERS = GROUP / vectorLength<double>;

LANEWISE_INLINE double least(double a, double b) { return b < a ? b : a; }
LANEWISE_INLINE double most(double a, double b) { return b > a ? b : a; }

LANEWISE_INLINE void weigh(const double* squares, double* weights, int32_t k, double base, double precision) {
  forEachVector<double>(k, [=](int32_t j, auto access) LANEWISE_INLINE_LAMBDA {
    const Vector<double> further = access.load(squares + j) - base;
    access.store(weights + j, elementary::exp(elementary::negated(further * precision)));
  });
}

LANEWISE_INLINE double logOf(double x) { return elementary::log(splat(x))[0]; }

LANEWISE_INLINE void searchRow(const double* squares, double* weights, int32_t k, double wanted) {
  double base = squares[0];
  for (int32_t j = 1; j < k; j++) base = least(base, squares[j]);
  double all = 0;
  for (int32_t j = 0; j < k; j++) all += squares[j] - base;
  double precision = all > 0 ? static_cast<double>(k) / all : 1;
  double low = 0, high = elementary::infinity, total = 0;
  for (int step = 0; step < 100; step++) {
    weigh(squares, weights, k, base, precision);
    double moment = 0;
    total = 0;
    for (int32_t j = 0; j < k; j++) {
      total += weights[j];
      moment += weights[j] * (squares[j] - base);
    }
    const double excess = logOf(total) + precision * moment / total - wanted;
    if (__builtin_fabs(excess) <= 1e-8 || !(all > 0) || step == 99) break;
    if (excess > 0) {
      low = precision;
      precision = high == elementary::infinity ? precision * 2 : (low + high) * 0.5;
    } else {
      high = precision;
      precision = (low + high) * 0.5;
    }
  }
  for (int32_t j = 0; j < k; j++) weights[j] = weights[j] / total;
}

LANEWISE_INLINE uint32_t cellOf(double reach, int32_t last) {
  return reach < last ? static_cast<uint32_t>(reach) : static_cast<uint32_t>(last);
}

/// The bits of a number at every second (of 16) or third (of 10) place.
template <int dimension>
LANEWISE_INLINE uint32_t spread(uint32_t x) {
  if constexpr (dimension == 2) {
    x = (x | (x << 8)) & 0x00ff00ff;
    x = (x | (x << 4)) & 0x0f0f0f0f;
    x = (x | (x << 2)) & 0x33333333;
    return (x | (x << 1)) & 0x55555555;
  } else {
    x = (x | (x << 16)) & 0x030000ff;
    x = (x | (x << 8)) & 0x0300f00f;
    x = (x | (x << 4)) & 0x030c30c3;
    return (x | (x << 2)) & 0x09249249;
  }
}

/// By bytes, the lowest first: a stable sort, four passes, which end where they began.
LANEWISE_INLINE void sortByCode(uint32_t* codes, int32_t* order, int32_t* places, int32_t count) {
  uint32_t *from = codes, *to = codes + count;
  int32_t *fromOrder = order, *toOrder = places;
  for (int shift = 0; shift < 32; shift += 8) {
    int32_t counts[256] = {};
    for (int32_t i = 0; i < count; i++) counts[from[i] >> shift & 255]++;
    int32_t sum = 0;
    for (int32_t digit = 0; digit < 256; digit++) {
      const int32_t digits = counts[digit];
      counts[digit] = sum;
      sum += digits;
    }
    for (int32_t i = 0; i < count; i++) {
      const int32_t place = counts[from[i] >> shift & 255]++;
      to[place] = from[i];
      toOrder[place] = fromOrder[i];
    }
    uint32_t* codesBefore = from;
    from = to;
    to = codesBefore;
    int32_t* orderBefore = fromOrder;
    fromOrder = toOrder;
    toOrder = orderBefore;
  }
}

template <int dimension>
struct Tree {
  double* sorted;
  int32_t* ranges;
  double* masses;
  double* boxes;
  const uint32_t* codes;
  int32_t count;
  int32_t nodes;

  /// Appends a node with all below it; `masses` then holds sums of coordinates.
  int32_t add(int32_t start, int32_t end, int32_t shift) {
    const int32_t node = nodes++;
    double* mass = masses + static_cast<size_t>(node) * (dimension + 1);
    double* box = boxes + static_cast<size_t>(node) * 2 * dimension;
    const uint32_t first = codes[start], last = codes[end - 1];
    if (end - start <= GROUP || first == last) {
      for (int c = 0; c < dimension; c++) {
        const double* column = sorted + static_cast<size_t>(c) * static_cast<size_t>(count);
        double sum = column[start], low = sum, high = sum;
        for (int32_t place = start + 1; place < end; place++) {
          sum += column[place];
          low = least(low, column[place]);
          high = most(high, column[place]);
        }
        mass[c] = sum;
        box[c] = low;
        box[dimension + c] = high;
      }
    } else {
      int32_t level = shift - dimension;
      while (first >> level == last >> level) level -= dimension;
      for (int32_t from = start; from < end;) {
        const uint32_t cell = codes[from] >> level;
        int32_t to = from + 1;
        while (to < end && codes[to] >> level == cell) to++;
        const int32_t child = add(from, to, level);
        const double* childMass = masses + static_cast<size_t>(child) * (dimension + 1);
        const double* childBox = boxes + static_cast<size_t>(child) * 2 * dimension;
        for (int c = 0; c < dimension; c++) {
          mass[c] = from == start ? childMass[c] : mass[c] + childMass[c];
          box[c] = from == start ? childBox[c] : least(box[c], childBox[c]);
          box[dimension + c] = from == start ? childBox[dimension + c] : most(box[dimension + c], childBox[dimension + c]);
        }
        from = to;
      }
    }
    double side = 0;
    for (int c = 0; c < dimension; c++) side = most(side, box[dimension + c] - box[c]);
    mass[dimension] = side * side;
    ranges[3 * static_cast<size_t>(node)] = start;
    ranges[3 * static_cast<size_t>(node) + 1] = end;
    ranges[3 * static_cast<size_t>(node) + 2] = nodes;
    return node;
  }
};

template <int dimension>
LANEWISE_INLINE int32_t buildTree(const double* positions, int32_t* order, double* sorted, int32_t* ranges,
                                  double* masses, double* boxes, uint32_t* codes, int32_t* places, int32_t count) {
  constexpr int bits = dimension == 2 ? 16 : 10;
  constexpr int32_t last = (1 << bits) - 1;
  double low[dimension], extent = 0;
  for (int c = 0; c < dimension; c++) {
    double high = low[c] = positions[c];
    for (int32_t i = 1; i < count; i++) {
      const double value = positions[static_cast<size_t>(i) * dimension + c];
      low[c] = least(low[c], value);
      high = most(high, value);
    }
    extent = most(extent, high - low[c]);
  }
  const double scale = extent > 0 ? (1 << bits) / extent : 0;
  for (int32_t i = 0; i < count; i++) {
    uint32_t code = 0;
    for (int c = 0; c < dimension; c++) {
      code |= spread<dimension>(cellOf((positions[static_cast<size_t>(i) * dimension + c] - low[c]) * scale, last)) << c;
    }
    codes[i] = code;
    order[i] = i;
  }
  sortByCode(codes, order, places, count);
  for (int32_t place = 0; place < count; place++) {
    for (int c = 0; c < dimension; c++) {
      sorted[static_cast<size_t>(c) * static_cast<size_t>(count) + place] =
          positions[static_cast<size_t>(order[place]) * dimension + c];
    }
  }
  Tree<dimension> tree{sorted, ranges, masses, boxes, codes, count, 0};
  tree.add(0, count, bits * dimension);
  for (int32_t node = 0; node < tree.nodes; node++) {
    const double members = ranges[3 * static_cast<size_t>(node) + 1] - ranges[3 * static_cast<size_t>(node)];
    for (int c = 0; c < dimension; c++) masses[static_cast<size_t>(node) * (dimension + 1) + c] /= members;
  }
  return tree.nodes;
}

/// Eight points that walk the tree together, a lane each; where there are fewer, the last stands in all further lanes.
template <int dimension>
struct Members {
  Vector<double> at[dimension][REGISTERS], pushes[dimension][REGISTERS], sums[REGISTERS];

  LANEWISE_INLINE void act(const double* place, size_t stride, double mass) {
#pragma GCC unroll 4
    for (int v = 0; v < REGISTERS; v++) {
      Vector<double> difference[dimension];
      Vector<double> square{};
#pragma GCC unroll 3
      for (int c = 0; c < dimension; c++) {
        difference[c] = at[c][v] - place[c * stride];
        square = c == 0 ? difference[c] * difference[c] : square + difference[c] * difference[c];
      }
      const Vector<double> q = 1.0 / (square + 1.0);
      const Vector<double> weight = mass * q;
      sums[v] += weight;
      const Vector<double> factor = weight * q;
#pragma GCC unroll 3
      for (int c = 0; c < dimension; c++) pushes[c][v] += factor * difference[c];
    }
  }
};

template <int dimension>
LANEWISE_INLINE void repel(const int32_t* order, const double* sorted, const int32_t* ranges, const double* masses,
                           double* forces, double* similarities, int32_t groupStart, int32_t groupEnd, int32_t count,
                           int32_t nodeCount, double angle) {
  const double opening = angle * angle;
  const size_t column = static_cast<size_t>(count);
  for (int32_t group = groupStart; group < groupEnd; group++) {
    const int32_t first = GROUP * group, last = first + GROUP < count ? first + GROUP : count;
    Members<dimension> members;
    double low[dimension], high[dimension];
    for (int c = 0; c < dimension; c++) {
      double lanes[GROUP];
      for (int m = 0; m < GROUP; m++) lanes[m] = sorted[c * column + (first + m < last ? first + m : last - 1)];
      low[c] = high[c] = lanes[0];
      for (int m = 1; m < GROUP; m++) {
        low[c] = least(low[c], lanes[m]);
        high[c] = most(high[c], lanes[m]);
      }
      for (int v = 0; v < REGISTERS; v++) {
        members.at[c][v] = loadVector(lanes + v * vectorLength<double>);
        members.pushes[c][v] = members.sums[v] = Vector<double>{};
      }
    }
    for (int32_t node = 0; node < nodeCount;) {
      const int32_t* range = ranges + 3 * static_cast<size_t>(node);
      const double* mass = masses + static_cast<size_t>(node) * (dimension + 1);
      double distance = 0;
      for (int c = 0; c < dimension; c++) {
        const double outside = most(most(low[c] - mass[c], mass[c] - high[c]), 0);
        distance += outside * outside;
      }
      const bool apart = range[1] <= first || range[0] >= last;
      if (apart && mass[dimension] < opening * distance) {
        members.act(mass, 1, range[1] - range[0]);
        node = range[2];
      } else if (range[2] == node + 1) {
        for (int32_t place = range[0]; place < range[1]; place++) members.act(sorted + place, column, 1);
        node = range[2];
      } else {
        node++;
      }
    }
    double sums[GROUP], pushes[GROUP];
    for (int v = 0; v < REGISTERS; v++) storeVector(sums + v * vectorLength<double>, members.sums[v]);
    for (int32_t m = 0; m < last - first; m++) similarities[order[first + m]] = sums[m] - 1;
    for (int c = 0; c < dimension; c++) {
      for (int v = 0; v < REGISTERS; v++) storeVector(pushes + v * vectorLength<double>, members.pushes[c][v]);
      for (int32_t m = 0; m < last - first; m++) forces[static_cast<size_t>(order[first + m]) * dimension + c] = pushes[m];
    }
  }
}

template <int dimension>
LANEWISE_INLINE void attract(const int32_t* offsets, const int32_t* indices, const double* values,
                             const double* positions, double* forces, int32_t rowStart, int32_t rowCount) {
  for (int32_t row = 0; row < rowCount; row++) {
    const double* own = positions + static_cast<size_t>(rowStart + row) * dimension;
    double sum[dimension] = {};
    for (int32_t entry = offsets[row]; entry < offsets[row + 1]; entry++) {
      const double* other = positions + static_cast<size_t>(indices[entry]) * dimension;
      double difference[dimension], square = 0;
      for (int c = 0; c < dimension; c++) {
        difference[c] = own[c] - other[c];
        square += difference[c] * difference[c];
      }
      const double weight = values[entry] / (square + 1);
      for (int c = 0; c < dimension; c++) sum[c] += weight * difference[c];
    }
    for (int c = 0; c < dimension; c++) forces[static_cast<size_t>(row) * dimension + c] = sum[c];
  }
}

/// Two functions of the squared distance, from 2^−octaves to 2^octaves.
struct Table {
  const double* entries;
  int32_t octaves;
  double low, high;

  LANEWISE_INLINE Table(const double* from, int32_t reach) : entries(from), octaves(reach), low(power(-reach)), high(power(reach)) {}

  static LANEWISE_INLINE double power(int32_t exponent) {
    const uint64_t bits = static_cast<uint64_t>(1023 + exponent) << 52;
    double value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }

  /// The second function's entries stand behind those of the first.
  LANEWISE_INLINE Table second() const {
    Table behind = *this;
    behind.entries += 2 * octaves * TABLE_PIECES + 1;
    return behind;
  }

  LANEWISE_INLINE double at(double square) const {
    if (!(square >= low)) return entries[0];
    if (square >= high) return entries[2 * octaves * TABLE_PIECES];
    uint64_t bits;
    std::memcpy(&bits, &square, sizeof bits);
    const double* piece = entries + (static_cast<int32_t>(bits >> 46) - (1023 - octaves) * TABLE_PIECES);
    const double within = static_cast<double>(static_cast<int64_t>(bits & 0x3fffffffffff)) * (1.0 / 70368744177664.0);
    return piece[0] + within * (piece[1] - piece[0]);
  }
};

LANEWISE_INLINE double clipped(double value) { return value > 4 ? 4 : value < -4 ? -4 : value; }

template <int dimension>
LANEWISE_INLINE void move(double* own, const double* other, const Table& table, double step) {
  double difference[dimension], square = 0;
  for (int c = 0; c < dimension; c++) {
    difference[c] = own[c] - other[c];
    square += difference[c] * difference[c];
  }
  const double factor = table.at(square);
  for (int c = 0; c < dimension; c++) own[c] += step * clipped(factor * difference[c]);
}

struct Epoch {
  const int32_t* offsets;
  const int32_t* indices;
  const double* rates;
  const double* others;
  Table table;
  int32_t rowStart, rowCount, pointCount, epoch, pulls, negatives;
  double step;
  uint32_t keyLow, keyHigh;

  template <int dimension>
  LANEWISE_INLINE void run(double* positions) const {
    const double now = epoch, before = epoch - 1;
    const uint64_t blocks = static_cast<uint64_t>((negatives + 3) >> 2);
    uint32_t words[4];
    const Table repulsion = table.second();
    for (int32_t row = 0; row < rowCount; row++) {
      const int32_t self = rowStart < 0 ? -1 : rowStart + row;
      double own[dimension];
      for (int c = 0; c < dimension; c++) own[c] = positions[static_cast<size_t>(row) * dimension + c];
      for (int32_t entry = offsets[row]; entry < offsets[row + 1]; entry++) {
        if (__builtin_floor(now * rates[entry]) == __builtin_floor(before * rates[entry])) continue;
        const double* neighbor = others + static_cast<size_t>(indices[entry]) * dimension;
        for (int32_t pull = 0; pull < pulls; pull++) move<dimension>(own, neighbor, table, step);
        const uint64_t block = (static_cast<uint64_t>(epoch) << 32) + static_cast<uint64_t>(entry) * blocks;
        for (int32_t n = 0; n < negatives; n++) {
          if ((n & 3) == 0) philoxBlock(block + static_cast<uint64_t>(n >> 2), keyLow, keyHigh, words);
          const int32_t other = static_cast<int32_t>(words[n & 3] % static_cast<uint32_t>(pointCount));
          if (other == self) continue;
          move<dimension>(own, others + static_cast<size_t>(other) * dimension, repulsion, step);
        }
      }
      for (int c = 0; c < dimension; c++) positions[static_cast<size_t>(row) * dimension + c] = own[c];
    }
  }
};

}  // namespace layout

}  // namespace

void perplexity_search_f64(const double* squares, double* weights, int32_t rowCount, int32_t k, double perplexity) {
  const double wanted = layout::logOf(perplexity);
  for (int32_t row = 0; row < rowCount; row++) {
    const size_t at = static_cast<size_t>(row) * static_cast<size_t>(k);
    layout::searchRow(squares + at, weights + at, k, wanted);
  }
}

int32_t point_tree_f64(const double* positions, int32_t* order, double* sorted, int32_t* ranges, double* masses,
                       double* boxes, uint32_t* codes, int32_t* places, int32_t pointCount, int32_t dimension) {
  return dimension == 2
             ? layout::buildTree<2>(positions, order, sorted, ranges, masses, boxes, codes, places, pointCount)
             : layout::buildTree<3>(positions, order, sorted, ranges, masses, boxes, codes, places, pointCount);
}

void tree_repulsion_f64(const int32_t* order, const double* sorted, const int32_t* ranges, const double* masses,
                        double* forces, double* similarities, double* /*entries*/, int32_t groupStart, int32_t groupEnd,
                        int32_t pointCount, int32_t nodeCount, int32_t dimension, double angle) {
  if (dimension == 2) {
    layout::repel<2>(order, sorted, ranges, masses, forces, similarities, groupStart, groupEnd, pointCount, nodeCount,
                     angle);
  } else {
    layout::repel<3>(order, sorted, ranges, masses, forces, similarities, groupStart, groupEnd, pointCount, nodeCount,
                     angle);
  }
}

void graph_attraction_f64(const int32_t* offsets, const int32_t* indices, const double* values, const double* positions,
                          double* forces, int32_t rowStart, int32_t rowCount, int32_t /*entryCount*/,
                          int32_t /*pointCount*/, int32_t dimension) {
  if (dimension == 2) {
    layout::attract<2>(offsets, indices, values, positions, forces, rowStart, rowCount);
  } else {
    layout::attract<3>(offsets, indices, values, positions, forces, rowStart, rowCount);
  }
}

void layout_epoch_f64(const int32_t* offsets, const int32_t* indices, const double* rates, const double* others,
                      const double* table, double* positions, uint32_t* /*words*/, int32_t rowStart, int32_t rowCount,
                      int32_t /*entryCount*/, int32_t pointCount, int32_t dimension, int32_t octaves, int32_t epoch,
                      int32_t pulls, int32_t negatives, double step, int32_t keyLow, int32_t keyHigh) {
  const layout::Epoch work{offsets, indices, rates, others, layout::Table(table, octaves), rowStart, rowCount, pointCount,
                           epoch, pulls, negatives, step, static_cast<uint32_t>(keyLow), static_cast<uint32_t>(keyHigh)};
  if (dimension == 2) {
    work.run<2>(positions);
  } else {
    work.run<3>(positions);
  }
}

}  // namespace lanewise::LANEWISE_ISA
