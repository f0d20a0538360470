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
        for (int32_t panel = leaves[leaf]; panel < leaves[leaf + 1]; panel++) {
          scan<metric>(query, panel, own, taker);
          if (taker.full()) return;
        }
      }
      do {
        if (count == 0) return;
        distance = far[--count];
      } while (distance > taker.limit());
      node = static_cast<int32_t>(waiting[count]);
    }
  }

  /// Distances of a panel's points.
  template <KdMetric metric>
  LANEWISE_INLINE void panelDistances(const double* query, int32_t panel, double (&distances)[kdPanel]) const {
    const double* coordinates = panels + static_cast<size_t>(panel) * kdPanel * static_cast<size_t>(dimension);
    KdLane sums[kdLanes] = {};
    for (int32_t j = 0; j < dimension; j++) {
      const KdLane value = splat(query[j]);
#pragma GCC unroll 4
      for (int l = 0; l < kdLanes; l++) {
        sums[l] = kdSum<metric>(sums[l], value - loadVector(coordinates + j * kdPanel + l * kdLane));
      }
    }
#pragma GCC unroll 4
    for (int l = 0; l < kdLanes; l++) storeVector(distances + l * kdLane, sums[l]);
  }

  template <KdMetric metric, typename Taker>
  LANEWISE_INLINE void scan(const double* query, int32_t panel, int32_t own, Taker& taker) const {
    double distances[kdPanel];
    panelDistances<metric>(query, panel, distances);
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
  LANEWISE_INLINE bool full() const { return false; }
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
  int32_t enough;
  int32_t count;
  LANEWISE_INLINE double limit() const { return most; }
  LANEWISE_INLINE bool full() const { return count >= enough; }
  LANEWISE_INLINE void take(int32_t, double) { count++; }
};

struct KdWithinTaker {
  double most;
  int32_t* indices;
  double* distances;
  int32_t count;
  LANEWISE_INLINE double limit() const { return most; }
  LANEWISE_INLINE bool full() const { return false; }
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

/// Where a node's points begin in the order, from its place in its level.
LANEWISE_INLINE int32_t kdCut(int32_t count, int32_t place, int32_t level) {
  return static_cast<int32_t>((static_cast<int64_t>(count) * place) >> level);
}

/// The box of some points; which coordinate is spread most.
int32_t kdBox(const double* values, int32_t dimension, const int32_t* order, int32_t start, int32_t end, double* low) {
  double* high = low + dimension;
  for (int32_t j = 0; j < dimension; j++) {
    low[j] = __builtin_inf();
    high[j] = -__builtin_inf();
  }
  for (int32_t i = start; i < end; i++) {
    const double* point = values + static_cast<size_t>(order[i]) * static_cast<size_t>(dimension);
    for (int32_t j = 0; j < dimension; j++) {
      low[j] = point[j] < low[j] ? point[j] : low[j];
      high[j] = point[j] > high[j] ? point[j] : high[j];
    }
  }
  int32_t widest = 0;
  for (int32_t j = 1; j < dimension; j++) {
    if (high[j] - low[j] > high[widest] - low[widest]) widest = j;
  }
  return widest;
}

template <typename T>
LANEWISE_INLINE void kdSwap(T& a, T& b) {
  const T kept = a;
  a = b;
  b = kept;
}

/// Rearranges points so that those before `middle` are not behind those from it on: Hoare's selection.
void kdHalve(const double* values, int32_t dimension, int32_t column, int32_t* order, double* keys, int32_t start,
             int32_t middle, int32_t end) {
  for (int32_t i = start; i < end; i++) {
    keys[i] = values[static_cast<size_t>(order[i]) * static_cast<size_t>(dimension) + static_cast<size_t>(column)];
  }
  int32_t low = start, high = end - 1;
  while (low < high) {
    const double a = keys[low], b = keys[(low + high) >> 1], c = keys[high];
    const double smaller = a < b ? a : b, larger = a < b ? b : a, below = larger < c ? larger : c;
    const double pivot = smaller > below ? smaller : below;
    int32_t i = low, j = high;
    while (i <= j) {
      while (keys[i] < pivot) i++;
      while (keys[j] > pivot) j--;
      if (i > j) break;
      kdSwap(keys[i], keys[j]);
      kdSwap(order[i], order[j]);
      i++;
      j--;
    }
    if (middle <= j) high = j;
    else if (middle >= i) low = i;
    else return;
  }
}

void kdSort(int32_t* indices, int32_t count) {
  constexpr int32_t gaps[] = {701, 301, 132, 57, 23, 10, 4, 1};
  for (const int32_t gap : gaps) {
    for (int32_t i = gap; i < count; i++) {
      const int32_t index = indices[i];
      int32_t place = i;
      for (; place >= gap && indices[place - gap] > index; place -= gap) indices[place] = indices[place - gap];
      indices[place] = index;
    }
  }
}

/// Groups of nodes: what is not known, and nodes without a dense point.
constexpr int32_t kdUnknown = -1, kdNone = -2;

/// Sets of dense points, each known by its first.
struct KdSets {
  int32_t* parents;

