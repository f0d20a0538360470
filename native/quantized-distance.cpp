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

/// Adds, lane by lane, the products of two pairs of sixteen bits.
template <bool fused>
LANEWISE_INLINE void addPairs(Codes& sum, Codes a, Codes b) {
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

/// Adds, lane by lane, the products of four bytes of codes: two pairs of sixteen bits, or four of eight, of which the queries'
/// have no sign. `fused`: the processor has one instruction for it.
template <typename Code, bool fused>
LANEWISE_INLINE void addProducts(Codes& sum, Codes a, Codes b) {
  if constexpr (sizeof(Code) == 2) {
    addPairs<fused>(sum, a, b);
    return;
  }
#if defined(__AVX512F__)
  if constexpr (fused) {
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
    return;
  }
#endif
  using Short = Vector<int16_t>;
  const Codes even = splat(0x00ff00ff);
  addPairs<false>(sum, a & even, reinterpret_cast<Codes>(reinterpret_cast<Short>(b) << 8 >> 8));
  addPairs<false>(sum, a >> 8 & even, reinterpret_cast<Codes>(reinterpret_cast<Short>(b) >> 8));
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

LANEWISE_INLINE Codes splatCodes(const uint8_t* four) {
  int32_t all;
  std::memcpy(&all, four, sizeof all);
  return splat(all);
}

/// Codes of queries by codes of points, both in groups of four bytes. What reaches a query's limit is handed on, in the order of the points.
template <typename Code>
struct CodedTiles {
  const void *queryCodes, *panels;
  const int32_t *panelStarts, *limits;
  int32_t queryCount, pointCount, dimension;

  /// All queries by `lanes` registers of points from the given one on.
  template <bool fused, int lanes, typename Rest>
  LANEWISE_INLINE void meet(int32_t lane, const Rest& rest) const {
    const size_t groups = (static_cast<size_t>(dimension) * sizeof(Code) + 3) / 4;
    const uint8_t* from[lanes];
    Codes starts[lanes];
    for (int l = 0; l < lanes; l++) {
      const size_t panel = static_cast<size_t>((lane + l) / panelCodeLanes), part = static_cast<size_t>((lane + l) % panelCodeLanes);
      from[l] = static_cast<const uint8_t*>(panels) + panel * groups * 4 * codePanel + part * 4 * codeLane;
      starts[l] = loadVector(panelStarts + static_cast<size_t>(lane + l) * codeLane);
    }
    for (int32_t i = 0; i < queryCount; i += codeTileQueries) {
      const uint8_t* rows[codeTileQueries];
      Codes sums[codeTileQueries][lanes];
#pragma GCC unroll 8
      for (int q = 0; q < codeTileQueries; q++) {
        // Queries missing from the last tile repeat the last one.
        const int32_t query = i + q < queryCount ? i + q : queryCount - 1;
        rows[q] = static_cast<const uint8_t*>(queryCodes) + static_cast<size_t>(query) * groups * 4;
#pragma GCC unroll 4
        for (int l = 0; l < lanes; l++) sums[q][l] = starts[l];
      }
      for (size_t group = 0; group < groups; group++) {
        Codes codes[lanes];
#pragma GCC unroll 4
        for (int l = 0; l < lanes; l++) {
          std::memcpy(&codes[l], from[l] + group * 4 * codePanel, sizeof(Codes));
        }
#pragma GCC unroll 8
        for (int q = 0; q < codeTileQueries; q++) {
          const Codes asked = splatCodes(rows[q] + 4 * group);
#pragma GCC unroll 4
          for (int l = 0; l < lanes; l++) addProducts<Code, fused>(sums[q][l], asked, codes[l]);
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

/// The k nearest so far, the farthest on top; of equally far points the higher index is farther. Places not yet taken: Infinity, −1.
struct NearestHeap {
  double* distances;
  int32_t* indices;
  int32_t k;

  /// Is a point nearer than what lies at a place?
  LANEWISE_INLINE bool before(double distance, int32_t index, int32_t place) const {
    return distance < distances[place] || (distance == distances[place] && index < indices[place]);
  }

  LANEWISE_INLINE void put(int32_t place, double distance, int32_t index) const {
    distances[place] = distance;
    indices[place] = index;
  }

  /// Puts a point in the place of the top of the first `count`, where the heap's order wants it.
  void sink(int32_t count, double distance, int32_t index) const {
    int32_t place = 0;
    for (int32_t child = 1; child < count; child = 2 * place + 1) {
      if (child + 1 < count && before(distances[child], indices[child], child + 1)) child++;
      if (!before(distance, index, child)) break;
      put(place, distances[child], indices[child]);
      place = child;
    }
    put(place, distance, index);
  }

  /// Nearest first; what is no heap any more.
  void sort() const {
    for (int32_t last = k - 1; last > 0; last--) {
      const double distance = distances[last];
      const int32_t index = indices[last];
      put(last, distances[0], indices[0]);
      sink(last, distance, index);
    }
  }
};

struct CodedSearch {
  const double *queries, *points;
  const int32_t* queryStarts;
  const double* queryErrors;
  double* distances;
  int32_t *indices, *scratch;
  int32_t queryCount, pointCount, dimension, k;
  double scale, error;

  // Scratch: what a value must reach, by query; how many are held, by query; how many may be before they are looked through,
  // by query; then the held of each query: their values, then their points.
  int32_t* limit(int32_t query) const { return scratch + query; }
  int32_t* held(int32_t query) const { return scratch + queryCount + query; }
  int32_t* most(int32_t query) const { return scratch + 2 * queryCount + query; }
  int32_t* waiting(int32_t query) const {
    return scratch + 3 * queryCount + static_cast<size_t>(query) * 2 * static_cast<size_t>(room());
  }
  /// Held points a query, at most: whole registers, more than four times k.
  int32_t room() const { return 16 * (k / 4 + 5); }
  /// Held points that come between two looks through them.
  int32_t step() const { return k > 8 ? k / 2 : 4; }

  void start() const {
    const size_t length = static_cast<size_t>(queryCount) * static_cast<size_t>(k);
    for (size_t i = 0; i < length; i++) distances[i] = __builtin_inf();
    for (size_t i = 0; i < length; i++) indices[i] = -1;
    for (int32_t i = 0; i < queryCount; i++) {
      *limit(i) = openCode;
      *held(i) = 0;
      *most(i) = k + step();
    }
  }

  /// What a value must reach for its point to be as near as the k-th: k values reach `worst`, and the k-th distance known.
  void tighten(int32_t query, int32_t worst) const {
    const double errors = codedErrors(queryErrors[query], error);
    double upper = __builtin_inf();
    if (worst != neverCode) {
      const double square = 2 * (-static_cast<double>(queryStarts[query]) - worst) + 2;
      upper = __builtin_sqrt(square > 0 ? square : 0) + errors;
    }
    const double distance = distances[static_cast<size_t>(query) * static_cast<size_t>(k)];
    if (distance < __builtin_inf()) {
      const double known = __builtin_sqrt(distance) * scale;
      if (known < upper) upper = known;
    }
    const int32_t least =
        codedLimit((upper + scale * 1e-145) * (1 + codedRounding(dimension)) + errors, queryStarts[query]);
    if (least > *limit(query)) *limit(query) = least;
  }

  /// Notes a candidate.
  LANEWISE_INLINE void hold(int32_t query, int32_t index, int32_t value) const {
    int32_t* values = waiting(query);
    const int32_t place = (*held(query))++;
    values[place] = value;
    values[room() + place] = index;
    if (place + 1 >= *most(query)) lookThrough(query);
  }

  /// Raises the limit by what is held, and forgets what does not reach it; where that leaves too many, they are looked at.
  __attribute__((noinline)) void lookThrough(int32_t query) const {
    tighten(query, nearlyBest(query));
    drop(query);
    if (*held(query) > room() / 2) look(query);
    *most(query) = (*held(query) > k ? *held(query) : k) + step();
  }

  /// How many of the held values reach `least`, but for those that say nothing.
  int32_t reachedBy(const int32_t* values, int32_t count, int32_t least) const {
    Codes each{};
    for (int32_t i = 0; i < count; i += codeLane) {
      const Codes value = loadVector(values + i);
      each -= (value >= splat(least)) & (value < splat(surestCode));
    }
    int32_t reached = 0;
    for (int lane = 0; lane < codeLane; lane++) reached += each[lane];
    return reached;
  }

  /// A value that k of the held reach, and few more: found by halving. neverCode: there are not so many.
  int32_t nearlyBest(int32_t query) const {
    int32_t* values = waiting(query);
    const int32_t count = *held(query);
    int32_t low = surestCode, high = neverCode, sure = 0;
    for (int32_t i = 0; i < count; i++) {
      if (values[i] >= surestCode) continue;
      if (values[i] < low) low = values[i];
      if (values[i] > high) high = values[i];
      sure++;
    }
    if (sure < k) return neverCode;
    for (int32_t i = count; i % codeLane != 0; i++) values[i] = neverCode;
    while (low < high) {
      const int32_t middle = low + (high - low + 1) / 2;
      const int32_t reached = reachedBy(values, count, middle);
      if (reached < k) {
        high = middle - 1;
      } else {
        low = middle;
        if (reached <= k + k / 8) break;
      }
    }
    return low;
  }

  /// Forgets held points that have been ruled out since.
  void drop(int32_t query) const {
    int32_t* values = waiting(query);
    const int32_t least = *limit(query), count = *held(query), behind = room();
    int32_t kept = 0;
    for (int32_t i = 0; i < count; i++) {
      const int32_t value = values[i], index = values[behind + i];
      values[kept] = value;
      values[behind + kept] = index;
      kept += value >= least ? 1 : 0;
    }
    *held(query) = kept;
  }

  /// Held points lie anywhere in memory: their first kilobyte is asked for before it is wanted.
  LANEWISE_INLINE void fetchAhead(int32_t index) const {
    const double* const point = points + static_cast<size_t>(index) * static_cast<size_t>(dimension);
    for (int32_t j = 0; j < dimension && j < 128; j += 8) __builtin_prefetch(point + j);
  }

  /// Exact distances of all held points, four side by side, into the query's heap.
  void look(int32_t query) const {
    const int32_t* waits = waiting(query) + room();
    const int32_t count = *held(query);
    const size_t width = static_cast<size_t>(dimension);
    const double* asked = queries + static_cast<size_t>(query) * width;
    const NearestHeap heap{distances + static_cast<size_t>(query) * static_cast<size_t>(k),
                           indices + static_cast<size_t>(query) * static_cast<size_t>(k), k};
    for (int32_t i = 0; i < count && i < 8; i++) fetchAhead(waits[i]);
    for (int32_t i = 0; i < count; i += 4) {
      const double* from[4];
      double sums[4];
      for (int32_t c = 0; c < 4; c++) {
        from[c] = points + static_cast<size_t>(waits[i + c < count ? i + c : count - 1]) * width;
        if (i + c + 8 < count) fetchAhead(waits[i + c + 8]);
      }
      codedDistances(asked, from, width, sums);
      for (int32_t c = 0; c < 4 && i + c < count; c++) {
        if (sums[c] < __builtin_inf() && heap.before(sums[c], waits[i + c], 0)) heap.sink(k, sums[c], waits[i + c]);
      }
    }
    *held(query) = 0;
    tighten(query, neverCode);
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

  /// Looks at what is left when all points have passed, and puts the heaps in order.
  void finish() const {
    for (int32_t i = 0; i < queryCount; i++) {
      tighten(i, nearlyBest(i));
      drop(i);
      look(i);
      NearestHeap{distances + static_cast<size_t>(i) * static_cast<size_t>(k),
                  indices + static_cast<size_t>(i) * static_cast<size_t>(k), k}
          .sort();
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

/// How points are coded: cut off at `least` and `most`; `shift` is added to the codes, and the starts are less `weight` times
/// their sum.
struct Coding {
  double scale, least, most;
  int32_t shift, weight;
};

/// Codes of `together` points side by side, whose sums do not wait for one another.
template <int together, typename Code>
LANEWISE_INLINE void codePoints(const double* points, const double* center, Code* codes, int32_t* starts, double* errors,
                                size_t width, size_t across, const Coding& coding) {
  constexpr size_t group = 4 / sizeof(Code);
  double lengths[together] = {}, sums[together] = {}, lost[together] = {};
  for (size_t j = 0; j < width; j++) {
    const double middle = center[j];
    Code* const to = codes + j / group * across * group + j % group;
#pragma GCC unroll 4
    for (int p = 0; p < together; p++) {
      const double value = (points[static_cast<size_t>(p) * width + j] - middle) * coding.scale;
      const double low = value > coding.least ? value : coding.least;
      const double code = roundToEven(low < coding.most ? low : coding.most);
      to[group * static_cast<size_t>(p)] = static_cast<Code>(static_cast<int32_t>(code) + coding.shift);
      lengths[p] += code * code;
      sums[p] += code;
      lost[p] += (value - code) * (value - code);
    }
  }
  for (int p = 0; p < together; p++) {
    starts[p] = -static_cast<int32_t>(lengths[p] / 2) - coding.weight * static_cast<int32_t>(sums[p]);
    errors[p] = __builtin_sqrt(lost[p]);
  }
}

template <typename Code>
LANEWISE_INLINE void codeAll(const double* points, const double* center, Code* codes, int32_t* starts, double* errors,
                             int32_t pointCount, int32_t dimension, int32_t panel, const Coding& coding) {
  constexpr size_t group = 4 / sizeof(Code);
  const size_t width = static_cast<size_t>(dimension), across = static_cast<size_t>(panel);
  const size_t panelSize = (width + group - 1) / group * group * across, count = static_cast<size_t>(pointCount);
  for (size_t first = 0; first < count; first += across) {
    Code* const codesHere = codes + first / across * panelSize;
    if (first + across > count || width % group != 0) std::memset(codesHere, 0, panelSize * sizeof(Code));
    size_t p = 0;
    for (; p + 4 <= across && first + p + 4 <= count; p += 4) {
      codePoints<4>(points + (first + p) * width, center, codesHere + group * p, starts + first + p, errors + first + p,
                    width, across, coding);
    }
    for (; p < across; p++) {
      if (first + p >= count) {
        starts[first + p] = neverCode;
      } else {
        codePoints<1>(points + (first + p) * width, center, codesHere + group * p, starts + first + p, errors + first + p,
                      width, across, coding);
      }
    }
  }
}

template <typename Code>
LANEWISE_INLINE void nearestCodes(const CodedSearch& search, const void* queryCodes, const void* panels,
                                  const int32_t* panelStarts) {
  search.start();
  CodedTiles<Code>{queryCodes, panels, panelStarts, search.scratch, search.queryCount, search.pointCount, search.dimension}
      .search(search);
  search.finish();
}

}  // namespace

void quantize_points_i16(const double* points, const double* center, int16_t* codes, int32_t* starts, double* errors,
                         int32_t pointCount, int32_t dimension, int32_t panel, double scale, double largest) {
  codeAll(points, center, codes, starts, errors, pointCount, dimension, panel, {scale, -largest, largest, 0, 0});
}

void quantize_points_i8(const double* points, const double* center, uint8_t* codes, int32_t* starts, double* errors,
                        int32_t pointCount, int32_t dimension, int32_t panel, double scale) {
  // Queries, in rows, lie without a sign; what that adds to every product is taken from the points' starts.
  const int32_t shift = panel == 1 ? 128 : 0;
  codeAll(points, center, codes, starts, errors, pointCount, dimension, panel, {scale, -128, 127, shift, 128 - shift});
}

void nearest_codes_i16(const double* queries, const double* points, const int16_t* queryCodes, const int32_t* queryStarts,
                       const double* queryErrors, const int16_t* panels, const int32_t* panelStarts, double* distances,
                       int32_t* indices, int32_t* scratch, int32_t queryCount, int32_t pointCount, int32_t dimension,
                       int32_t k, double scale, double error) {
  const CodedSearch search{queries,    points,     queryStarts, queryErrors, distances, indices, scratch,
                           queryCount, pointCount, dimension,   k,           scale,     error};
  nearestCodes<int16_t>(search, queryCodes, panels, panelStarts);
}

void nearest_codes_i8(const double* queries, const double* points, const uint8_t* queryCodes, const int32_t* queryStarts,
                      const double* queryErrors, const uint8_t* panels, const int32_t* panelStarts, double* distances,
                      int32_t* indices, int32_t* scratch, int32_t queryCount, int32_t pointCount, int32_t dimension, int32_t k,
                      double scale, double error) {
  const CodedSearch search{queries,    points,     queryStarts, queryErrors, distances, indices, scratch,
                           queryCount, pointCount, dimension,   k,           scale,     error};
  nearestCodes<uint8_t>(search, queryCodes, panels, panelStarts);
}

void count_codes_i16(const double* queries, const double* points, const int16_t* queryCodes, const int32_t* queryStarts,
                     const double* queryErrors, const int16_t* panels, const int32_t* panelStarts, int32_t* counts,
                     int32_t* scratch, int32_t queryCount, int32_t pointCount, int32_t dimension, double scale, double error,
                     double limit, int32_t self) {
  const CodedRadius radius{queries, points,  nullptr,  nullptr,   nullptr, counts, scratch,
                           queryCount, dimension, self, limit};
  radius.start(queryStarts, queryErrors, scale, error);
  CodedTiles<int16_t>{queryCodes, panels, panelStarts, scratch, queryCount, pointCount, dimension}.search(radius);
}

void within_codes_i16(const double* queries, const double* points, const int16_t* queryCodes, const int32_t* queryStarts,
                      const double* queryErrors, const int16_t* panels, const int32_t* panelStarts, const int32_t* offsets,
                      int32_t* indices, double* distances, int32_t* scratch, int32_t queryCount, int32_t pointCount,
                      int32_t dimension, double scale, double error, double limit, int32_t self, int32_t) {
  const CodedRadius radius{queries, points, offsets, indices, distances, scratch + 2 * queryCount, scratch,
                           queryCount, dimension, self, limit};
  radius.start(queryStarts, queryErrors, scale, error);
  CodedTiles<int16_t>{queryCodes, panels, panelStarts, scratch, queryCount, pointCount, dimension}.search(radius);
}

}  // namespace lanewise::LANEWISE_ISA
