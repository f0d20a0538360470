// Building and repairing navigable graphs: src/kernels/graph-building.ts is the law.
namespace lanewise::LANEWISE_ISA {

namespace {

/// Distances of a node to the nodes of its batch that come before it.
void batchDistancesOf(const Graph& graph, const float* query, const int32_t* batch, int32_t count, float* distances) {
  for (int32_t from = 0; from < count; from += 4) {
    int32_t some[4];
    const int32_t these = count - from < 4 ? count - from : 4;
    for (int32_t j = 0; j < these; j++) some[j] = batch[from + j];
    graph.forDistances(query, some, these, [=](int32_t j, float distance) LANEWISE_INLINE_LAMBDA {
      distances[from + j] = distance;
    });
  }
}

}  // namespace

void graph_connect_f32(const float* vectors, const uint8_t* levels, const int32_t* upperOffsets, const int32_t* batch,
                       int32_t* links, int32_t* upper, uint32_t* visited, int64_t* pool, int32_t* fresh,
                       float* batchDistances, int32_t nodeCount, int32_t, int32_t, int32_t stride, int32_t m,
                       int32_t metric, int32_t entry, int32_t topLevel, int32_t ef, int32_t rowStart, int32_t rowEnd) {
  const Graph graph{vectors, links, upperOffsets, upper, stride, m, metric, newestFirst};
  for (int32_t place = rowStart; place < rowEnd; place++) {
    const int32_t node = batch[place];
    const float* query = graph.row(node);
    batchDistancesOf(graph, query, batch, place, batchDistances);
    Met near = entry < 0 ? 0 : graph.metOf(graph.distance(query, entry), entry);
    for (int32_t level = topLevel; entry >= 0 && level > levels[node]; level--) {
      near = graph.descend(query, near, level, fresh);
    }
    for (int32_t level = levels[node]; level >= 0; level--) {
      SearchPool found(pool, ef, ef);
      if (entry >= 0 && level <= topLevel) {
        clearBits(visited, nodeCount);
        graph.searchLayer(query, near, level, found, nullptr, visited, fresh);
        near = found.entries[0] & ~metExpanded;
      }
      for (int32_t j = 0; j < place; j++) {
        if (levels[batch[j]] >= level) found.offer(graph.metOf(batchDistances[j], batch[j]));
      }
      graph.chooseNeighbors(found.entries, found.length, const_cast<int32_t*>(graph.list(node, level)), m);
      if (level == 0) {
        int32_t* list = links + static_cast<size_t>(node) * static_cast<size_t>(2 * m);
        for (int32_t slot = m; slot < 2 * m; slot++) list[slot] = -1;
      }
    }
  }
}

void graph_link_f32(const float* vectors, int32_t* lists, const int32_t* targets, const int32_t* places,
                    const int32_t* starts, const int32_t* sources, int64_t* pool, int32_t, int32_t, int32_t, int32_t,
                    int32_t stride, int32_t metric, int32_t slots, int32_t rowStart, int32_t rowEnd) {
  const Graph graph{vectors, nullptr, nullptr, nullptr, stride, 0, metric, newestFirst};
  for (int32_t index = rowStart; index < rowEnd; index++) {
    int32_t* list = lists + places[index];
    int32_t known = 0;
    while (known < slots && list[known] >= 0) known++;
    const int32_t* from = sources + starts[index];
    const int32_t added = starts[index + 1] - starts[index];
    if (known + added <= slots) {
      for (int32_t i = 0; i < added; i++) list[known + i] = from[i];
      continue;
    }
    const float* row = graph.row(targets[index]);
    SearchPool all(pool, known + added, known + added);
    const auto offerAll = [&](const int32_t* nodes, int32_t count) {
      for (int32_t i = 0; i < count; i++) graph.prefetchRow(nodes[i]);
      for (int32_t i = 0; i < count; i += 4) {
        int32_t some[4];
        const int32_t these = count - i < 4 ? count - i : 4;
        for (int32_t j = 0; j < these; j++) some[j] = nodes[i + j];
        graph.forDistances(row, some, these, [&](int32_t j, float distance) LANEWISE_INLINE_LAMBDA {
          all.offer(graph.metOf(distance, some[j]));
        });
      }
    };
    offerAll(list, known);
    offerAll(from, added);
    graph.chooseNeighbors(all.entries, all.length, list, slots);
  }
}

namespace {

/// What a node reaches through nodes that are gone; src/kernels/graph-building.ts, `reached`. The bits set are taken back.
int32_t reachedFrom(const Graph& graph, int32_t node, int32_t level, const uint8_t* gone, uint32_t* visited, int32_t* met,
                    int32_t capacity) {
  const int32_t most = graph.slots(level);
  int32_t count = 0;
  testAndSet(visited, node);
  const int32_t* own = graph.list(node, level);
  for (; count < most && own[count] >= 0; count++) {
    met[count] = own[count];
    testAndSet(visited, own[count]);
  }
  for (int32_t next = 0; next < count; next++) {
    if (!hasBit(gone, met[next])) continue;
    const int32_t* list = graph.list(met[next], level);
    for (int32_t i = 0; i < most && list[i] >= 0 && count < capacity; i++) {
      if (!testAndSet(visited, list[i])) met[count++] = list[i];
    }
  }
  visited[node >> 5] &= ~(1u << (node & 31));
  for (int32_t i = 0; i < count; i++) visited[met[i] >> 5] &= ~(1u << (met[i] & 31));
  return count;
}

bool linksToAny(const int32_t* list, int32_t most, const uint8_t* gone) {
  for (int32_t i = 0; i < most && list[i] >= 0; i++) {
    if (hasBit(gone, list[i])) return true;
  }
  return false;
}

}  // namespace

void graph_repair_f32(const float* vectors, const uint8_t* levels, const int32_t* upperOffsets, const uint8_t* gone,
                      int32_t* links, int32_t* upper, uint32_t* visited, int64_t* pool, int32_t* met, int32_t nodeCount,
                      int32_t, int32_t stride, int32_t m, int32_t metric, int32_t capacity, int32_t rowStart,
                      int32_t rowEnd) {
  const Graph graph{vectors, links, upperOffsets, upper, stride, m, metric, newestFirst};
  clearBits(visited, nodeCount);
  for (int32_t node = rowStart; node < rowEnd; node++) {
    if (hasBit(gone, node)) continue;
    for (int32_t level = levels[node]; level >= 0; level--) {
      int32_t* list = const_cast<int32_t*>(graph.list(node, level));
      if (!linksToAny(list, graph.slots(level), gone)) continue;
      const int32_t count = reachedFrom(graph, node, level, gone, visited, met, capacity);
      SearchPool left(pool, capacity, capacity);
      for (int32_t i = 0; i < count; i++) {
        if (!hasBit(gone, met[i])) left.offer(graph.metOf(graph.distance(graph.row(node), met[i]), met[i]));
      }
      graph.chooseNeighbors(left.entries, left.length, list, graph.slots(level));
    }
  }
}

}  // namespace lanewise::LANEWISE_ISA
