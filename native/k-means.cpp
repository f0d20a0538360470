// k-means: src/kernels/k-means.ts is the law. Labels are those of direct f64 differences; the candidate form in f32 rules
// centres out, bounds rule points out. Centres lie in panels of sixteen.
namespace lanewise::LANEWISE_ISA {

namespace centers {

constexpr int panelCenters = 16;
/// Points that are looked at side by side.
constexpr int together = 8;

/// A panel's coordinate is one register of 512 bits, two of 256, or four of 128.
typedef float Wide __attribute__((vector_size(vectorBytes)));
constexpr int wideLength = vectorBytes / static_cast<int>(sizeof(float));
constexpr int panelWides = panelCenters / wideLength;
constexpr int tilePoints = vectorBytes == 64 ? 8 : vectorBytes == 32 ? 4 : 2;
constexpr int tilePanels = vectorBytes == 64 ? 2 : 1;

constexpr double widerBy = 1 + 1.0 / 4194304, narrowerBy = 1 - 1.0 / 4194304;
constexpr double underflow = 8.077935669463161e-28;  // 2^-90
constexpr double farAway = 1.2676506002282294e30;    // 2^100
constexpr double whole = 6755399441055744.0;         // 1.5 · 2^52

LANEWISE_INLINE Wide load(const float* from) {
  Wide wide;
  std::memcpy(&wide, from, sizeof wide);
  return wide;
}

LANEWISE_INLINE void store(float* to, Wide wide) { std::memcpy(to, &wide, sizeof wide); }

LANEWISE_INLINE Wide splat(float value) { return value - Wide{}; }

LANEWISE_INLINE float wider(double value) { return static_cast<float>(value * widerBy); }

LANEWISE_INLINE float narrower(double value) { return static_cast<float>((value > 0 ? value : 0) * narrowerBy); }

LANEWISE_INLINE double marginOf(int32_t dimension) { return static_cast<double>(dimension + 8) * 1.1920928955078125e-7; }

LANEWISE_INLINE int32_t panelsOf(int32_t count) { return (count + panelCenters - 1) / panelCenters; }

/// A bit for each lane of a that is below b.
LANEWISE_INLINE uint32_t below(Wide a, Wide b) {
#if defined(__AVX512F__)
  return _mm512_cmp_ps_mask(reinterpret_cast<__m512>(a), reinterpret_cast<__m512>(b), _CMP_LT_OQ);
#else
  const auto less = a < b;
#if defined(__AVX2__)
  return static_cast<uint32_t>(_mm256_movemask_ps(reinterpret_cast<__m256>(less)));
#elif defined(__x86_64__)
  return static_cast<uint32_t>(_mm_movemask_ps(reinterpret_cast<__m128>(less)));
#else
  uint32_t bits = 0;
  for (int lane = 0; lane < wideLength; lane++) bits |= static_cast<uint32_t>(less[lane] & 1) << lane;
  return bits;
#endif
#endif
}

LANEWISE_INLINE uint32_t openLanes(Wide a, float limit) { return ~below(splat(limit), a) & ((1u << wideLength) - 1); }

LANEWISE_INLINE Wide lesser(Wide a, Wide b) { return b < a ? b : a; }

LANEWISE_INLINE float lowestOf(Wide wide) {
#if defined(__AVX512F__)
  return _mm512_reduce_min_ps(reinterpret_cast<__m512>(wide));
#elif defined(__AVX2__)
  const __m256 all = reinterpret_cast<__m256>(wide);
  const __m128 four = _mm_min_ps(_mm256_castps256_ps128(all), _mm256_extractf128_ps(all, 1));
  const __m128 two = _mm_min_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_min_ss(two, _mm_shuffle_ps(two, two, 1)));
#else
  float lowest = wide[0];
  for (int lane = 1; lane < wideLength; lane++) lowest = wide[lane] < lowest ? wide[lane] : lowest;
  return lowest;
#endif
}

LANEWISE_INLINE float smallestOf(const float* values, int32_t panels) {
  Wide smallest = load(values);
  for (int32_t at = wideLength; at < panels * panelCenters; at += wideLength) smallest = lesser(smallest, load(values + at));
  return lowestOf(smallest);
}

/// The first place of the smallest value; 0 where it is nowhere.
LANEWISE_INLINE int32_t placeOf(const float* values, int32_t panels, float smallest) {
  for (int32_t at = 0; at < panels * panelCenters; at += wideLength) {
    const uint32_t found = openLanes(load(values + at), smallest);
    if (found != 0) return at + __builtin_ctz(found);
  }
  return 0;
}

LANEWISE_INLINE double distanceOf(const double* a, const double* b, int32_t dimension) {
  double sum = 0;
  for (int32_t j = 0; j < dimension; j++) {
    const double difference = a[j] - b[j];
    sum += difference * difference;
  }
  return sum;
}

/// Candidate values of some points for some panels: the products are summed over the coordinates in order.
template <int points, int width>
LANEWISE_INLINE void tile(const float* const* rows, const float* panels, const float* bounds, float* values, size_t line,
                          int32_t dimension) {
  Wide sums[points][width][panelWides];
#pragma GCC unroll 8
  for (int q = 0; q < points; q++) {
#pragma GCC unroll 4
    for (int p = 0; p < width; p++) {
#pragma GCC unroll 4
      for (int l = 0; l < panelWides; l++) sums[q][p][l] = Wide{};
    }
  }
  const size_t panelSize = static_cast<size_t>(dimension) * panelCenters;
  for (int32_t j = 0; j < dimension; j++) {
    Wide offered[width][panelWides];
#pragma GCC unroll 4
    for (int p = 0; p < width; p++) {
#pragma GCC unroll 4
      for (int l = 0; l < panelWides; l++) {
        offered[p][l] = load(panels + static_cast<size_t>(p) * panelSize + j * panelCenters + l * wideLength);
      }
    }
#pragma GCC unroll 8
    for (int q = 0; q < points; q++) {
      const Wide coordinate = splat(rows[q][j]);
#pragma GCC unroll 4
      for (int p = 0; p < width; p++) {
#pragma GCC unroll 4
        for (int l = 0; l < panelWides; l++) sums[q][p][l] += coordinate * offered[p][l];
      }
    }
  }
#pragma GCC unroll 8
  for (int q = 0; q < points; q++) {
#pragma GCC unroll 4
    for (int p = 0; p < width; p++) {
#pragma GCC unroll 4
      for (int l = 0; l < panelWides; l++) {
        const int at = p * panelCenters + l * wideLength;
        store(values + static_cast<size_t>(q) * line + at, load(bounds + at) - 2.0f * sums[q][p][l]);
      }
    }
  }
}

struct Search {
  const double* points;
  const double* centers;
  const float* rows;
  const double* rowBounds;
  const float* panels;
  const float* panelBounds;
  int32_t* labels;
  float* uppers;
  float* lowers;
  float* values;
  int32_t centerCount, dimension, panelTotal;
  double unit, slack, shareOfRow;