  LANEWISE_INLINE bool has(int32_t point) const { return point >= 0 && parents[point] >= 0; }

  /// On the way, points come nearer to the first.
  LANEWISE_INLINE int32_t first(int32_t point) const {
    while (parents[point] != point) {
      parents[point] = parents[parents[point]];
      point = parents[point];
    }
    return point;
  }

  LANEWISE_INLINE void join(int32_t a, int32_t b) const {
    const int32_t one = first(a), other = first(b);
    if (one < other) parents[other] = one;
    else parents[one] = other;
  }
};

struct KdJoin {
  const KdSearch& tree;
  KdSets sets;
  int32_t* groups;
  double limit;

  /// Learns of which set a node is from its children. Returns whether nothing in it is in another set than `own`.
  bool ofSet(int32_t node, int32_t own) const {
    int32_t& group = groups[node];
    if (group == kdUnknown && node < (1 << tree.depth) - 1) {
      const int32_t left = groups[2 * node + 1], right = groups[2 * node + 2];
      if (left == kdNone) group = right;
      else if (right == kdNone) group = left;
      else if (left >= 0 && right >= 0 && sets.first(left) == sets.first(right)) group = left;
    }
    return group == kdNone || (group >= 0 && sets.first(group) == sets.first(own));
  }

  /// Joins a point with the dense ones of a leaf within the limit; learns of which set the leaf is.
  template <KdMetric metric>
  LANEWISE_INLINE void joinLeaf(const double* query, int32_t own, int32_t leaf, int32_t& group) const {
    const int32_t start = tree.leaves[leaf], end = tree.leaves[leaf + 1];
    for (int32_t panel = start; panel < end; panel++) {
      double distances[kdPanel];
      tree.panelDistances<metric>(query, panel, distances);
      const int32_t* indices = tree.order + static_cast<size_t>(panel) * kdPanel;
      for (int p = 0; p < kdPanel; p++) {
        if (distances[p] <= limit && sets.has(indices[p])) sets.join(own, indices[p]);
      }
    }
    int32_t set = kdNone;
    for (int32_t place = start * kdPanel; place < end * kdPanel; place++) {
      const int32_t index = tree.order[place];
      if (!sets.has(index)) continue;
      const int32_t one = sets.first(index);
      if (set == kdNone) set = one;
      else if (set != one) return;
    }
    group = set;
  }

