// Hierarchies of points: src/kernels/linkage.ts is the law. Points lie coordinate by coordinate, a vector of them at a time.
namespace lanewise::LANEWISE_ISA {

namespace {

enum LinkageMetric : int32_t { euclideanMetric, manhattanMetric, chebyshevMetric, cosineMetric };
enum LinkageKind : int32_t { wardLinkage, completeLinkage };

typedef Vector<double> Points;
/// Vectors whose sums wait for each other's coordinates.
constexpr int groupVectors = 4;
constexpr int32_t groupPoints = groupVectors * vectorLength<double>;

LANEWISE_INLINE Points larger(Points a, Points b) { return a < b ? b : a; }

template <LinkageMetric metric>
LANEWISE_INLINE Points added(Points sum, Points x, Points y) {
  if constexpr (metric == cosineMetric) return sum + x * y;
  const Points difference = x - y;
  if constexpr (metric == euclideanMetric) return sum + difference * difference;
  if constexpr (metric == manhattanMetric) return sum + elementary::magnitude(difference);
  return larger(sum, elementary::magnitude(difference));
}

template <LinkageMetric metric>
LANEWISE_INLINE Points finished(Points sum) {
  if constexpr (metric == euclideanMetric) {
    double lanes[vectorLength<double>];
    storeVector(lanes, sum);
    for (int lane = 0; lane < vectorLength<double>; lane++) lanes[lane] = __builtin_sqrt(lanes[lane]);
    return loadVector(lanes);
  }
  if constexpr (metric != cosineMetric) return sum;
  return larger(Points{}, 1 - sum);
}

/// Distances of a point to `vectors` vectors of others; both are given by their first coordinate.
template <LinkageMetric metric, int vectors, typename Access>
LANEWISE_INLINE void distancesTo(Points (&sums)[vectors], const double* own, const double* others, int32_t dimension,
                                 size_t line, Access access) {
#pragma GCC unroll 4
  for (int v = 0; v < vectors; v++) sums[v] = Points{};
  for (int32_t j = 0; j < dimension; j++, own += line, others += line) {
    const Points x = splat(*own);
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) {
      sums[v] = added<metric>(sums[v], x, access.load(others + v * vectorLength<double>));
    }
  }
#pragma GCC unroll 4
  for (int v = 0; v < vectors; v++) sums[v] = finished<metric>(sums[v]);
}

/// Calls body(k, vectors, access) for groups of vectors of [start, end), then for the rest.
template <typename Body>
LANEWISE_INLINE void forEachGroup(int32_t start, int32_t end, Body& body) {
  constexpr int32_t step = vectorLength<double>;
  int32_t k = start;
  for (; k + groupPoints <= end; k += groupPoints) body.template operator()<groupVectors>(k, Whole<double>{}, step);
  for (; k + step <= end; k += step) body.template operator()<1>(k, Whole<double>{}, step);
  if (k < end) body.template operator()<1>(k, Part<double>{end - k}, end - k);
}

template <LinkageMetric metric>
struct Condense {
  const double* coordinates;
  const double* own;
  double* out;
  int32_t first, dimension;
  size_t line;

  template <int vectors, typename Access>
  LANEWISE_INLINE void operator()(int32_t k, Access access, int32_t) const {
    Points distances[vectors];
    distancesTo<metric>(distances, own, coordinates + k, dimension, line, access);
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) access.store(out + (k - first) + v * vectorLength<double>, distances[v]);
  }
};

template <LinkageMetric metric>
void condense(const double* coordinates, double* distances, int32_t pointCount, int32_t dimension, int32_t rowStart,
              int32_t rowEnd) {
  for (int32_t row = rowStart; row < rowEnd; row++) {
    Condense<metric> body{coordinates, coordinates + row, distances, row + 1, dimension,
                                static_cast<size_t>(pointCount)};
    forEachGroup(row + 1, pointCount, body);
    distances += pointCount - 1 - row;
  }
}

/// Where the pair (i, k), i < k, stands.
LANEWISE_INLINE size_t pairAt(int32_t count, int32_t i, int32_t k) {
  const size_t row = static_cast<size_t>(i);
  return row * static_cast<size_t>(count) - row * (row + 1) / 2 + static_cast<size_t>(k - i - 1);
}

LANEWISE_INLINE size_t pairOf(int32_t count, int32_t i, int32_t k) {
  return i < k ? pairAt(count, i, k) : pairAt(count, k, i);
}

