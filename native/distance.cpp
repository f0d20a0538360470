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

}  // namespace lanewise::LANEWISE_ISA