  size_t line() const { return static_cast<size_t>(panelTotal) * panelCenters; }
  const double* point(int32_t i) const { return points + static_cast<size_t>(i) * static_cast<size_t>(dimension); }
  const double* center(int32_t k) const { return centers + static_cast<size_t>(k) * static_cast<size_t>(dimension); }

  /// Candidate values of the points in `waiting`, whose last ones may be the first again.
  void offer(const int32_t (&waiting)[together], int32_t count) const {
    const float* places[together];
    for (int q = 0; q < together; q++) {
      places[q] = rows + static_cast<size_t>(waiting[q < count ? q : 0]) * static_cast<size_t>(dimension);
    }
    const size_t panelSize = static_cast<size_t>(dimension) * panelCenters;
    for (int q = 0; q < count; q += tilePoints) {
      float* to = values + static_cast<size_t>(q) * line();
      int32_t panel = 0;
      for (; panel + tilePanels <= panelTotal; panel += tilePanels) {
        tile<tilePoints, tilePanels>(places + q, panels + static_cast<size_t>(panel) * panelSize,
                                     panelBounds + panel * panelCenters, to + panel * panelCenters, line(), dimension);
      }
      for (; panel < panelTotal; panel++) {
        tile<tilePoints, 1>(places + q, panels + static_cast<size_t>(panel) * panelSize,
                            panelBounds + panel * panelCenters, to + panel * panelCenters, line(), dimension);
      }
    }
  }

