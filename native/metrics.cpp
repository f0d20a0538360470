// Distances by any metric: src/kernels/metric-distance.ts is the law. Lanes are points, in panels of eight; each lane adds its
// coordinates in their order.
namespace lanewise::LANEWISE_ISA {

namespace {

using Values = Vector<double>;
constexpr int valueLanes = vectorLength<double>;
constexpr int panelVectors = panelPoints / valueLanes;
/// Queries that meet a panel together: as many sums as registers hold.
constexpr int queriesTogether = vectorBytes == 16 ? 2 : 4;
/// The same where nothing but the distances is wanted, and a pair has one sum: enough of them to hide how long an addition takes.
constexpr int blockQueries = vectorBytes == 64 ? 8 : queriesTogether;
/// Values of four queries and a block of points: what `values` holds.
constexpr int32_t valuesOfQuery = 512;
/// Bytes of panels that stay in the second-level cache while the queries meet them.
constexpr int32_t cachedBytes = 262144;

/// In the order of metricNames.
enum Metric : int32_t {
  metricRoot, metricSquares, metricCosine, metricDot, metricManhattan, metricChebyshev, metricHamming, metricJaccard, metricHaversine, metricGower, metricThere
};

/// What a metric is computed from, beside coordinates.
struct MetricColumns {
  const double* ranges;
  const double* weights;
};

LANEWISE_INLINE Values chosen(Vector<int64_t> mask, Values yes, Values no) { return mask ? yes : no; }
LANEWISE_INLINE Values sizeOf(Values x) {
  return reinterpret_cast<Values>(reinterpret_cast<Vector<int64_t>>(x) & INT64_MAX);
}
LANEWISE_INLINE Values rootOf(Values x) {
#if defined(__AVX512F__)
  return reinterpret_cast<Values>(_mm512_sqrt_pd(reinterpret_cast<__m512d>(x)));
#elif defined(__AVX2__)
  return reinterpret_cast<Values>(_mm256_sqrt_pd(reinterpret_cast<__m256d>(x)));
#elif defined(__x86_64__)
  return reinterpret_cast<Values>(_mm_sqrt_pd(reinterpret_cast<__m128d>(x)));
#else
  for (int lane = 0; lane < valueLanes; lane++) x[lane] = __builtin_sqrt(x[lane]);
  return x;
#endif
}

LANEWISE_INLINE bool allOf(Vector<int64_t> mask) {
#if defined(__AVX512F__)
  return _mm512_movepi64_mask(reinterpret_cast<__m512i>(mask)) == 255;
#elif defined(__AVX2__)
  return _mm256_movemask_pd(reinterpret_cast<__m256d>(mask)) == 15;
#elif defined(__x86_64__)
  return _mm_movemask_pd(reinterpret_cast<__m128d>(mask)) == 3;
#else
  int64_t all = -1;
  for (int lane = 0; lane < valueLanes; lane++) all &= mask[lane];
  return all != 0;
#endif
}

/// The sums of one query and one vector of points.
template <Metric form>
struct PairSums {
  static constexpr bool divided = form == metricJaccard || form == metricGower || form == metricThere;
  /// Such sums never sink, rounded or not: what is beyond a limit half-way is beyond it in the end.
  static constexpr bool grows = form == metricSquares || form == metricManhattan || form == metricChebyshev;
  /// Coordinates behind which is asked whether all sums of a panel are beyond their limits already: a sum gets there later.
  static constexpr size_t stretch = form == metricChebyshev ? 32 : 64;
  Values sum{}, total{};

  LANEWISE_INLINE void add(Values q, Values p, double range, double weight) {
    const Values zero{}, one = splat(1.0);
    const Values difference = q - p, size = sizeOf(difference);
    const auto there = (q == q) & (p == p);
    if constexpr (form == metricSquares) sum += difference * difference;
    if constexpr (form == metricCosine || form == metricDot) sum += q * p;
    if constexpr (form == metricManhattan) sum += size;
    if constexpr (form == metricChebyshev) sum = chosen(size > sum, size, sum);
    if constexpr (form == metricHamming) sum += chosen(q != p, one, zero);
    if constexpr (form == metricJaccard) {
      sum += size;
      total += chosen(q > p, q, p);
    }
    if constexpr (form == metricGower) {
      const Values share = size / splat(range);
      const Values apart = range > 0 ? chosen(share < one, share, one) : chosen(q != p, one, zero);
      sum += chosen(there, splat(weight) * apart, zero);
      total += chosen(there, splat(weight), zero);
    }
    if constexpr (form == metricThere) {
      sum += chosen(there, difference * difference, zero);
      total += chosen(there, one, zero);
    }
  }