/// The first of the nearest, from the nearest of each lane and the vectors that they were in; -1: none.
LANEWISE_INLINE int32_t firstOfLanes(Points leasts, Vector<int64_t> bests) {
  double least = elementary::infinity;
  int64_t found = -1;
  for (int lane = 0; lane < vectorLength<double>; lane++) {
    if (bests[lane] < 0) continue;
    const int64_t place = bests[lane] + lane;
    if (leasts[lane] > least || (leasts[lane] == least && found >= 0 && place > found)) continue;
    least = leasts[lane];
    found = place;
  }
  return static_cast<int32_t>(found);
}

template <LinkageMetric metric>
struct Grow {
  const double* coordinates;
  const double* cores;
  double* reached;
  int32_t* sources;
  const double* own;
  int32_t dimension, name;
  size_t line;
  Points core, limit;
  Points leasts;
  Vector<int64_t> bests;

  template <int vectors, typename Access>
  LANEWISE_INLINE void operator()(int32_t k, Access access, int32_t lanes) {
    Points distances[vectors];
    distancesTo<metric>(distances, own, coordinates + k, dimension, line, access);
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) take(k + v * vectorLength<double>, distances[v], access, lanes);
  }

  template <typename Access>
  LANEWISE_INLINE void take(int32_t k, Points distance, Access access, int32_t lanes) {
    Points mutual = larger(distance, core);
    if (cores != nullptr) mutual = larger(mutual, access.load(cores + k));
    const Points before = access.load(reached + k);
    Vector<int64_t> nearer = (distance <= limit) & (mutual < before);
    Points now = before;
    if (__builtin_expect(elementary::any(nearer), false)) {
      now = nearer ? mutual : before;
      access.store(reached + k, now);
      for (int32_t lane = 0; lane < lanes; lane++) {
        if (nearer[lane]) sources[k + lane] = name;
      }
    }
    Vector<int64_t> less = now < leasts;
    // Behind the last point there is nothing.
    for (int32_t lane = lanes; lane < vectorLength<double>; lane++) less[lane] = 0;
    leasts = less ? now : leasts;
    bests = less ? splat<int64_t>(k) : bests;
  }

};

template <LinkageMetric metric>
int32_t growOver(const double* coordinates, const double* cores, double* reached, int32_t* sources, int32_t pointCount,
                 int32_t dimension, int32_t current, int32_t name, double core, double limit, int32_t rowStart,
                 int32_t rowEnd) {
  Grow<metric> body{coordinates, cores, reached, sources, coordinates + current, dimension, name,
                    static_cast<size_t>(pointCount), splat(core), splat(limit), splat(elementary::infinity),
                    splat<int64_t>(-1)};
  forEachGroup(rowStart, rowEnd, body);
  return firstOfLanes(body.leasts, body.bests);
}

/// The cluster nearest to one by Ward's linkage, lane by lane the first of equals.
struct WardNearest {
  const double* centers;
  const double* sizes;
  const double* own;
  int32_t dimension, row;
  size_t line;
  double size;
  Points leasts;
  Vector<int64_t> bests;

  template <int vectors, typename Access>
  LANEWISE_INLINE void operator()(int32_t k, Access access, int32_t lanes) {
    Points sums[vectors] = {};
    const double *a = own, *b = centers + k;
    for (int32_t j = 0; j < dimension; j++, a += line, b += line) {
      const Points x = splat(*a);
#pragma GCC unroll 4
      for (int v = 0; v < vectors; v++) {
        sums[v] = added<euclideanMetric>(sums[v], x, access.load(b + v * vectorLength<double>));
      }
    }
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) {
      const int32_t first = k + v * vectorLength<double>;
      const Points others = access.load(sizes + first);
      take(first, 2 * size * others / (size + others) * sums[v], lanes);
    }
  }

  LANEWISE_INLINE void take(int32_t first, Points squares, int32_t lanes) {
    Vector<int64_t> less = squares < leasts;
    // Behind the last there is nothing, and none is its own neighbour.
    for (int32_t lane = lanes; lane < vectorLength<double>; lane++) less[lane] = 0;
    if (row >= first && row < first + vectorLength<double>) less[row - first] = 0;
    leasts = less ? squares : leasts;
    bests = less ? splat<int64_t>(first) : bests;
  }
};

LANEWISE_INLINE double wardSquare(const double* centers, const double* sizes, size_t line, int32_t dimension, int32_t a,
                                  int32_t b) {
  double sum = 0;
  for (int32_t j = 0; j < dimension; j++, centers += line) {
    const double difference = centers[a] - centers[b];
    sum += difference * difference;
  }
  return 2 * sizes[a] * sizes[b] / (sizes[a] + sizes[b]) * sum;
}

}  // namespace

