// Neighbours by a k-d tree: src/kernels/kd-tree.ts is the law. A leaf's points lie in panels of eight, a lane each.
namespace lanewise::LANEWISE_ISA {

namespace {

constexpr int kdPanel = 8;
typedef Vector<double> KdLane;
constexpr int kdLane = vectorLength<double>;
constexpr int kdLanes = kdPanel / kdLane;

enum class KdMetric { squares, sizes, largest };

template <KdMetric metric, typename T>
LANEWISE_INLINE T kdSum(T sum, T difference) {
  if constexpr (metric == KdMetric::squares) return sum + difference * difference;
  const T size = difference < T{} ? -difference : difference;
  if constexpr (metric == KdMetric::sizes) return sum + size;
  return size > sum ? size : sum;
}

struct KdSearch {
  const double *queries, *panels;
  const int32_t* order;
  const double* boxes;
  const int32_t* leaves;
  double* scratch;
  int32_t dimension, depth, self;

  /// What the box of a node is away from a query: not above the distance of any point in it, to the last bit.
  template <KdMetric metric>
  LANEWISE_INLINE double boxDistance(const double* query, int32_t node) const {
    const double* low = boxes + static_cast<size_t>(node) * 2 * static_cast<size_t>(dimension);
    const double* high = low + dimension;
    double sum = 0;
    for (int32_t j = 0; j < dimension; j++) {
      const double value = query[j], below = low[j] - value, above = value - high[j];
      const double larger = below > above ? below : above;
      sum = kdSum<metric>(sum, larger > 0 ? larger : 0.0);
    }
    return sum;
  }

  /// Offers the points of the leaves that a query may find something in to `taker`: `limit()` says what is still wanted.
  template <KdMetric metric, typename Taker>
  LANEWISE_INLINE void visit(int32_t i, Taker& taker) const {
    const double* query = queries + static_cast<size_t>(i) * static_cast<size_t>(dimension);
    const int32_t own = self < 0 ? -1 : self + i;
    const int32_t firstLeaf = (1 << depth) - 1;
    double* far = scratch;
    double* waiting = scratch + 32;
    int32_t count = 0, node = 0;
    double distance = boxDistance<metric>(query, 0);
    for (;;) {
      while (node < firstLeaf && !(distance > taker.limit())) {
        const int32_t left = 2 * node + 1, right = left + 1;
        const double toLeft = boxDistance<metric>(query, left), toRight = boxDistance<metric>(query, right);
        const bool rightFirst = toRight < toLeft;
        waiting[count] = rightFirst ? left : right;
        far[count++] = rightFirst ? toLeft : toRight;
        node = rightFirst ? right : left;
        distance = rightFirst ? toRight : toLeft;
      }
      if (!(distance > taker.limit())) {
        const int32_t leaf = node - firstLeaf;
        for (int32_t panel = leaves[leaf]; panel < leaves[leaf + 1]; panel++) scan<metric>(query, panel, own, taker);
      }
      do {
        if (count == 0) return;
        distance = far[--count];
      } while (distance > taker.limit());
      node = static_cast<int32_t>(waiting[count]);
    }
  }

  template <KdMetric metric, typename Taker>
  LANEWISE_INLINE void scan(const double* query, int32_t panel, int32_t own, Taker& taker) const {
    const double* coordinates = panels + static_cast<size_t>(panel) * kdPanel * static_cast<size_t>(dimension);
    KdLane sums[kdLanes] = {};
    for (int32_t j = 0; j < dimension; j++) {
      const KdLane value = splat(query[j]);
#pragma GCC unroll 4
      for (int l = 0; l < kdLanes; l++) {
        sums[l] = kdSum<metric>(sums[l], value - loadVector(coordinates + j * kdPanel + l * kdLane));
      }
    }
    double distances[kdPanel];
#pragma GCC unroll 4
    for (int l = 0; l < kdLanes; l++) storeVector(distances + l * kdLane, sums[l]);
    const int32_t* indices = order + static_cast<size_t>(panel) * kdPanel;
    for (int p = 0; p < kdPanel; p++) {
      // Not a number: no point.
      if (distances[p] <= taker.limit() && indices[p] >= 0 && indices[p] != own) taker.take(indices[p], distances[p]);
    }
  }
};

/// The k nearest so far, the lower index first among equals.
struct KdNearestTaker {
  double* distances;
  int32_t* indices;
  int32_t k;