  template <KdMetric metric>
  LANEWISE_INLINE void joinPoint(const double* query, int32_t own) const {
    const int32_t firstLeaf = (1 << tree.depth) - 1;
    int32_t waiting[32];
    int32_t count = 1;
    waiting[0] = 0;
    while (count > 0) {
      const int32_t node = waiting[--count];
      if (tree.boxDistance<metric>(query, node) > limit || ofSet(node, own)) continue;
      if (node < firstLeaf) {
        waiting[count++] = 2 * node + 2;
        waiting[count++] = 2 * node + 1;
      } else {
        joinLeaf<metric>(query, own, node - firstLeaf, groups[node]);
      }
    }
  }
};

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
                       int32_t dimension, int32_t depth, int32_t metric, int32_t self, double limit,
                       int32_t enough) {
  const KdSearch tree{queries, panels, order, boxes, leaves, scratch, dimension, depth, self};
  byKdMetric(metric, [&]<KdMetric known>() {
    for (int32_t i = 0; i < queryCount; i++) {
      KdCountTaker taker{limit, enough, 0};
      tree.visit<known>(i, taker);
      counts[i] = taker.full() ? enough : taker.count;
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

void kd_tree_split_f64(const double* values, int32_t* order, double* boxes, double* keys, int32_t pointCount,
                       int32_t dimension, int32_t depth, int32_t nodeStart, int32_t nodeEnd) {
  for (int32_t node = nodeStart; node < nodeEnd; node++) {
    const int32_t level = 31 - __builtin_clz(static_cast<uint32_t>(node) + 1);
    const int32_t place = node + 1 - (1 << level);
    const int32_t start = kdCut(pointCount, place, level), end = kdCut(pointCount, place + 1, level);
    double* box = boxes + static_cast<size_t>(node) * 2 * static_cast<size_t>(dimension);
    const int32_t widest = kdBox(values, dimension, order, start, end, box);
    if (level == depth) continue;
    kdHalve(values, dimension, widest, order, keys, start, kdCut(pointCount, 2 * place + 1, level + 1), end);
  }
}

void kd_tree_lay_f64(const double* values, int32_t* sorted, const int32_t* leaves, double* panels, int32_t* order,
                     int32_t pointCount, int32_t dimension, int32_t depth, int32_t, int32_t leafStart, int32_t leafEnd) {
  const size_t width = static_cast<size_t>(dimension);
  for (int32_t leaf = leafStart; leaf < leafEnd; leaf++) {
    const int32_t start = kdCut(pointCount, leaf, depth), count = kdCut(pointCount, leaf + 1, depth) - start;
    int32_t* own = sorted + start;
    kdSort(own, count);
    const int32_t first = leaves[leaf] * kdPanel, places = leaves[leaf + 1] * kdPanel - first;
    for (int32_t i = 0; i < places; i++) {
      const int32_t place = first + i, index = i < count ? own[i] : -1;
      order[place] = index;
      double* to = panels + static_cast<size_t>(place / kdPanel) * kdPanel * width + place % kdPanel;
      for (size_t j = 0; j < width; j++) {
        to[j * kdPanel] = index < 0 ? __builtin_nan("") : values[static_cast<size_t>(index) * width + j];
      }
    }
  }
}

void kd_tree_join_f64(const double* panels, const int32_t* order, const double* boxes, const int32_t* leaves,
                      int32_t* parents, int32_t* groups, double* scratch, int32_t pointCount, int32_t, int32_t dimension,
                      int32_t depth, int32_t metric, double limit, int32_t leafStart, int32_t leafEnd) {
  const KdSearch tree{nullptr, panels, order, boxes, leaves, scratch, dimension, depth, -1};
  const KdSets sets{parents};
  const KdJoin join{tree, sets, groups, limit};
  for (int32_t node = 0; node < (2 << depth) - 1; node++) groups[node] = kdUnknown;
  byKdMetric(metric, [&]<KdMetric known>() {
    for (int32_t place = leaves[leafStart] * kdPanel; place < leaves[leafEnd] * kdPanel; place++) {
      const int32_t own = order[place];
      if (!sets.has(own)) continue;
      const double* from = panels + static_cast<size_t>(place / kdPanel) * kdPanel * static_cast<size_t>(dimension) + place % kdPanel;
      for (int32_t j = 0; j < dimension; j++) scratch[j] = from[j * kdPanel];
      join.joinPoint<known>(scratch, own);
    }
  });
  for (int32_t i = 0; i < pointCount; i++) {
    if (parents[i] >= 0) parents[i] = sets.first(i);
  }
}

}  // namespace lanewise::LANEWISE_ISA
