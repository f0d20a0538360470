// Distances: src/kernels/distance.ts is the law. Answers are direct f64 differences; the expanded form in f32 only rules
// candidates out. Points lie in panels of eight; a tile is some queries by some panels, held in registers.
namespace lanewise::LANEWISE_ISA {

namespace {

constexpr int panelPoints = 8;
/// Points whose panels stay in the second-level cache while every query meets them.
constexpr int32_t blockPanels = 64;

/// A panel's coordinate is one register of 256 bits or two of 128. (With AVX-512 there are thirty-two of the former.)
constexpr int laneBytes = vectorBytes < 32 ? vectorBytes : 32;
typedef float Lane __attribute__((vector_size(laneBytes)));
constexpr int laneLength = laneBytes / static_cast<int>(sizeof(float));
constexpr int panelLanes = panelPoints / laneLength;
constexpr int tilePanels = vectorBytes == 64 ? 4 : vectorBytes == 32 ? 2 : 1;
constexpr int tileQueries = vectorBytes == 16 ? 4 : 6;

LANEWISE_INLINE Lane loadLane(const float* from) {
  Lane lane;
  std::memcpy(&lane, from, sizeof lane);
  return lane;
}

LANEWISE_INLINE void storeLane(float* to, Lane lane) { std::memcpy(to, &lane, sizeof lane); }

LANEWISE_INLINE Lane splatLane(float value) { return value - Lane{}; }

/// A bit for each lane that is not above the limit; NaN is not.
LANEWISE_INLINE uint32_t notAbove(Lane value, float limit) {
  const auto above = value > splatLane(limit);
#if defined(__AVX2__)
  const int bits = _mm256_movemask_ps(reinterpret_cast<__m256>(above));
#elif defined(__x86_64__)
  const int bits = _mm_movemask_ps(reinterpret_cast<__m128>(above));
#else
  int bits = 0;
  for (int lane = 0; lane < laneLength; lane++) bits |= (above[lane] & 1) << lane;
#endif
  return ~static_cast<uint32_t>(bits) & ((1u << laneLength) - 1);
}

/// Products of queries with the points of panels, summed over the coordinates in order.
template <int queries, int panels>
struct Tile {
  Lane sums[queries][panels][panelLanes];