  /// What no distance rules out is computed directly. Returns the squared distance.
  double compare(int32_t i, const float* row, int32_t& found) const {
    const double* from = point(i);
    const double bound = rowBounds[i];
    const int32_t first = found;
    double best = distanceOf(from, center(found), dimension);
    float limit = static_cast<float>(best * unit * unit - bound);
    for (int32_t at = 0; at < panelTotal * panelCenters; at += wideLength) {
      for (uint32_t open = openLanes(load(row + at), limit); open != 0; open &= open - 1) {
        const int32_t k = at + __builtin_ctz(open);
        if (k >= centerCount || k == first) continue;
        const double other = distanceOf(from, center(k), dimension);
        if (!(other < best || (other == best && k < found))) continue;
        best = other;
        found = k;
        limit = static_cast<float>(best * unit * unit - bound);
      }
    }
    if (best < __builtin_inf()) return best;
    found = -1;
    return __builtin_inf();
  }

  /// Decides one point from its candidate values.
  LANEWISE_INLINE void settle(int32_t i, float* row) const {
    const double bound = rowBounds[i];
    const float smallest = smallestOf(row, panelTotal);
    int32_t found = placeOf(row, panelTotal, smallest);
    const double most = static_cast<double>(smallest) + bound + (shareOfRow * (bound + underflow) + slack);
    float above = wider(__builtin_sqrt(most > 0 ? most : 0));
    row[found] = __builtin_inff();
    double other = static_cast<double>(smallestOf(row, panelTotal)) + bound;
    if (!(other > most)) {
      row[found] = smallest;
      const double distance = compare(i, row, found);
      above = wider(__builtin_sqrt(distance) * unit);
      if (found >= 0) row[found] = __builtin_inff();
      other = static_cast<double>(smallestOf(row, panelTotal)) + bound;
    }
    labels[i] = found;
    uppers[i] = above;
    lowers[i] = narrower(__builtin_sqrt(other > 0 ? other : 0));
  }
};

}  // namespace centers

void candidate_rows_f64(const double* points, const double* center, float* rows, float* lengths, double* rowBounds,
                        int32_t pointCount, int32_t dimension, double unit) {
  const double margin = centers::marginOf(dimension);
  const size_t width = static_cast<size_t>(dimension);
  for (int32_t i = 0; i < pointCount; i++) {
    const double* point = points + static_cast<size_t>(i) * width;
    float* row = rows + static_cast<size_t>(i) * width;
    for (size_t j = 0; j < width; j++) row[j] = static_cast<float>((point[j] - center[j]) * unit);
    double length = 0;
    for (size_t j = 0; j < width; j++) {
      const double value = (point[j] - center[j]) * unit;
      length += value * value;
    }
    lengths[i] = static_cast<float>(length);
    rowBounds[i] = length < centers::farAway ? length * (1 - margin) - centers::underflow : -__builtin_inf();
  }
}

void point_extents_f64(const double* points, const double* shifts, double* extents, int32_t pointCount,
                       int32_t dimension) {
  const size_t width = static_cast<size_t>(dimension);
  double* __restrict least = extents;
  double* __restrict greatest = extents + width;
  double* __restrict sums = extents + 2 * width;
  double* __restrict squares = extents + 3 * width;
  for (size_t j = 0; j < width; j++) {
    least[j] = __builtin_inf();
    greatest[j] = -__builtin_inf();
    sums[j] = squares[j] = 0;
  }
  for (int32_t i = 0; i < pointCount; i++) {
    const double* __restrict point = points + static_cast<size_t>(i) * width;
    for (size_t j = 0; j < width; j++) {
      const double value = point[j], difference = value - shifts[j];
      least[j] = value < least[j] ? value : least[j];
      greatest[j] = value > greatest[j] ? value : greatest[j];
      sums[j] = sums[j] + difference;
      squares[j] = squares[j] + difference * difference;
    }
  }
}

