// Searches in navigable graphs: src/kernels/graph-search.ts is the law.
namespace lanewise::LANEWISE_ISA {

namespace {

/// The first k wanted entries of a pool.
void writeFound(const Graph& graph, const SearchPool& pool, float* distances, int32_t* nodes, int32_t k) {
  int32_t found = 0;
  for (int32_t i = 0; i < pool.length && found < k; i++) {
    if ((pool.entries[i] & metBarred) != 0) continue;
    distances[found] = distanceOf(pool.entries[i]);
    nodes[found++] = graph.nodeOf(pool.entries[i]);
  }
  for (; found < k; found++) {
    distances[found] = __builtin_inff();
    nodes[found] = -1;
  }
}

}  // namespace

void graph_search_f32(const float* vectors, const int32_t* links, const int32_t* upperOffsets, const int32_t* upper,
                      const float* queries, const uint8_t* allowed, float* distances, int32_t* nodes, uint32_t* visited,
                      int64_t* pool, int32_t* fresh, int32_t nodeCount, int32_t, int32_t stride, int32_t m,
                      int32_t metric, int32_t entry, int32_t topLevel, int32_t queryCount, int32_t k, int32_t ef,
                      int32_t capacity) {
  const Graph graph{vectors, links, upperOffsets, upper, stride, m, metric, oldestFirst};
  for (int32_t i = 0; i < queryCount; i++) {
    const float* query = queries + static_cast<size_t>(i) * static_cast<size_t>(stride);
    SearchPool found(pool, ef, capacity);
    if (entry >= 0) {
      Met start = graph.metOf(graph.distance(query, entry), entry);
      for (int32_t level = topLevel; level > 0; level--) start = graph.descend(query, start, level, fresh);
      clearBits(visited, nodeCount);
      graph.searchLayer(query, start, 0, found, allowed, visited, fresh);
    }
    const size_t at = static_cast<size_t>(i) * static_cast<size_t>(k);
    writeFound(graph, found, distances + at, nodes + at, k);
  }
}

void graph_scan_f32(const float* vectors, const int32_t* rows, const float* queries, float* distances, int32_t* nodes,
                    int64_t* pool, int32_t, int32_t rowCount, int32_t stride, int32_t metric, int32_t queryCount,
                    int32_t k) {
  const Graph graph{vectors, nullptr, nullptr, nullptr, stride, 0, metric, oldestFirst};
  for (int32_t i = 0; i < queryCount; i++) {
    const float* query = queries + static_cast<size_t>(i) * static_cast<size_t>(stride);
    SearchPool found(pool, k, k);
    for (int32_t from = 0; from < rowCount; from += 4) {
      int32_t some[4];
      const int32_t count = rowCount - from < 4 ? rowCount - from : 4;
      for (int32_t j = 0; j < count; j++) some[j] = rows[from + j];
      graph.forDistances(query, some, count, [&](int32_t j, float distance) LANEWISE_INLINE_LAMBDA {
        found.offer(graph.metOf(distance, some[j]));
      });
    }
    const size_t at = static_cast<size_t>(i) * static_cast<size_t>(k);
    writeFound(graph, found, distances + at, nodes + at, k);
  }
}

}  // namespace lanewise::LANEWISE_ISA