  LANEWISE_INLINE Tile(const float* const (&rows)[queries], const float* first, int32_t dimension) {
#pragma GCC unroll 8
    for (int q = 0; q < queries; q++) {
#pragma GCC unroll 4
      for (int p = 0; p < panels; p++) {
#pragma GCC unroll 2
        for (int l = 0; l < panelLanes; l++) sums[q][p][l] = Lane{};
      }
    }
    const size_t panelSize = static_cast<size_t>(dimension) * panelPoints;
    for (int32_t j = 0; j < dimension; j++) {
      Lane points[panels][panelLanes];
#pragma GCC unroll 4
      for (int p = 0; p < panels; p++) {
#pragma GCC unroll 2
        for (int l = 0; l < panelLanes; l++) {
          points[p][l] = loadLane(first + static_cast<size_t>(p) * panelSize + j * panelPoints + l * laneLength);
        }
      }
#pragma GCC unroll 8
      for (int q = 0; q < queries; q++) {
        const Lane coordinate = splatLane(rows[q][j]);
#pragma GCC unroll 4
        for (int p = 0; p < panels; p++) {
#pragma GCC unroll 2
          for (int l = 0; l < panelLanes; l++) sums[q][p][l] += coordinate * points[p][l];
        }
      }
    }
  }
};

/// Calls body(i, panel, tile, panels of the tile) for all tiles of a block. Queries missing from the last tile repeat the
/// last one.
template <int queries, typename Body>
LANEWISE_INLINE void forEachTile(const float* queryRows, const float* panels, int32_t queryCount, int32_t firstPanel,
                                 int32_t endPanel, int32_t dimension, Body body) {
  const size_t panelSize = static_cast<size_t>(dimension) * panelPoints;
  for (int32_t i = 0; i < queryCount; i += queries) {
    const float* rows[queries];
    for (int q = 0; q < queries; q++) {
      const int32_t query = i + q < queryCount ? i + q : queryCount - 1;
      rows[q] = queryRows + static_cast<size_t>(query) * static_cast<size_t>(dimension);
    }
    int32_t panel = firstPanel;
    for (; panel + tilePanels <= endPanel; panel += tilePanels) {
      const Tile<queries, tilePanels> tile(rows, panels + static_cast<size_t>(panel) * panelSize, dimension);
      body(i, panel, tile);
    }
    for (; panel < endPanel; panel++) {
      const Tile<queries, 1> tile(rows, panels + static_cast<size_t>(panel) * panelSize, dimension);
      body(i, panel, tile);
    }
  }
}

LANEWISE_INLINE int32_t panelsOf(int32_t points) { return (points + panelPoints - 1) / panelPoints; }

double squaredDistance(const double* a, const double* b, int32_t dimension) {
  double sum = 0;
  for (int32_t j = 0; j < dimension; j++) {
    const double difference = a[j] - b[j];
    sum += difference * difference;
  }
  return sum;
}

/// What a candidate's value (bound of its length − 2·q·p) may be at most, for its distance to be `distance` or less.
LANEWISE_INLINE float limitOf(double distance, double bound, double unit) {
  return static_cast<float>(distance * unit * unit - bound);
}

}  // namespace

void l2_block_f32(const float* queryRows, const float* panels, const float* queryLengths, const float* panelLengths,
                  float* out, int32_t queryCount, int32_t pointCount, int32_t dimension) {
  const int32_t total = panelsOf(pointCount);
  const size_t line = static_cast<size_t>(total) * panelPoints;
  for (int32_t block = 0; block < total; block += blockPanels) {
    const int32_t end = total - block < blockPanels ? total : block + blockPanels;
    forEachTile<tileQueries>(
        queryRows, panels, queryCount, block, end, dimension,
        [=]<int queries, int width>(int32_t i, int32_t panel, const Tile<queries, width>& tile) LANEWISE_INLINE_LAMBDA {
#pragma GCC unroll 8
          for (int q = 0; q < queries; q++) {
            if (i + q >= queryCount) break;
            const Lane length = splatLane(queryLengths[i + q]);
            float* row = out + static_cast<size_t>(i + q) * line + panel * panelPoints;
#pragma GCC unroll 4
            for (int p = 0; p < width; p++) {
#pragma GCC unroll 2
              for (int l = 0; l < panelLanes; l++) {
                const int at = p * panelPoints + l * laneLength;
                const Lane lengths = length + loadLane(panelLengths + panel * panelPoints + at);
                storeLane(row + at, lengths - 2.0f * tile.sums[q][p][l]);
              }
            }
          }
        });
  }
}

namespace {

struct NearestSearch {
  const double* queries;
  const double* points;
  const double* queryBounds;
  const float* panelBounds;
  double* distances;
  int32_t* indices;
  float* limits;
  int32_t queryCount, pointCount, dimension, k;
  double unit;

  /// Puts a point into a query's list if it is nearer than the last; equals stay behind those that came before.
  void offer(int32_t query, int32_t index) const {
    const size_t width = static_cast<size_t>(dimension);
    const double distance = squaredDistance(queries + static_cast<size_t>(query) * width,
                                            points + static_cast<size_t>(index) * width, dimension);
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
    limits[query] = limitOf(list[k - 1], queryBounds[query], unit);
  }