void condense_distances_f64(const double* coordinates, double* distances, int32_t pointCount, int32_t dimension,
                            int32_t metric, int32_t rowStart, int32_t rowEnd) {
  switch (metric) {
    case euclideanMetric: return condense<euclideanMetric>(coordinates, distances, pointCount, dimension, rowStart, rowEnd);
    case manhattanMetric: return condense<manhattanMetric>(coordinates, distances, pointCount, dimension, rowStart, rowEnd);
    case chebyshevMetric: return condense<chebyshevMetric>(coordinates, distances, pointCount, dimension, rowStart, rowEnd);
    default: return condense<cosineMetric>(coordinates, distances, pointCount, dimension, rowStart, rowEnd);
  }
}

int32_t nearest_condensed_f64(const double* matrix, const int32_t* sizes, int32_t pointCount, int32_t row,
                              int32_t previous) {
  int32_t best = previous;
  double least = previous < 0 ? elementary::infinity : matrix[pairOf(pointCount, row, previous)];
  // Down the column, whose entries come nearer by one with each row …
  size_t at = static_cast<size_t>(row) - 1;
  for (int32_t k = 0; k < row; k++) {
    if (sizes[k] != 0 && matrix[at] < least) {
      least = matrix[at];
      best = k;
    }
    at += static_cast<size_t>(pointCount - 2 - k);
  }
  // … and along the row.
  const double* along = matrix + pairAt(pointCount, row, row + 1);
  for (int32_t k = row + 1; k < pointCount; k++, along++) {
    if (!(*along < least) || sizes[k] == 0) continue;
    least = *along;
    best = k;
  }
  return best;
}

void merge_condensed_f64(double* matrix, const int32_t* sizes, int32_t pointCount, int32_t first, int32_t second,
                         int32_t linkage) {
  const double between = matrix[pairAt(pointCount, first, second)];
  const double a = sizes[first], b = sizes[second];
  for (int32_t k = 0; k < pointCount; k++) {
    const double size = sizes[k];
    if (k == first || k == second || sizes[k] == 0) continue;
    double& to = matrix[pairOf(pointCount, second, k)];
    const double da = matrix[pairOf(pointCount, first, k)], db = to;
    if (linkage == completeLinkage) {
      to = da > db ? da : db;
    } else if (linkage != wardLinkage) {
      to = (a * da + b * db) / (a + b);
    } else {
      const double share = 1 / (a + b + size);
      const double square =
          (size + a) * share * da * da + (size + b) * share * db * db - size * share * between * between;
      to = square > 0 ? __builtin_sqrt(square) : 0;
    }
  }
}

int32_t nearest_ward_f64(const double* centers, const double* sizes, int32_t pointCount, int32_t dimension, int32_t row,
                         int32_t previous) {
  const size_t line = static_cast<size_t>(pointCount);
  WardNearest body{centers,    sizes, centers + row, dimension, row, line, sizes[row], splat(elementary::infinity),
                   splat<int64_t>(-1)};
  forEachGroup(0, pointCount, body);
  const int32_t best = firstOfLanes(body.leasts, body.bests);
  if (previous < 0) return best;
  const double least = best < 0 ? elementary::infinity : wardSquare(centers, sizes, line, dimension, row, best);
  return least < wardSquare(centers, sizes, line, dimension, row, previous) ? best : previous;
}

int32_t grow_tree_f64(const double* coordinates, const double* cores, double* reached, int32_t* sources,
                      int32_t pointCount, int32_t dimension, int32_t metric, int32_t current, int32_t name, double core,
                      double limit, int32_t rowStart, int32_t rowEnd) {
  switch (metric) {
    case euclideanMetric:
      return growOver<euclideanMetric>(coordinates, cores, reached, sources, pointCount, dimension, current, name, core,
                                       limit, rowStart, rowEnd);
    case manhattanMetric:
      return growOver<manhattanMetric>(coordinates, cores, reached, sources, pointCount, dimension, current, name, core,
                                       limit, rowStart, rowEnd);
    case chebyshevMetric:
      return growOver<chebyshevMetric>(coordinates, cores, reached, sources, pointCount, dimension, current, name, core,
                                       limit, rowStart, rowEnd);
    default:
      return growOver<cosineMetric>(coordinates, cores, reached, sources, pointCount, dimension, current, name, core,
                                    limit, rowStart, rowEnd);
  }
}

}  // namespace lanewise::LANEWISE_ISA