int32_t assign_hamerly_f64(const double* points, const double* middles, const float* rows, const double* rowBounds,
                           const float* panels, const float* panelBounds, const float* moves, const float* halves,
                           int32_t* labels, float* uppers, float* lowers, float* values, int32_t pointCount,
                           int32_t centerCount, int32_t dimension, double unit, double slack) {
  using namespace centers;
  const Search search{points, middles, rows, rowBounds, panels, panelBounds, labels, uppers, lowers, values,
                      centerCount, dimension, centers::panelsOf(centerCount), unit, slack, 4 * marginOf(dimension)};
  int32_t first = 0;
  float most = 0, second = 0;
  for (int32_t k = 0; k < centerCount; k++) {
    if (moves[k] > most) {
      second = most;
      most = moves[k];
      first = k;
    } else if (moves[k] > second) {
      second = moves[k];
    }
  }
  int32_t waiting[together];
  int32_t count = 0, looked = 0;
  const auto look = [&] {
    search.offer(waiting, count);
    for (int32_t q = 0; q < count; q++) search.settle(waiting[q], values + static_cast<size_t>(q) * search.line());
    looked += count;
    count = 0;
  };
  for (int32_t i = 0; i < pointCount; i++) {
    const int32_t old = labels[i];
    if (old >= 0) {
      const float above = wider(static_cast<double>(uppers[i]) + static_cast<double>(moves[old]));
      const float under = narrower(static_cast<double>(lowers[i]) - static_cast<double>(old == first ? second : most));
      const float half = halves[old];
      if (above < (under > half ? under : half)) {
        uppers[i] = above;
        lowers[i] = under;
        continue;
      }
    }
    waiting[count++] = i;
    if (count == together) look();
  }
  if (count > 0) look();
  return looked;
}

int32_t assign_elkan_f64(const double* points, const double* middles, const float* rows, const double* rowBounds,
                         const float* panels, const float* panelBounds, const float* moves, const float* halves,
                         int32_t* labels, float* uppers, float* lowers, float* values, int32_t pointCount,
                         int32_t centerCount, int32_t dimension, double unit) {
  using namespace centers;
  const int32_t total = centers::panelsOf(centerCount), line = total * panelCenters;
  const size_t width = static_cast<size_t>(dimension);
  const Wide less = splat(static_cast<float>(narrowerBy)), zero = Wide{};
  int32_t looked = 0;
  for (int32_t i = 0; i < pointCount; i++) {
    float* own = lowers + static_cast<size_t>(i) * static_cast<size_t>(line);
    const int32_t old = labels[i];
    float above = __builtin_inff();
    if (old >= 0) {
      above = wider(static_cast<double>(uppers[i]) + static_cast<double>(moves[old]));
      for (int32_t at = 0; at < line; at += wideLength) {
        const Wide left = load(own + at) - load(moves + at);
        store(own + at, (zero < left ? left : zero) * less);
      }
    } else {
      for (int32_t at = 0; at < line; at++) own[at] = 0;
    }
    // Is there a centre in this panel, other than the point's own, that its bound does not rule out?
    const auto isOpen = [=](int32_t panel) {
      const Wide limit = splat(above);
      uint32_t open = 0;
      for (int l = 0; l < panelWides; l++) {
        const uint32_t shut = below(limit, load(own + panel + l * wideLength));
        open |= (~shut & ((1u << wideLength) - 1)) << (l * wideLength);
      }
      if (old >= panel && old < panel + panelCenters) open &= ~(1u << (old - panel));
      if (centerCount - panel < panelCenters) open &= (1u << (centerCount - panel)) - 1;
      return open != 0;
    };
    const double* point = points + static_cast<size_t>(i) * width;
    int32_t found = old;
    double distance = __builtin_inf();
    if (!(old >= 0 && above < halves[old])) {
      bool any = false;
      int32_t panel = 0;
      while (panel < line && !isOpen(panel)) panel += panelCenters;
      if (panel < line) {
        found = -1;
        if (old >= 0) {
          // Before anything is looked at, the bound from above is made exact.
          distance = distanceOf(point, middles + static_cast<size_t>(old) * width, dimension);
          if (distance < __builtin_inf()) found = old;
          else distance = __builtin_inf();
          const float tight = wider(__builtin_sqrt(distance) * unit);
          above = tight < above ? tight : above;
        }
      }
      const float limitOfPoint = above;
      const auto isOpenNow = [=](int32_t at) {
        const Wide limit = splat(limitOfPoint);
        uint32_t open = 0;
        for (int l = 0; l < panelWides; l++) {
          const uint32_t shut = below(limit, load(own + at + l * wideLength));
          open |= (~shut & ((1u << wideLength) - 1)) << (l * wideLength);
        }
        if (old >= at && old < at + panelCenters) open &= ~(1u << (old - at));
        if (centerCount - at < panelCenters) open &= (1u << (centerCount - at)) - 1;
        return open != 0;
      };
      const double bound = rowBounds[i];
      const float near = static_cast<float>(bound);
      const float rounded = static_cast<double>(near) > bound ? near - __builtin_fabsf(near) * 2.384185791015625e-7f : near;
      const Wide least = splat(rounded);
      const float* row = rows + static_cast<size_t>(i) * width;
      for (; panel < line; panel += panelCenters) {
        if (!isOpenNow(panel)) continue;
        any = true;
        looked++;
        tile<1, 1>(&row, panels + static_cast<size_t>(panel) * width, panelBounds + panel, values, panelCenters, dimension);
        for (int l = 0; l < panelWides; l++) {
          const Wide sum = load(values + l * wideLength) + least;
          float roots[wideLength];
          store(roots, zero < sum ? sum : zero);
          for (int lane = 0; lane < wideLength; lane++) roots[lane] = __builtin_sqrtf(roots[lane]);
          store(own + panel + l * wideLength, load(roots) * less);
        }
        for (int l = 0; l < panelWides; l++) {
          const float limit = static_cast<float>(distance * unit * unit - bound);
          for (uint32_t open = openLanes(load(values + l * wideLength), limit); open != 0; open &= open - 1) {
            const int32_t k = panel + l * wideLength + __builtin_ctz(open);
            if (k >= centerCount || k == old) continue;
            const double other = distanceOf(point, middles + static_cast<size_t>(k) * width, dimension);
            if (!(other < distance || (other == distance && k < found))) continue;
            distance = other;
            found = k;
          }
        }
      }
      if (any) above = wider(__builtin_sqrt(distance) * unit);
    }
    labels[i] = found;
    uppers[i] = above;
  }
  return looked;
}