  /// Offers a query's points of a panel that are not ruled out, in the order of their indices.
  LANEWISE_INLINE void offerPanel(int32_t query, int32_t panel, const Lane* sums) const {
    uint32_t open = 0;
#pragma GCC unroll 2
    for (int l = 0; l < panelLanes; l++) {
      const Lane bounds = loadLane(panelBounds + panel * panelPoints + l * laneLength);
      open |= notAbove(bounds - 2.0f * sums[l], limits[query]) << (l * laneLength);
    }
    for (; open != 0; open &= open - 1) {
      const int32_t index = panel * panelPoints + __builtin_ctz(open);
      if (index < pointCount) offer(query, index);
    }
  }
};

}  // namespace

void nearest_points_f64(const double* queries, const double* points, const float* queryRows, const float* panels,
                        const double* queryBounds, const float* panelBounds, double* distances, int32_t* indices,
                        float* limits, int32_t queryCount, int32_t pointCount, int32_t dimension, int32_t k,
                        double unit) {
  const size_t length = static_cast<size_t>(queryCount) * static_cast<size_t>(k);
  for (size_t i = 0; i < length; i++) distances[i] = __builtin_inf();
  for (size_t i = 0; i < length; i++) indices[i] = -1;
  for (int32_t i = 0; i < queryCount; i++) limits[i] = __builtin_inff();
  const NearestSearch search{queries, points, queryBounds, panelBounds, distances, indices,
                             limits,  queryCount, pointCount, dimension, k, unit};
  const int32_t total = panelsOf(pointCount);
  for (int32_t block = 0; block < total; block += blockPanels) {
    const int32_t end = total - block < blockPanels ? total : block + blockPanels;
    forEachTile<tileQueries>(
        queryRows, panels, queryCount, block, end, dimension,
        [&search]<int count, int width>(int32_t i, int32_t panel, const Tile<count, width>& tile) LANEWISE_INLINE_LAMBDA {
#pragma GCC unroll 8
          for (int q = 0; q < count; q++) {
            if (i + q >= search.queryCount) break;
#pragma GCC unroll 4
            for (int p = 0; p < width; p++) search.offerPanel(i + q, panel + p, tile.sums[q][p]);
          }
        });
  }
}

namespace {

/// The index of the smallest of `count` values, rounded up to panels; −1 where none is finite.
int32_t indexOfSmallest(const float* values, int32_t count) {
  const int32_t lanes = panelsOf(count) * panelLanes;
  Lane smallest = splatLane(__builtin_inff());
  for (int32_t lane = 0; lane < lanes; lane++) {
    const Lane these = loadLane(values + lane * laneLength);
    smallest = these < smallest ? these : smallest;
  }
  float lowest = smallest[0];
  for (int j = 1; j < laneLength; j++) lowest = smallest[j] < lowest ? smallest[j] : lowest;
  if (!(lowest < __builtin_inff())) return -1;
  for (int32_t lane = 0;; lane++) {
    // What is not above the smallest, and no NaN, is the smallest.
    const Lane these = loadLane(values + lane * laneLength);
    const Lane known = these == these ? these : splatLane(__builtin_inff());
    const uint32_t found = notAbove(known, lowest);
    if (found != 0) return lane * laneLength + __builtin_ctz(found);
  }
}

/// A few queries that look for their nearest centres side by side.
template <int together>
struct NearestCenters {
  const double* queries;
  const double* centers;
  int32_t count, dimension;
  double unit;
  int32_t first[together];
  double nearest[together];

  const double* center(int32_t k) const { return centers + static_cast<size_t>(k) * static_cast<size_t>(dimension); }
  const double* query(int32_t q) const { return queries + static_cast<size_t>(q) * static_cast<size_t>(dimension); }

  /// The exact distance of the centre with the smallest value, for every query at once: it rules nearly all others out.
  void start(const float* values, size_t line, int32_t queryCount) {
    const double *from[together], *to[together];
    for (int q = 0; q < together; q++) {
      const int32_t held = q < queryCount ? q : queryCount - 1;
      first[q] = indexOfSmallest(values + static_cast<size_t>(held) * line, count);
      nearest[q] = 0;
      from[q] = query(held);
      to[q] = first[q] < 0 ? from[q] : center(first[q]);
    }
    for (int32_t j = 0; j < dimension; j++) {
#pragma GCC unroll 8
      for (int q = 0; q < together; q++) {
        const double difference = from[q][j] - to[q][j];
        nearest[q] += difference * difference;
      }
    }
  }

