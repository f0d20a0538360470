// Nearest points with candidates found in integers: src/kernels/quantized-distance.ts is the law. Sums of integers have no
// order, so whatever instructions multiply them, the answer is the same.
namespace lanewise::LANEWISE_ISA {

namespace {

constexpr int codePanel = 16;
constexpr int32_t neverCode = -1500000000;
/// What every value of a point that is there reaches.
constexpr int32_t openCode = -900000000;
/// What none reaches but a point that is always a candidate.
constexpr int32_t surestCode = 900000000;

using Codes = Vector<int32_t>;
constexpr int codeLane = vectorLength<int32_t>;
constexpr int panelCodeLanes = codePanel / codeLane;
constexpr int codeTileQueries = vectorBytes == 16 ? 4 : 6;
constexpr int codeTileLanes = vectorBytes == 64 ? 4 : 2;

LANEWISE_INLINE double roundToEven(double value) { return value + 6755399441055744.0 - 6755399441055744.0; }

/// Adds, lane by lane, the products of two pairs of codes. `fused`: the processor has one instruction for it.
template <bool fused>
LANEWISE_INLINE void addProducts(Codes& sum, Codes a, Codes b) {
#if defined(__AVX512F__)
  if constexpr (fused) {
    __asm__("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
  } else {
    sum += reinterpret_cast<Codes>(_mm512_madd_epi16(reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
  }
#elif defined(__AVX2__)
  sum += reinterpret_cast<Codes>(_mm256_madd_epi16(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
#elif defined(__x86_64__)
  sum += reinterpret_cast<Codes>(_mm_madd_epi16(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
#else
  using Unsigned = Vector<uint32_t>;
  const Codes lowA = reinterpret_cast<Codes>(reinterpret_cast<Unsigned>(a) << 16) >> 16;
  const Codes lowB = reinterpret_cast<Codes>(reinterpret_cast<Unsigned>(b) << 16) >> 16;
  sum += lowA * lowB + (a >> 16) * (b >> 16);
#endif
}

/// A bit for each lane that reaches the limit.
LANEWISE_INLINE uint32_t reaching(Codes value, int32_t limit) {
#if defined(__AVX512F__)
  return _mm512_cmpge_epi32_mask(reinterpret_cast<__m512i>(value), _mm512_set1_epi32(limit));
#else
  const Codes below = value < splat(limit);
#if defined(__AVX2__)
  return ~static_cast<uint32_t>(_mm256_movemask_ps(reinterpret_cast<__m256>(below))) & 0xff;
#elif defined(__x86_64__)
  return ~static_cast<uint32_t>(_mm_movemask_ps(reinterpret_cast<__m128>(below))) & 0xf;
#else
  uint32_t bits = 0;
  for (int lane = 0; lane < codeLane; lane++) bits |= (below[lane] == 0 ? 1u : 0u) << lane;
  return bits;
#endif
#endif
}

LANEWISE_INLINE Codes splatPair(const int16_t* pair) {
  int32_t both;
  std::memcpy(&both, pair, sizeof both);
  return splat(both);
}

/// Codes of queries by codes of points. What reaches a query's limit is handed on, in the order of the points.
struct CodedTiles {
  const int16_t *queryCodes, *panels;
  const int32_t *panelStarts, *limits;
  int32_t queryCount, pointCount, dimension;

  /// All queries by `lanes` registers of points from the given one on.
  template <bool fused, int lanes, typename Rest>
  LANEWISE_INLINE void meet(int32_t lane, const Rest& rest) const {
    const size_t pairs = (static_cast<size_t>(dimension) + 1) / 2;
    const int16_t* from[lanes];
    Codes starts[lanes];
    for (int l = 0; l < lanes; l++) {
      const size_t panel = static_cast<size_t>((lane + l) / panelCodeLanes), part = static_cast<size_t>((lane + l) % panelCodeLanes);
      from[l] = panels + panel * pairs * 2 * codePanel + part * 2 * codeLane;
      starts[l] = loadVector(panelStarts + static_cast<size_t>(lane + l) * codeLane);
    }
    for (int32_t i = 0; i < queryCount; i += codeTileQueries) {
      const int16_t* rows[codeTileQueries];
      Codes sums[codeTileQueries][lanes];
#pragma GCC unroll 8
      for (int q = 0; q < codeTileQueries; q++) {
        // Queries missing from the last tile repeat the last one.
        const int32_t query = i + q < queryCount ? i + q : queryCount - 1;
        rows[q] = queryCodes + static_cast<size_t>(query) * pairs * 2;
#pragma GCC unroll 4
        for (int l = 0; l < lanes; l++) sums[q][l] = starts[l];
      }
      for (size_t pair = 0; pair < pairs; pair++) {
        Codes codes[lanes];
#pragma GCC unroll 4
        for (int l = 0; l < lanes; l++) {
          std::memcpy(&codes[l], from[l] + pair * 2 * codePanel, sizeof(Codes));
        }
#pragma GCC unroll 8
        for (int q = 0; q < codeTileQueries; q++) {
          const Codes asked = splatPair(rows[q] + 2 * pair);
#pragma GCC unroll 4
          for (int l = 0; l < lanes; l++) addProducts<fused>(sums[q][l], asked, codes[l]);
        }
      }
#pragma GCC unroll 8
      for (int q = 0; q < codeTileQueries; q++) {
        if (i + q >= queryCount) break;
        Codes largest = sums[q][0];
#pragma GCC unroll 4
        for (int l = 1; l < lanes; l++) largest = sums[q][l] > largest ? sums[q][l] : largest;
        if (__builtin_expect(reaching(largest, limits[i + q]) == 0, 1)) continue;
        // A copy, so that the sums themselves stay in registers.
        Codes values[lanes];
#pragma GCC unroll 4
        for (int l = 0; l < lanes; l++) values[l] = sums[q][l];
        rest.holdLanes(i + q, lane * codeLane, values);
      }
    }
  }

  template <bool fused, typename Rest>
  __attribute__((noinline)) void meetAll(const Rest& rest) const {
    const int32_t total = (pointCount + codePanel - 1) / codePanel * panelCodeLanes;
    int32_t lane = 0;
    for (; lane + codeTileLanes <= total; lane += codeTileLanes) meet<fused, codeTileLanes>(lane, rest);
    for (; lane < total; lane++) meet<fused, 1>(lane, rest);
  }

  /// Calls rest.holdLanes(query, index of the first point, values) where a value reaches the query's limit.
  template <typename Rest>
  void search(const Rest& rest) const {
#if defined(__AVX512F__)
    if (__builtin_cpu_supports("avx512vnni")) return meetAll<true>(rest);
#endif
    meetAll<false>(rest);
  }
};

/// Squared distances of four points from a query, side by side.
LANEWISE_INLINE void codedDistances(const double* query, const double* const (&from)[4], size_t width, double (&sums)[4]) {
#pragma GCC unroll 4
  for (int c = 0; c < 4; c++) sums[c] = 0;
  for (size_t j = 0; j < width; j++) {
#pragma GCC unroll 4
    for (int c = 0; c < 4; c++) {
      const double difference = query[j] - from[c][j];
      sums[c] += difference * difference;
    }
  }
}

/// What values of points that lie within `reach` of a query, in the scale of the codes, reach at least.
LANEWISE_INLINE int32_t codedLimit(double reach, int32_t start) {
  const double value = -static_cast<double>(start) - (reach * reach * 1.000000000001 + 1) * 0.5 - 1;
  return value >= openCode ? static_cast<int32_t>(value) : openCode;
}

/// By how much codes of a query and a point may be off together.
LANEWISE_INLINE double codedErrors(double query, double points) { return (query + points) * 1.000000001 + 1e-6; }

/// What f64 may make of a distance that is as long as `size`, in the scale of the codes.
LANEWISE_INLINE double codedRounding(int32_t dimension) { return (dimension + 8) * 4.440892098500626e-16; }

struct CodedSearch {
  const double *queries, *points;
  const int16_t* queryCodes;
  const int32_t* queryStarts;
  const double* queryErrors;
  const int16_t* panels;
  const int32_t* panelStarts;
  double* distances;
  int32_t *indices, *scratch;
  int32_t queryCount, pointCount, dimension, k;
  double scale, error;

  // Scratch: what a value must reach, by query; how many are held, by query; then a list a query: the k best values,
  // the held points, their values.
  int32_t* limit(int32_t query) const { return scratch + query; }
  int32_t* held(int32_t query) const { return scratch + queryCount + query; }
  int32_t* best(int32_t query) const {
    return scratch + 2 * queryCount + static_cast<size_t>(query) * static_cast<size_t>(k + 2 * room());
  }
  /// Held points a query, at most.
  int32_t room() const { return 4 * k + 64; }

  void start() const {
    const size_t length = static_cast<size_t>(queryCount) * static_cast<size_t>(k);
    for (size_t i = 0; i < length; i++) distances[i] = __builtin_inf();
    for (size_t i = 0; i < length; i++) indices[i] = -1;
    for (int32_t i = 0; i < queryCount; i++) {
      *limit(i) = openCode;
      *held(i) = 0;
      for (int32_t place = 0; place < k; place++) best(i)[place] = neverCode;
    }
  }

  /// What a value must reach for its point to be as near as the k-th: from the k-th best value, and the k-th distance known.
  void tighten(int32_t query) const {
    const double errors = codedErrors(queryErrors[query], error);
    const int32_t worst = best(query)[k - 1];
    double upper = __builtin_inf();
    if (worst != neverCode) {
      const double square = 2 * (-static_cast<double>(queryStarts[query]) - worst) + 2;
      upper = __builtin_sqrt(square > 0 ? square : 0) + errors;
    }
    const double distance = distances[static_cast<size_t>(query) * static_cast<size_t>(k) + k - 1];
    if (distance < __builtin_inf()) {
      const double known = __builtin_sqrt(distance) * scale;
      if (known < upper) upper = known;
    }
    *limit(query) = codedLimit((upper + scale * 1e-145) * (1 + codedRounding(dimension)) + errors, queryStarts[query]);
  }

  /// Notes a candidate. It counts among the k best unless its codes say nothing.
  void hold(int32_t query, int32_t index, int32_t value) const {
    int32_t* values = best(query);
    if (value < surestCode && value > values[k - 1]) {
      int32_t place = k - 1;
      for (; place > 0 && values[place - 1] < value; place--) values[place] = values[place - 1];
      values[place] = value;
      if (values[k - 1] != neverCode) tighten(query);
    }
    int32_t* waiting = values + k;
    int32_t& count = *held(query);
    waiting[count] = index;
    waiting[room() + count] = value;
    count++;
    if (count < room()) return;
    drop(query);
    if (count > room() / 2) look(query);
  }

  /// Forgets held points that have been ruled out since.
  void drop(int32_t query) const {
    int32_t* waiting = best(query) + k;
    const int32_t least = *limit(query);
    int32_t kept = 0;
    for (int32_t i = 0; i < *held(query); i++) {
      if (waiting[room() + i] < least) continue;
      waiting[kept] = waiting[i];
      waiting[room() + kept++] = waiting[room() + i];
    }
    *held(query) = kept;
  }

  /// Exact distances of all held points, four side by side, into the query's list in the order of their indices.
  void look(int32_t query) const {
    const int32_t* waiting = best(query) + k;
    const int32_t count = *held(query);
    const size_t width = static_cast<size_t>(dimension);
    const double* asked = queries + static_cast<size_t>(query) * width;
    for (int32_t i = 0; i < count; i += 4) {
      const double* from[4];
      double sums[4];
      for (int32_t c = 0; c < 4; c++) {
        from[c] = points + static_cast<size_t>(waiting[i + c < count ? i + c : count - 1]) * width;
      }
      codedDistances(asked, from, width, sums);
      for (int32_t c = 0; c < 4 && i + c < count; c++) insert(query, waiting[i + c], sums[c]);
    }
    *held(query) = 0;
    tighten(query);
  }

  /// Puts a point into a query's list if it is nearer than the last; equals stay behind those that came before.
  void insert(int32_t query, int32_t index, double distance) const {
    double* list = distances + static_cast<size_t>(query) * static_cast<size_t>(k);
    int32_t* places = indices + static_cast<size_t>(query) * static_cast<size_t>(k);
    int32_t place = k - 1;
    if (!(distance < list[place])) return;
    for (; place > 0 && list[place - 1] > distance; place--) {
      list[place] = list[place - 1];
      places[place] = places[place - 1];
    }
    list[place] = distance;
    places[place] = index;
  }

  /// Holds those of some lanes of values, the first of which is point `first`, that reach the limit.
  template <int lanes>
  __attribute__((noinline)) void holdLanes(int32_t query, int32_t first, const Codes (&values)[lanes]) const {
    for (int lane = 0; lane < lanes; lane++) {
      for (uint32_t open = reaching(values[lane], *limit(query)); open != 0; open &= open - 1) {
        const int place = __builtin_ctz(open);
        const int32_t index = first + lane * codeLane + place, value = values[lane][place];
        if (value >= *limit(query) && index < pointCount) hold(query, index, value);
      }
    }
  }

  void search() const {
    start();
    CodedTiles{queryCodes, panels, panelStarts, limit(0), queryCount, pointCount, dimension}.search(*this);
    for (int32_t i = 0; i < queryCount; i++) {
      drop(i);
      look(i);
    }
  }
};

/// Points within a radius of queries: counted, or listed where there are indices.
struct CodedRadius {
  const double *queries, *points;
  const int32_t* offsets;
  int32_t* indices;
  double* distances;
  int32_t *counts, *scratch;
  int32_t queryCount, dimension, self;
  double limit;

  /// Scratch: what a value must reach, by query; what values reach whose points surely lie within, by query.
  void start(const int32_t* starts, const double* errorsOf, double scale, double error) const {
    const double radius = __builtin_sqrt(limit) * scale, rounding = codedRounding(dimension), slack = scale * 1e-145;
    for (int32_t i = 0; i < queryCount; i++) {
      const double errors = codedErrors(errorsOf[i], error);
      scratch[i] = codedLimit((radius + slack) * (1 + rounding) + errors, starts[i]);
      const double inner = (radius - slack) * (1 - rounding) - errors;
      const double surest = 2 - static_cast<double>(starts[i]) - (inner * inner * 0.999999999999 - 1) * 0.5;
      scratch[queryCount + i] = inner > 2 && surest > openCode && surest < surestCode
                                    ? static_cast<int32_t>(surest) + 1
                                    : (inner > 2 && surest <= openCode ? openCode : surestCode);
      counts[i] = 0;
    }
  }

  template <int lanes>
  __attribute__((noinline)) void holdLanes(int32_t query, int32_t first, const Codes (&values)[lanes]) const {
    const int32_t own = self < 0 ? -1 : self + query, sure = scratch[queryCount + query];
    int32_t waiting[lanes * codeLane], count = 0, found = 0;
    for (int lane = 0; lane < lanes; lane++) {
      const int32_t from = first + lane * codeLane;
      for (uint32_t open = reaching(values[lane], scratch[query]); open != 0; open &= open - 1) {
        const int place = __builtin_ctz(open);
        const int32_t value = values[lane][place];
        if (from + place == own) continue;
        if (indices == nullptr && value >= sure && value < surestCode) {
          found++;
        } else {
          waiting[count++] = from + place;
        }
      }
    }
    counts[query] += found;
    const size_t width = static_cast<size_t>(dimension);
    const double* asked = queries + static_cast<size_t>(query) * width;
    for (int32_t i = 0; i < count; i += 4) {
      const double* from[4];
      double sums[4];
      for (int32_t c = 0; c < 4; c++) {
        from[c] = points + static_cast<size_t>(waiting[i + c < count ? i + c : count - 1]) * width;
      }
      codedDistances(asked, from, width, sums);
      for (int32_t c = 0; c < 4 && i + c < count; c++) {
        if (!(sums[c] <= limit)) continue;
        if (indices != nullptr) {
          indices[offsets[query] + counts[query]] = waiting[i + c];
          distances[offsets[query] + counts[query]] = sums[c];
        }
        counts[query]++;
      }
    }
  }
};

}  // namespace

namespace {

/// Codes of `together` points side by side, whose sums do not wait for one another.
template <int together>
LANEWISE_INLINE void codePoints(const double* points, const double* center, int16_t* codes, int32_t* starts, double* errors,
                                size_t width, size_t across, double scale, double largest) {
  double lengths[together] = {}, lost[together] = {};
  for (size_t j = 0; j < width; j++) {
    const double middle = center[j];
    int16_t* const to = codes + j / 2 * across * 2 + j % 2;
#pragma GCC unroll 4
    for (int p = 0; p < together; p++) {
      const double value = (points[static_cast<size_t>(p) * width + j] - middle) * scale;
      const double low = value > -largest ? value : -largest;
      const double code = roundToEven(low < largest ? low : largest);
      to[2 * p] = static_cast<int16_t>(static_cast<int32_t>(code));
      lengths[p] += code * code;
      lost[p] += (value - code) * (value - code);
    }
  }
  for (int p = 0; p < together; p++) {
    starts[p] = -static_cast<int32_t>(lengths[p] / 2);
    errors[p] = __builtin_sqrt(lost[p]);
  }
}

}  // namespace

void quantize_points_i16(const double* points, const double* center, int16_t* codes, int32_t* starts, double* errors,
                         int32_t pointCount, int32_t dimension, int32_t panel, double scale, double largest) {
  const size_t width = static_cast<size_t>(dimension), across = static_cast<size_t>(panel);
  const size_t panelSize = (width + 1) / 2 * 2 * across, count = static_cast<size_t>(pointCount);
  for (size_t first = 0; first < count; first += across) {
    int16_t* const codesHere = codes + first / across * panelSize;
    if (first + across > count || (dimension & 1) != 0) std::memset(codesHere, 0, panelSize * sizeof(int16_t));
    size_t p = 0;
    for (; p + 4 <= across && first + p + 4 <= count; p += 4) {
      codePoints<4>(points + (first + p) * width, center, codesHere + 2 * p, starts + first + p, errors + first + p, width,
                    across, scale, largest);
    }
    for (; p < across; p++) {
      if (first + p >= count) {
        starts[first + p] = neverCode;
      } else {
        codePoints<1>(points + (first + p) * width, center, codesHere + 2 * p, starts + first + p, errors + first + p,
                      width, across, scale, largest);
      }
    }
  }
}

void nearest_codes_i16(const double* queries, const double* points, const int16_t* queryCodes, const int32_t* queryStarts,
                       const double* queryErrors, const int16_t* panels, const int32_t* panelStarts, double* distances,
                       int32_t* indices, int32_t* scratch, int32_t queryCount, int32_t pointCount, int32_t dimension,
                       int32_t k, double scale, double error) {
  const CodedSearch search{queries,   points,  queryCodes, queryStarts, queryErrors, panels,    panelStarts, distances,
                           indices,   scratch, queryCount, pointCount,  dimension,   k,         scale,       error};
  search.search();
}

void count_codes_i16(const double* queries, const double* points, const int16_t* queryCodes, const int32_t* queryStarts,
                     const double* queryErrors, const int16_t* panels, const int32_t* panelStarts, int32_t* counts,
                     int32_t* scratch, int32_t queryCount, int32_t pointCount, int32_t dimension, double scale, double error,
                     double limit, int32_t self) {
  const CodedRadius radius{queries, points,  nullptr,  nullptr,   nullptr, counts, scratch,
                           queryCount, dimension, self, limit};
  radius.start(queryStarts, queryErrors, scale, error);
  CodedTiles{queryCodes, panels, panelStarts, scratch, queryCount, pointCount, dimension}.search(radius);
}

void within_codes_i16(const double* queries, const double* points, const int16_t* queryCodes, const int32_t* queryStarts,
                      const double* queryErrors, const int16_t* panels, const int32_t* panelStarts, const int32_t* offsets,
                      int32_t* indices, double* distances, int32_t* scratch, int32_t queryCount, int32_t pointCount,
                      int32_t dimension, double scale, double error, double limit, int32_t self, int32_t) {
  const CodedRadius radius{queries, points, offsets, indices, distances, scratch + 2 * queryCount, scratch,
                           queryCount, dimension, self, limit};
  radius.start(queryStarts, queryErrors, scale, error);
  CodedTiles{queryCodes, panels, panelStarts, scratch, queryCount, pointCount, dimension}.search(radius);
}

}  // namespace lanewise::LANEWISE_ISA