void label_distances_f64(const double* points, const double* middles, const int32_t* labels, double* distances,
                         int32_t pointCount, int32_t, int32_t dimension) {
  const size_t width = static_cast<size_t>(dimension);
  for (int32_t i = 0; i < pointCount; i++) {
    distances[i] = labels[i] < 0 ? __builtin_inf()
                                 : centers::distanceOf(points + static_cast<size_t>(i) * width,
                                                       middles + static_cast<size_t>(labels[i]) * width, dimension);
  }
}

namespace centers {

/// Adds a point to the sums at `high`, the low halves behind them; with sign −1 takes it off.
template <int sign>
LANEWISE_INLINE void move(const double* __restrict point, double weight, const double* __restrict scales,
                          int64_t* __restrict high, int32_t dimension, double lowScale) {
  int64_t* __restrict low = high + dimension + 1;
  const auto add = [=](double value, int32_t j) LANEWISE_INLINE_LAMBDA {
    const double scaled = value * scales[j];
    const double sum = scaled + whole, rest = (scaled - (sum - whole)) * lowScale + whole;
    // The bits of a number near 1.5 · 2^52 less those of it are the difference.
    int64_t wholeBits, sumBits, restBits;
    std::memcpy(&wholeBits, &whole, sizeof wholeBits);
    std::memcpy(&sumBits, &sum, sizeof sumBits);
    std::memcpy(&restBits, &rest, sizeof restBits);
    high[j] += sign * (sumBits - wholeBits);
    low[j] += sign * (restBits - wholeBits);
  };
  for (int32_t j = 0; j < dimension; j++) add(weight * point[j], j);
  add(weight, dimension);
}

}  // namespace centers