  LANEWISE_INLINE double limit() const { return distances[k - 1]; }
  void take(int32_t index, double distance) {
    int32_t place = k - 1;
    if (!(distance < distances[place] || (distance == distances[place] && index < indices[place]))) return;
    for (; place > 0; place--) {
      if (distances[place - 1] < distance || (distances[place - 1] == distance && indices[place - 1] < index)) break;
      distances[place] = distances[place - 1];
      indices[place] = indices[place - 1];
    }
    distances[place] = distance;
    indices[place] = index;
  }
};

struct KdCountTaker {
  double most;
  int32_t count;
  LANEWISE_INLINE double limit() const { return most; }
  LANEWISE_INLINE void take(int32_t, double) { count++; }
};

struct KdWithinTaker {
  double most;
  int32_t* indices;
  double* distances;
  int32_t count;
  LANEWISE_INLINE double limit() const { return most; }
  LANEWISE_INLINE void take(int32_t index, double distance) {
    indices[count] = index;
    distances[count++] = distance;
  }

  /// Puts what was found into the order of its indices (Shell's sort, Ciura's gaps).
  void sort() const {
    constexpr int32_t gaps[] = {701, 301, 132, 57, 23, 10, 4, 1};
    for (const int32_t gap : gaps) {
      for (int32_t i = gap; i < count; i++) {
        const int32_t index = indices[i];
        const double distance = distances[i];
        int32_t place = i;
        for (; place >= gap && indices[place - gap] > index; place -= gap) {
          indices[place] = indices[place - gap];
          distances[place] = distances[place - gap];
        }
        indices[place] = index;
        distances[place] = distance;
      }
    }
  }
};

/// Calls body<metric>() for the metric that a code stands for.
template <typename Body>
LANEWISE_INLINE void byKdMetric(int32_t code, Body body) {
  if (code == 4) return body.template operator()<KdMetric::sizes>();
  if (code == 5) return body.template operator()<KdMetric::largest>();
  body.template operator()<KdMetric::squares>();
}

}  // namespace

void kd_tree_nearest_f64(const double* queries, const double* panels, const int32_t* order, const double* boxes,
                         const int32_t* leaves, double* distances, int32_t* indices, double* scratch, int32_t queryCount,
                         int32_t, int32_t dimension, int32_t depth, int32_t metric, int32_t self, int32_t k) {
  const KdSearch tree{queries, panels, order, boxes, leaves, scratch, dimension, depth, self};
  byKdMetric(metric, [&]<KdMetric known>() {
    for (int32_t i = 0; i < queryCount; i++) {
      const size_t first = static_cast<size_t>(i) * static_cast<size_t>(k);
      KdNearestTaker taker{distances + first, indices + first, k};
      for (int32_t place = 0; place < k; place++) {
        taker.distances[place] = __builtin_inf();
        taker.indices[place] = -1;
      }
      tree.visit<known>(i, taker);
    }
  });
}

void kd_tree_count_f64(const double* queries, const double* panels, const int32_t* order, const double* boxes,
                       const int32_t* leaves, int32_t* counts, double* scratch, int32_t queryCount, int32_t,
                       int32_t dimension, int32_t depth, int32_t metric, int32_t self, double limit) {
  const KdSearch tree{queries, panels, order, boxes, leaves, scratch, dimension, depth, self};
  byKdMetric(metric, [&]<KdMetric known>() {
    for (int32_t i = 0; i < queryCount; i++) {
      KdCountTaker taker{limit, 0};
      tree.visit<known>(i, taker);
      counts[i] = taker.count;
    }
  });
}

void kd_tree_within_f64(const double* queries, const double* panels, const int32_t* order, const double* boxes,
                        const int32_t* leaves, const int32_t* offsets, int32_t* indices, double* distances, double* scratch,
                        int32_t queryCount, int32_t, int32_t dimension, int32_t depth, int32_t metric, int32_t self,
                        double limit, int32_t) {
  const KdSearch tree{queries, panels, order, boxes, leaves, scratch, dimension, depth, self};
  byKdMetric(metric, [&]<KdMetric known>() {
    for (int32_t i = 0; i < queryCount; i++) {
      KdWithinTaker taker{limit, indices + offsets[i], distances + offsets[i], 0};
      tree.visit<known>(i, taker);
      taker.sort();
    }
  });
}

}  // namespace lanewise::LANEWISE_ISA