  /// Finishes one query: looks at every centre that its value does not rule out.
  void finish(int32_t q, const float* values, double bound, int32_t& label, double& distance) const {
    label = -1;
    distance = __builtin_inf();
    if (first[q] >= 0 && nearest[q] < distance) {
      label = first[q];
      distance = nearest[q];
    }
    float limit = limitOf(distance, bound, unit);
    const int32_t lanes = panelsOf(count) * panelLanes;
    for (int32_t lane = 0; lane < lanes; lane++) {
      const int32_t from = lane * laneLength;
      for (uint32_t open = notAbove(loadLane(values + from), limit); open != 0; open &= open - 1) {
        const int32_t k = from + __builtin_ctz(open);
        if (k >= count || k == first[q]) continue;
        const double other = squaredDistance(query(q), center(k), dimension);
        if (!(other < distance || (other == distance && k < label))) continue;
        label = k;
        distance = other;
        limit = limitOf(distance, bound, unit);
      }
    }
  }
};

}  // namespace

void assign_points_f64(const double* queries, const double* centers, const float* queryRows, const float* panels,
                       const double* queryBounds, const float* panelBounds, int32_t* labels, double* distances,
                       float* values, int32_t queryCount, int32_t pointCount, int32_t dimension, double unit) {
  constexpr int32_t together = 4;
  const int32_t total = panelsOf(pointCount);
  const size_t line = static_cast<size_t>(total) * panelPoints, width = static_cast<size_t>(dimension);
  for (int32_t i = 0; i < queryCount; i += together) {
    const int32_t count = queryCount - i < together ? queryCount - i : together;
    forEachTile<together>(
        queryRows + static_cast<size_t>(i) * width, panels, count, 0, total, dimension,
        [=]<int rows, int across>(int32_t, int32_t panel, const Tile<rows, across>& tile) LANEWISE_INLINE_LAMBDA {
#pragma GCC unroll 4
          for (int q = 0; q < rows; q++) {
#pragma GCC unroll 4
            for (int p = 0; p < across; p++) {
#pragma GCC unroll 2
              for (int l = 0; l < panelLanes; l++) {
                const int at = (panel + p) * panelPoints + l * laneLength;
                storeLane(values + static_cast<size_t>(q) * line + at,
                          loadLane(panelBounds + at) - 2.0f * tile.sums[q][p][l]);
              }
            }
          }
        });
    NearestCenters<together> search{queries + static_cast<size_t>(i) * width, centers, pointCount, dimension, unit, {}, {}};
    search.start(values, line, count);
    for (int32_t q = 0; q < count; q++) {
      search.finish(q, values + static_cast<size_t>(q) * line, queryBounds[i + q], labels[i + q], distances[i + q]);
    }
  }
}

void cluster_sums_f64(const double* points, const int32_t* labels, const double* weights, double* sums,
                      int32_t pointCount, int32_t dimension, int32_t clusterCount) {
  const size_t width = static_cast<size_t>(dimension);
  const size_t length = static_cast<size_t>(clusterCount) * (width + 1);
  for (size_t i = 0; i < length; i++) sums[i] = 0;
  for (int32_t i = 0; i < pointCount; i++) {
    if (labels[i] < 0) continue;
    const double weight = weights == nullptr ? 1.0 : weights[i];
    const double* __restrict point = points + static_cast<size_t>(i) * width;
    double* __restrict sum = sums + static_cast<size_t>(labels[i]) * (width + 1);
    for (size_t j = 0; j < width; j++) sum[j] = sum[j] + weight * point[j];
    sum[width] = sum[width] + weight;
  }
}

}  // namespace lanewise::LANEWISE_ISA
