// A node's rows by code of one feature, and the order of categories: part of forest_grow_u8 and forest_grow_u16.
namespace lanewise::LANEWISE_ISA {

namespace {

/// The node's rows by code: numbers ascending, categories by the direction in which they differ most, missing values last.
template <typename Code>
int32_t GrowingTree<Code>::findRuns(int32_t of) {
  const Code* codeOf = column(of);
  const bool byCategory = categorical[of] != 0;
  int32_t runCount;
  if (bytes && count > sortedRows && classCount == 0 && targetCount == 1) {
    runCount = countRuns(codeOf);
  } else {
    runCount = sortRuns(codeOf);
    if (runCount >= 2 && classCount == 0) sumRuns(runCount);
  }
  if (runCount >= 2 && byCategory) orderCategories(runCount);
  return runCount;
}

/// For one target of numbers and bytes: weight, rows and sum of every code at once.
template <typename Code>
int32_t GrowingTree<Code>::countRuns(const Code* codeOf) {
  constexpr int32_t codesOfByte = 256;
  double* sum = sums;
  std::memset(sum, 0, 3 * codesOfByte * sizeof(double));
  for (int32_t i = 0; i < count; i++) {
    double* here = sum + 3 * codeOf[nodeRows[i]];
    here[0] += nodeWeights[i];
    here[1] += 1;
    here[2] += nodeWeights[i] * nodeTargets[i];
  }
  int32_t runCount = 0, end = 0;
  for (int32_t code = 0; code < codesOfByte; code++) {
    const double* from = sum + 3 * code;
    if (from[1] == 0) continue;
    double* to = sum + 3 * runCount;
    const int32_t begin = end;
    end += static_cast<int32_t>(from[1]);
    to[0] = from[0];
    to[1] = from[1];
    to[2] = from[2];
    runs[runCount++] = Run{code, begin, end, 0};
  }
  return runCount;
}

/// The node's places by code to `order`, and its runs; returns how many there are.
template <typename Code>
int32_t GrowingTree<Code>::sortRuns(const Code* codeOf) {
  if (count > sortedRows && bytes) return countPlaces(codeOf);
  if (count > sortedRows) {
    sortByDigits(codeOf);
  } else {
    sortByInsertion(codeOf);
  }
  int32_t runCount = 0;
  for (int32_t i = 0; i < count; i++) {
    const int32_t code = codeOf[nodeRows[order[i]]];
    if (runCount == 0 || runs[runCount - 1].code != code) runs[runCount++] = Run{code, i, i, 0};
    runs[runCount - 1].end = i + 1;
  }
  return runCount;
}

template <typename Code>
void GrowingTree<Code>::sortByInsertion(const Code* codeOf) {
  uint32_t keys[sortedRows];
  for (int32_t i = 0; i < count; i++) {
    const uint32_t key = static_cast<uint32_t>(codeOf[nodeRows[i]]) << 8 | static_cast<uint32_t>(i);
    int32_t at = i;
    for (; at > 0 && keys[at - 1] > key; at--) keys[at] = keys[at - 1];
    keys[at] = key;
  }
  for (int32_t i = 0; i < count; i++) order[i] = keys[i] & 255;
}

template <typename Code>
int32_t GrowingTree<Code>::countPlaces(const Code* codeOf) {
  int32_t places[256] = {};
  for (int32_t i = 0; i < count; i++) places[codeOf[nodeRows[i]] & 255]++;
  int32_t runCount = 0, end = 0;
  for (int32_t code = 0; code < 256; code++) {
    const int32_t here = places[code];
    if (here == 0) continue;
    places[code] = end;
    runs[runCount++] = Run{code, end, end + here, 0};
    end += here;
  }
  for (int32_t i = 0; i < count; i++) order[places[codeOf[nodeRows[i]] & 255]++] = static_cast<uint32_t>(i);
  return runCount;
}

/// By the low byte of the codes, then by the high one, both stably.
template <typename Code>
void GrowingTree<Code>::sortByDigits(const Code* codeOf) {
  int32_t low[256] = {}, high[256] = {};
  for (int32_t i = 0; i < count; i++) {
    const int32_t code = codeOf[nodeRows[i]];
    low[code & 255]++;
    high[code >> 8]++;
  }
  int32_t lowEnd = 0, highEnd = 0;
  for (int32_t digit = 0; digit < 256; digit++) {
    const int32_t lowHere = low[digit], highHere = high[digit];
    low[digit] = lowEnd;
    high[digit] = highEnd;
    lowEnd += lowHere;
    highEnd += highHere;
  }
  uint32_t* byLow = order + dataRows;
  for (int32_t i = 0; i < count; i++) byLow[low[codeOf[nodeRows[i]] & 255]++] = static_cast<uint32_t>(i);
  for (int32_t i = 0; i < count; i++) order[high[codeOf[nodeRows[byLow[i]]] >> 8]++] = byLow[i];
}

/// Weight, rows and the sum of each target of every run.
template <typename Code>
void GrowingTree<Code>::sumRuns(int32_t runCount) {
  for (int32_t r = 0; r < runCount; r++) {
    const Run& run = runs[r];
    double* to = sumsOf(r);
    double weight = 0;
    for (int32_t i = run.begin; i < run.end; i++) weight += nodeWeights[order[i]];
    to[0] = weight;
    to[1] = run.end - run.begin;
    for (int32_t k = 0; k < targetCount; k++) {
      const double* of = nodeTargets + targetAt(k);
      double sum = 0;
      for (int32_t i = run.begin; i < run.end; i++) sum += nodeWeights[order[i]] * of[order[i]];
      to[2 + k] = sum;
    }
  }
}

/// Categories by their mean, or, of several targets or classes, by the mean along the first principal direction.
template <typename Code>
void GrowingTree<Code>::orderCategories(int32_t runCount) {
  const int32_t known = runs[runCount - 1].code == missing ? runCount - 1 : runCount;
  double keys[256];
  if (classCount > 0) sumClasses(known);
  if (width == 1) {
    for (int32_t r = 0; r < known; r++) keys[r] = meanOf(r, 0);
  } else {
    principalKeys(known, keys);
  }
  // By insertion: what keys that are not numbers do is then the same everywhere.
  for (int32_t i = 1; i < known; i++) {
    for (int32_t at = i; at > 0 && keys[at - 1] > keys[at]; at--) {
      swapped(keys[at - 1], keys[at]);
      swapped(runs[at - 1], runs[at]);
      for (int32_t k = 0; k < stride; k++) swapped(sumsOf(at - 1)[k], sumsOf(at)[k]);
    }
  }
}

/// Weight and classes' weights of the runs of categories.
template <typename Code>
void GrowingTree<Code>::sumClasses(int32_t known) {
  for (int32_t r = 0; r < known; r++) {
    double* to = sumsOf(r);
    for (int32_t k = 0; k < stride; k++) to[k] = 0;
    for (int32_t i = runs[r].begin; i < runs[r].end; i++) to[0] += nodeWeights[order[i]];
    for (int32_t target = 0; target < targetCount; target++) {
      const double* of = nodeTargets + targetAt(target);
      for (int32_t i = runs[r].begin; i < runs[r].end; i++) to[2 + static_cast<int32_t>(of[order[i]])] += nodeWeights[order[i]];
    }
  }
}

/// How far each category lies along the first principal direction of the categories' means, found by the power method.
template <typename Code>
void GrowingTree<Code>::principalKeys(int32_t known, double* keys) {
  for (int32_t k = 0; k < width; k++) center[k] = 0;
  double total = 0;
  for (int32_t r = 0; r < known; r++) {
    const double weight = sumsOf(r)[0];
    total += weight;
    for (int32_t k = 0; k < width; k++) center[k] += weight * meanOf(r, k);
  }
  for (int32_t k = 0; k < width; k++) center[k] /= total;
  const auto along = [&](int32_t r) {
    double sum = 0;
    for (int32_t k = 0; k < width; k++) sum += (meanOf(r, k) - center[k]) * direction[k];
    return sum;
  };
  double farthest = -__builtin_inf();
  int32_t start = 0;
  for (int32_t r = 0; r < known; r++) {
    double far = 0;
    for (int32_t k = 0; k < width; k++) {
      const double away = meanOf(r, k) - center[k];
      far += away * away;
    }
    far *= sumsOf(r)[0];
    if (!(far > farthest)) continue;
    farthest = far;
    start = r;
  }
  for (int32_t k = 0; k < width; k++) direction[k] = meanOf(start, k) - center[k];
  for (int32_t step = 0; step < powerSteps; step++) {
    for (int32_t k = 0; k < width; k++) next[k] = 0;
    for (int32_t r = 0; r < known; r++) {
      const double far = sumsOf(r)[0] * along(r);
      for (int32_t k = 0; k < width; k++) next[k] += far * (meanOf(r, k) - center[k]);
    }
    double largest = 0;
    for (int32_t k = 0; k < width; k++) {
      const double size = __builtin_fabs(next[k]);
      largest = size > largest ? size : largest;
    }
    if (!(largest > 0)) break;
    for (int32_t k = 0; k < width; k++) direction[k] = next[k] / largest;
  }
  for (int32_t r = 0; r < known; r++) keys[r] = along(r);
}

}  // namespace

}  // namespace lanewise::LANEWISE_ISA