  /// metricCosine: of the products of the squared lengths.
  LANEWISE_INLINE Values cosineApart(Values product) const {
    const Values zero{}, one = splat(1.0);
    const Values apart = one - sum / rootOf(product);
    const Values below = chosen(apart > splat(2.0), splat(2.0), apart);
    return chosen(product > zero, chosen(below < zero, zero, below), one);
  }

  /// `lengths` of the points, from `at` on, are looked at for metricCosine alone.
  LANEWISE_INLINE Values reduced(double queryLength, const double* lengths, size_t at, int32_t dimension) const {
    const Values zero{};
    if constexpr (form == metricDot) return zero - sum;
    if constexpr (form == metricCosine) return cosineApart(splat(queryLength) * loadVector(lengths + at));
    if constexpr (form == metricHamming) return sum / splat(static_cast<double>(dimension));
    if constexpr (form == metricJaccard) return chosen(total > zero, sum / total, zero);
    const Values infinite = splat(__builtin_inf());
    if constexpr (form == metricGower) return chosen(total > zero, sum / total, infinite);
    if constexpr (form == metricThere) {
      return chosen(total > zero, sum / total * splat(static_cast<double>(dimension)), infinite);
    }
    return sum;
  }
};

/// What the kernels below are given, and reduced distances of it.
struct Given {
  const double* queries;
  const double* panels;
  const double* queryLengths;
  const double* panelLengths;
  const double* columns;
  int32_t queryCount, pointCount, dimension, metric;

  int32_t panelTotal() const { return (pointCount + panelPoints - 1) / panelPoints; }

  int32_t panelsOfBlock() const {
    const int32_t fitting = cachedBytes / (static_cast<int32_t>(sizeof(double)) * panelPoints * (dimension > 0 ? dimension : 1));
    const int32_t most = valuesOfQuery / panelPoints;
    return fitting < 1 ? 1 : fitting < most ? fitting : most;
  }

  /// Reduced distances (their roots, where `rooted`) of queries [first, first + count) to the points of panels [from, end),
  /// `line` values a query. `limits`, where there are any, of each query: of a panel whose points all lie beyond all of them, some
  /// numbers beyond them.
  template <Metric form, int together, bool rooted>
  void linesOf(int32_t first, int32_t count, int32_t from, int32_t end, double* out, size_t line, const double* limits) const {
    const size_t width = static_cast<size_t>(dimension);
    const double* rows[together];
    double lengths[together], most[together];
    const bool stopping = PairSums<form>::grows && limits != nullptr;
    for (int q = 0; q < together; q++) {
      const int32_t query = first + (q < count ? q : count - 1);
      most[q] = stopping ? limits[q < count ? q : count - 1] : 0;
      rows[q] = queries + static_cast<size_t>(query) * width;
      lengths[q] = form == metricCosine ? queryLengths[query] : 0;
    }
    for (int32_t panel = from; panel < end; panel++) {
      const double* points = panels + static_cast<size_t>(panel) * width * panelPoints;
      PairSums<form> sums[together][panelVectors];
      for (size_t j = 0; j < width;) {
        constexpr size_t stretch = PairSums<form>::stretch;
        const size_t stop = stopping && width - j > stretch ? j + stretch : width;
        for (; j < stop; j++) {
          const double range = form == metricGower ? columns[j] : 0, weight = form == metricGower ? columns[width + j] : 0;
#pragma GCC unroll 4
          for (int v = 0; v < panelVectors; v++) {
            const Values point = loadVector(points + j * panelPoints + v * valueLanes);
#pragma GCC unroll 8
            for (int q = 0; q < together; q++) sums[q][v].add(splat(rows[q][j]), point, range, weight);
          }
        }
        if (j == width) break;
        Vector<int64_t> beyond = sums[0][0].sum > splat(most[0]);
#pragma GCC unroll 8
        for (int q = 0; q < together; q++) {
#pragma GCC unroll 4
          for (int v = 0; v < panelVectors; v++) beyond &= sums[q][v].sum > splat(most[q]);
        }
        if (allOf(beyond)) break;
      }
#pragma GCC unroll 8
      for (int q = 0; q < together; q++) {
        if (q >= count) break;
        double* to = out + static_cast<size_t>(q) * line + static_cast<size_t>(panel - from) * panelPoints;
#pragma GCC unroll 4
        for (int v = 0; v < panelVectors; v++) {
          const size_t at = static_cast<size_t>(panel) * panelPoints + static_cast<size_t>(v) * valueLanes;
          const Values distance = sums[q][v].reduced(lengths[q], panelLengths, at, dimension);
          storeVector(to + v * valueLanes, rooted ? rootOf(distance) : distance);
        }
      }
    }
  }