int32_t cluster_changes_i64(const double* points, const double* weights, const int32_t* labels, int32_t* counted,
                            const double* scales, int64_t* sums, int32_t pointCount, int32_t dimension, int32_t,
                            double lowScale) {
  const size_t width = static_cast<size_t>(dimension), cluster = 2 * (width + 1);
  int32_t changed = 0;
  for (int32_t i = 0; i < pointCount; i++) {
    if (labels[i] == counted[i]) continue;
    const double* point = points + static_cast<size_t>(i) * width;
    const double weight = weights == nullptr ? 1.0 : weights[i];
    if (counted[i] >= 0) {
      centers::move<-1>(point, weight, scales, sums + static_cast<size_t>(counted[i]) * cluster, dimension, lowScale);
    }
    if (labels[i] >= 0) {
      centers::move<1>(point, weight, scales, sums + static_cast<size_t>(labels[i]) * cluster, dimension, lowScale);
    }
    counted[i] = labels[i];
    changed++;
  }
  return changed;
}

void sums_merge_i64(int64_t* total, int64_t* parts, int32_t partCount, int32_t length) {
  for (int32_t part = 0; part < partCount; part++) {
    int64_t* from = parts + static_cast<size_t>(part) * static_cast<size_t>(length);
    for (int32_t at = 0; at < length; at++) {
      total[at] += from[at];
      from[at] = 0;
    }
  }
}

void seed_potentials_f32(const float* distances, const float* nearest, const double* weights, double* potentials,
                         int32_t pointCount, int32_t drawnCount, int32_t stride) {
  constexpr int32_t side = 8;
  for (int32_t first = 0; first < drawnCount; first += side) {
    const int32_t count = drawnCount - first < side ? drawnCount - first : side;
    double sums[side] = {};
    for (int32_t i = 0; i < pointCount; i++) {
      const float* __restrict own = distances + static_cast<size_t>(i) * static_cast<size_t>(stride) + first;
      const float known = nearest[i];
      const double weight = weights == nullptr ? 1.0 : weights[i];
      for (int32_t t = 0; t < side; t++) {
        const float square = own[t] > 0 ? own[t] : 0;
        sums[t] = sums[t] + weight * static_cast<double>(square < known ? square : known);
      }
    }
    for (int32_t t = 0; t < count; t++) potentials[first + t] = sums[t];
  }
}

void seed_lower_f32(const float* distances, float* nearest, int32_t pointCount, int32_t stride, int32_t chosen) {
  for (int32_t i = 0; i < pointCount; i++) {
    const float distance = distances[static_cast<size_t>(i) * static_cast<size_t>(stride) + static_cast<size_t>(chosen)];
    const float square = distance > 0 ? distance : 0;
    nearest[i] = square < nearest[i] ? square : nearest[i];
  }
}

void center_distances_f64(const double* columns, const double* middles, double* distances, double* nearest, double* least,
                          int32_t rowCount, int32_t centerCount, int32_t dimension) {
  /// Rows side by side: their sums stay in registers.
  constexpr int32_t side = 32;
  const size_t rows = static_cast<size_t>(rowCount), width = static_cast<size_t>(dimension);
  for (int32_t i = 0; i < rowCount; i++) {
    nearest[i] = __builtin_nan("");
    least[i] = __builtin_inf();
  }
  for (int32_t start = 0; start < rowCount; start += side) {
    const int32_t count = rowCount - start < side ? rowCount - start : side;
    for (int32_t k = 0; k < centerCount; k++) {
      const double* center = middles + static_cast<size_t>(k) * width;
      double sums[side] = {};
      for (size_t j = 0; j < width; j++) {
        const double* __restrict column = columns + j * rows + start;
        const double middle = center[j];
        if (count == side) {
          for (int32_t i = 0; i < side; i++) {
            const double difference = column[i] - middle;
            sums[i] = sums[i] + difference * difference;
          }
        } else {
          for (int32_t i = 0; i < count; i++) {
            const double difference = column[i] - middle;
            sums[i] = sums[i] + difference * difference;
          }
        }
      }
      double* __restrict out = distances + static_cast<size_t>(k) * rows + start;
      double* __restrict smallest = least + start;
      double* __restrict label = nearest + start;
      for (int32_t i = 0; i < count; i++) {
        out[i] = __builtin_sqrt(sums[i]);
        const bool less = sums[i] < smallest[i];
        label[i] = less ? static_cast<double>(k) : label[i];
        smallest[i] = less ? sums[i] : smallest[i];
      }
    }
  }
}

}  // namespace lanewise::LANEWISE_ISA