  /// Queries that `lines` takes at a time.
  template <bool finished>
  int linesTogether() const {
    return finished && metric < metricJaccard ? blockQueries : queriesTogether;
  }

  /// `finished`: the distances, but for haversine's arcs, of `linesTogether` queries; otherwise what they are ranked by.
  template <bool finished>
  void lines(int32_t first, int32_t count, int32_t from, int32_t end, double* out, size_t line,
             const double* limits = nullptr) const {
    constexpr int many = finished ? blockQueries : queriesTogether, few = queriesTogether;
    switch (metric) {
      case metricRoot: return linesOf<metricSquares, many, finished>(first, count, from, end, out, line, limits);
      case metricSquares: return linesOf<metricSquares, many, false>(first, count, from, end, out, line, limits);
      case metricCosine: return linesOf<metricCosine, many, false>(first, count, from, end, out, line, limits);
      case metricDot: return linesOf<metricDot, many, false>(first, count, from, end, out, line, limits);
      case metricManhattan: return linesOf<metricManhattan, many, false>(first, count, from, end, out, line, limits);
      case metricChebyshev: return linesOf<metricChebyshev, many, false>(first, count, from, end, out, line, limits);
      case metricHamming: return linesOf<metricHamming, many, false>(first, count, from, end, out, line, limits);
      case metricJaccard: return linesOf<metricJaccard, few, false>(first, count, from, end, out, line, limits);
      case metricGower: return linesOf<metricGower, few, false>(first, count, from, end, out, line, limits);
      case metricThere: return linesOf<metricThere, few, finished>(first, count, from, end, out, line, limits);
      default: return linesOf<metricSquares, few, false>(first, count, from, end, out, line, limits);
    }
  }

  /// Calls body(query, values, first point, points) for every query and block of points, blocks in their order. What lies beyond
  /// limitOf(query) may be any number beyond it.
  template <typename Limit, typename Body>
  LANEWISE_INLINE void forEachLine(double* values, Limit limitOf, Body body) const {
    const int32_t total = panelTotal(), together = panelsOfBlock();
    for (int32_t from = 0; from < total; from += together) {
      const int32_t end = total - from < together ? total : from + together;
      const int32_t first = from * panelPoints;
      const int32_t points = (end * panelPoints < pointCount ? end * panelPoints : pointCount) - first;
      for (int32_t i = 0; i < queryCount; i += queriesTogether) {
        const int32_t count = queryCount - i < queriesTogether ? queryCount - i : queriesTogether;
        double limits[queriesTogether];
        for (int32_t q = 0; q < count; q++) limits[q] = limitOf(i + q);
        lines<false>(i, count, from, end, values, valuesOfQuery, limits);
        for (int32_t q = 0; q < count; q++) body(i + q, values + q * valuesOfQuery, first, points);
      }
    }
  }
};

double arcsineTail(double z) {
  double sum = 0.02877844261259304;
  sum = sum * z + -0.014881409392818066;
  sum = sum * z + 0.017419357964884856;
  sum = sum * z + 0.00545087818772055;
  sum = sum * z + 0.010324318288744113;
  sum = sum * z + 0.011478952690257387;
  sum = sum * z + 0.013971235301124539;
  sum = sum * z + 0.017352391265909227;
  sum = sum * z + 0.022372173002005596;
  sum = sum * z + 0.030381944137085216;
  sum = sum * z + 0.04464285714637338;
  sum = sum * z + 0.07499999999998425;
  return sum * z + 0.16666666666666669;
}

double arcOfChord(double squaredChord) {
  const double root = __builtin_sqrt(squaredChord) * 0.5;
  const double half = root > 1 ? 1 : root;
  const bool near = half <= 0.5;
  const double z = near ? half * half : (1 - half) * 0.5;
  const double from = near ? half : __builtin_sqrt(z);
  const double arc = from + from * z * arcsineTail(z);
  return 2 * (near ? arc : 1.5707963267948966 - 2 * arc);
}

double finishedDistance(int32_t metric, double reduced) {
  if (metric == metricRoot || metric == metricThere) return __builtin_sqrt(reduced);
  return metric == metricHaversine ? arcOfChord(reduced) : reduced;
}

/// Puts a point into a query's list; equals stay behind those that came before.
void insertPoint(double* distances, int32_t* indices, int32_t k, double distance, int32_t index) {
  int32_t place = k - 1;
  while (place > 0 && distances[place - 1] > distance) {
    distances[place] = distances[place - 1];
    indices[place] = indices[place - 1];
    place--;
  }
  distances[place] = distance;
  indices[place] = index;
}

}  // namespace

void metric_block_f64(const double* queries, const double* panels, const double* queryLengths, const double* panelLengths,
                      const double* columns, double* out, int32_t queryCount, int32_t pointCount, int32_t dimension,
                      int32_t metric) {
  const Given given{queries, panels, queryLengths, panelLengths, columns, queryCount, pointCount, dimension, metric};
  const int32_t total = given.panelTotal(), panelsAtOnce = given.panelsOfBlock(), together = given.linesTogether<true>();
  const size_t line = static_cast<size_t>(total) * panelPoints;
  for (int32_t from = 0; from < total; from += panelsAtOnce) {
    const int32_t end = total - from < panelsAtOnce ? total : from + panelsAtOnce;
    for (int32_t i = 0; i < queryCount; i += together) {
      const int32_t count = queryCount - i < together ? queryCount - i : together;
      double* to = out + static_cast<size_t>(i) * line + static_cast<size_t>(from) * panelPoints;
      given.lines<true>(i, count, from, end, to, line);
    }
  }
  if (metric != metricHaversine) return;
  const size_t length = static_cast<size_t>(queryCount) * line;
  for (size_t i = 0; i < length; i++) out[i] = arcOfChord(out[i]);
}

namespace {

/// Below this share of |q|² + |p|² the product form has cancelled too much; and what underflow may hide.
constexpr double nearShare = 0.0009765625, leastSquare = 1e-290;

/// A query's products with the points, and what makes distances of them.
struct ProductLine {
  const double* query;
  const double* points;
  double queryLength;
  const double* pointLengths;
  int32_t dimension;

  /// Products with points [k, k + `count`), of which the first `count` are there.
  template <Metric form>
  LANEWISE_INLINE Values distances(Values product, Values lengths, int32_t k, int32_t count) const {
    const Values zero{};
    if constexpr (form == metricDot) return zero - product;
    if constexpr (form == metricCosine) {
      PairSums<metricCosine> pair;
      pair.sum = product;
      return pair.cosineApart(splat(queryLength) * lengths);
    }
    const Values sums = splat(queryLength) + lengths;
    Values squared = sums - 2.0 * product;
    const Vector<int64_t> far = squared > sums * splat(nearShare) + splat(leastSquare);
    if (!allOf(far)) {
      for (int lane = 0; lane < count; lane++) {
        if (far[lane] != 0) continue;
        const double* point = points + static_cast<size_t>(k + lane) * static_cast<size_t>(dimension);
        squared[lane] = squaredDistance(query, point, dimension);
      }
    }
    if constexpr (form == metricRoot) return rootOf(squared);
    return squared;
  }

  template <Metric form>
  void finish(double* products, int32_t pointCount) const {
    int32_t k = 0;
    for (; k + valueLanes <= pointCount; k += valueLanes) {
      const Values lengths = form == metricDot ? Values{} : loadVector(pointLengths + k);
      storeVector(products + k, distances<form>(loadVector(products + k), lengths, k, valueLanes));
    }
    const int32_t count = pointCount - k;
    if (count == 0) return;
    Values last{}, lengths{};
    for (int lane = 0; lane < count; lane++) last[lane] = products[k + lane];
    if (form != metricDot) {
      for (int lane = 0; lane < count; lane++) lengths[lane] = pointLengths[k + lane];
    }
    const Values found = distances<form>(last, lengths, k, count);
    for (int lane = 0; lane < count; lane++) products[k + lane] = found[lane];
  }
};

}  // namespace

void product_distances_f64(const double* queries, const double* points, const double* queryLengths,
                           const double* pointLengths, double* out, int32_t queryCount, int32_t pointCount,
                           int32_t dimension, int32_t stride, int32_t metric) {
  for (int32_t i = 0; i < queryCount; i++) {
    const double* query = queries == nullptr ? nullptr : queries + static_cast<size_t>(i) * static_cast<size_t>(dimension);
    const ProductLine line{query, points, metric == metricDot ? 0 : queryLengths[i], pointLengths, dimension};
    double* products = out + static_cast<size_t>(i) * static_cast<size_t>(stride);
    switch (metric) {
      case metricRoot: line.finish<metricRoot>(products, pointCount); break;
      case metricCosine: line.finish<metricCosine>(products, pointCount); break;
      case metricDot: line.finish<metricDot>(products, pointCount); break;
      default: line.finish<metricSquares>(products, pointCount);
    }
  }
}

void metric_nearest_f64(const double* queries, const double* panels, const double* queryLengths,
                        const double* panelLengths, const double* columns, double* distances, int32_t* indices,
                        double* values, int32_t queryCount, int32_t pointCount, int32_t dimension, int32_t metric,
                        int32_t k, int32_t firstQuery) {
  const Given given{queries, panels, queryLengths, panelLengths, columns, queryCount, pointCount, dimension, metric};
  for (int32_t i = 0; i < queryCount * k; i++) {
    distances[i] = __builtin_inf();
    indices[i] = -1;
  }
  // Beyond the number below the k-th distance: not below it, and so not among the k nearest.
  const auto limitOf = [=](int32_t query) {
    const double kth = distances[static_cast<size_t>(query + 1) * static_cast<size_t>(k) - 1];
    return kth > 0 ? __builtin_bit_cast(double, __builtin_bit_cast(int64_t, kth) - 1) : -1.0;
  };
  given.forEachLine(values, limitOf, [=](int32_t query, const double* line, int32_t first, int32_t points) {
    double* distance = distances + static_cast<size_t>(query) * static_cast<size_t>(k);
    int32_t* index = indices + static_cast<size_t>(query) * static_cast<size_t>(k);
    const int32_t self = firstQuery < 0 ? -1 : firstQuery + query;
    double highest = distance[k - 1];
    for (int32_t i = 0; i < points;) {
      // Eight at a time, as long as none is near enough.
      if (i + panelPoints <= points) {
        int near = 0;
        for (int j = 0; j < panelPoints; j++) near |= line[i + j] < highest;
        if (near == 0) {
          i += panelPoints;
          continue;
        }
      }
      const int32_t end = i + panelPoints < points ? i + panelPoints : points;
      for (; i < end; i++) {
        if (!(line[i] < highest) || first + i == self) continue;
        insertPoint(distance, index, k, line[i], first + i);
        highest = distance[k - 1];
      }
    }
  });
  for (int32_t i = 0; i < queryCount * k; i++) {
    if (indices[i] >= 0) distances[i] = finishedDistance(metric, distances[i]);
  }
}

void metric_count_f64(const double* queries, const double* panels, const double* queryLengths, const double* panelLengths,
                      const double* columns, int32_t* counts, double* values, int32_t queryCount, int32_t pointCount,
                      int32_t dimension, int32_t metric, double limit, int32_t firstQuery) {
  const Given given{queries, panels, queryLengths, panelLengths, columns, queryCount, pointCount, dimension, metric};
  for (int32_t i = 0; i < queryCount; i++) counts[i] = 0;
  given.forEachLine(values, [=](int32_t) { return limit; }, [=](int32_t query, const double* line, int32_t first, int32_t points) {
    int32_t found = 0;
    for (int32_t i = 0; i < points; i++) found += line[i] <= limit;
    const int32_t self = firstQuery + query - first;
    if (firstQuery >= 0 && self >= 0 && self < points && line[self] <= limit) found--;
    counts[query] += found;
  });
}

void metric_within_f64(const double* queries, const double* panels, const double* queryLengths,
                       const double* panelLengths, const double* columns, int32_t* places, int32_t* indices,
                       double* distances, double* values, int32_t queryCount, int32_t pointCount, int32_t dimension,
                       int32_t metric, double limit, int32_t firstQuery, int32_t) {
  const Given given{queries, panels, queryLengths, panelLengths, columns, queryCount, pointCount, dimension, metric};
  given.forEachLine(values, [=](int32_t) { return limit; }, [=](int32_t query, const double* line, int32_t first, int32_t points) {
    const int32_t self = firstQuery < 0 ? -1 : firstQuery + query - first;
    int32_t place = places[query];
    for (int32_t i = 0; i < points; i++) {
      if (!(line[i] <= limit) || i == self) continue;
      indices[place] = first + i;
      distances[place++] = finishedDistance(metric, line[i]);
    }
    places[query] = place;
  });
}

}  // namespace lanewise::LANEWISE_ISA
