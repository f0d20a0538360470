// Policy and layout: src/kernels/tree-building.ts. Groups of at most 14 features, a row at most 16 bytes; bin 255 is
// missing; sums over rows are whole numbers, so their order is free.
namespace lanewise::LANEWISE_ISA {

namespace {

constexpr int binsOfFeature = 256;
constexpr int missingBin = 255;
constexpr int histogramStride = 3 * binsOfFeature;
constexpr int mostFeatures = 14;
/// Numbers between the packed histograms of two features: 2,112 bytes, because 2,048 would share cache sets.
constexpr int packedStride = 264;
/// Rows after which a field of the packed sums could overflow into the next.
constexpr int32_t packedBlockRows = 4095;
/// Gathered rows are asked for this many ahead.
constexpr int32_t prefetchRows = 32;
/// Rows in order are asked for this many ahead: the processor itself does not look beyond a page.
constexpr size_t prefetchInOrder = 128;
/// Rows to part are asked for this many ahead.
constexpr int32_t prefetchParted = 64;

/// Sums in scratch memory, whose declared type is bytes, at any address.
typedef int64_t Packed __attribute__((may_alias, aligned(1)));

LANEWISE_INLINE float held(float value, float low, float high) {
  return value < low ? low : value > high ? high : value;
}

/// Quantises `count` rows with one random word each: to fractions of a level in f32, then in whole numbers.
LANEWISE_INLINE void quantise(const float* gradients, const float* hessians, int32_t* packed, float gradientScale,
                              float hessianScale, const uint32_t* words, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    const float g = held(gradients[i] * gradientScale, -2147418112.0f, 2147418112.0f);
    const float h = held(hessians[i] * hessianScale, 0.0f, 268369920.0f);
    const int32_t gradient = static_cast<int32_t>(g) + static_cast<int32_t>(words[i] & 0xffff);
    const int32_t hessian = static_cast<int32_t>(h) + static_cast<int32_t>(words[i] >> 16);
    packed[2 * i] = (hessian >> 16) * 4096 | 1;
    packed[2 * i + 1] = (gradient >> 16) * 16;
  }
}

LANEWISE_INLINE int64_t packedOf(const int32_t* packed, size_t row) {
  int64_t value;
  std::memcpy(&value, packed + 2 * row, sizeof value);
  return value;
}

/// Adds one row: a packed number to the bin of each feature.
template <int featureCount>
LANEWISE_INLINE void addRow(Packed* sums, const uint8_t* row, int64_t value) {
  // No byte behind the features is read: the second word ends with the last of them.
  constexpr int wordBytes = featureCount < 8 ? featureCount : 8;
  uint64_t first = 0, second = 0;
  std::memcpy(&first, row, wordBytes);
  if constexpr (featureCount > 8) std::memcpy(&second, row + featureCount - 8, 8);
#pragma GCC unroll 14
  for (int feature = 0; feature < featureCount; feature++) {
    const uint64_t bin = feature < 8 ? first >> (8 * feature) : second >> (8 * (feature - featureCount + 8));
    sums[feature * packedStride + static_cast<int>(bin & 0xff)] += value;
  }
}

/// Rows [start, end) of `rows`, or those rows themselves.
template <int featureCount>
void addRows(Packed* sums, const uint8_t* bins, const int32_t* packed, const uint32_t* rows, int32_t rowBytes,
             int32_t start, int32_t end) {
  const size_t stride = static_cast<size_t>(rowBytes);
  if (rows == nullptr) {
    for (int32_t i = start; i < end; i++) {
      const size_t row = static_cast<size_t>(i);
      __builtin_prefetch(bins + (row + prefetchInOrder) * stride);
      addRow<featureCount>(sums, bins + row * stride, packedOf(packed, row));
    }
    return;
  }
  const int32_t ahead = end - prefetchRows;
  int32_t i = start;
  for (; i < ahead; i++) {
    const size_t later = rows[i + prefetchRows];
    __builtin_prefetch(bins + later * stride);
    __builtin_prefetch(packed + 2 * later);
    const size_t row = rows[i];
    addRow<featureCount>(sums, bins + row * stride, packedOf(packed, row));
  }
  for (; i < end; i++) {
    const size_t row = rows[i];
    addRow<featureCount>(sums, bins + row * stride, packedOf(packed, row));
  }
}

using AddRows = void (*)(Packed*, const uint8_t*, const int32_t*, const uint32_t*, int32_t, int32_t, int32_t);
const AddRows addRowsOf[mostFeatures + 1] = {
    nullptr,    addRows<1>, addRows<2>,  addRows<3>,  addRows<4>,  addRows<5>,  addRows<6>, addRows<7>,
    addRows<8>, addRows<9>, addRows<10>, addRows<11>, addRows<12>, addRows<13>, addRows<14>,
};

/// The last eight bins, of which one holds the missing values.
constexpr int lastBins = binsOfFeature - 8;

/// Bins that a feature has, in whole eights, but for the last eight.
LANEWISE_INLINE int liveBins(int32_t binCount) { return binCount > lastBins ? lastBins : (binCount + 7) & ~7; }

/// A place in some ranges of rows.
struct RowCursor {
  int32_t range;
  int32_t at;

  /// Calls body(from, to) for the next rows, `room` of them at most, and goes behind them.
  template <typename Body>
  LANEWISE_INLINE void walk(const int32_t* ranges, int32_t rangeCount, int32_t room, Body body) {
    while (range < rangeCount) {
      const int32_t end = ranges[2 * range + 1];
      const int32_t to = end - at < room ? end : at + room;
      if (to > at) body(at, to);
      room -= to > at ? to - at : 0;
      at = to;
      if (to < end) return;
      range++;
      if (range < rangeCount) at = ranges[2 * range];
    }
  }
};

void clearBins(Packed* sums, const int32_t* binCounts, int32_t featureCount) {
  for (int32_t feature = 0; feature < featureCount; feature++, sums += packedStride) {
    std::memset(sums, 0, sizeof(Packed) * static_cast<size_t>(liveBins(binCounts[feature])));
    std::memset(sums + lastBins, 0, sizeof(Packed) * 8);
  }
}

/// Widens some bins into the three planes, which are overwritten or added to.
template <bool fresh>
LANEWISE_INLINE void widenBins(const Packed* sums, double* gradients, int from, int to) {
  double *hessians = gradients + binsOfFeature, *counts = gradients + 2 * binsOfFeature;
#if defined(__AVX512DQ__)
  for (int bin = from; bin < to; bin += 8) {
    const __m512i packed = _mm512_loadu_si512(sums + bin);
    __m512d g = _mm512_cvtepi64_pd(_mm512_srai_epi64(packed, 36));
    __m512d h = _mm512_cvtepi64_pd(_mm512_and_si512(_mm512_srli_epi64(packed, 12), _mm512_set1_epi64(0xffffff)));
    __m512d c = _mm512_cvtepi64_pd(_mm512_and_si512(packed, _mm512_set1_epi64(0xfff)));
    if constexpr (!fresh) {
      g = _mm512_add_pd(_mm512_loadu_pd(gradients + bin), g);
      h = _mm512_add_pd(_mm512_loadu_pd(hessians + bin), h);
      c = _mm512_add_pd(_mm512_loadu_pd(counts + bin), c);
    }
    _mm512_storeu_pd(gradients + bin, g);
    _mm512_storeu_pd(hessians + bin, h);
    _mm512_storeu_pd(counts + bin, c);
  }
#else
  // A whole number below 2^52 is written into the mantissa of 2^52, which is taken off again; for the signed gradient of
  // 28 bits, 2^27 more.
  typedef Vector<uint64_t> Words;
  typedef Vector<double> Numbers;
  constexpr int step = vectorLength<double>;
  const Words exponent = splat<uint64_t>(0x4330000000000000u), signedExponent = splat<uint64_t>(0x4330000008000000u);
  for (int bin = from; bin < to; bin += step) {
    Words packed;
    std::memcpy(&packed, sums + bin, sizeof packed);
    Numbers g = reinterpret_cast<Numbers>((packed >> 36) ^ signedExponent) - splat(4503599761588224.0);
    Numbers h = reinterpret_cast<Numbers>(((packed >> 12) & 0xffffffu) | exponent) - splat(4503599627370496.0);
    Numbers c = reinterpret_cast<Numbers>((packed & 0xfffu) | exponent) - splat(4503599627370496.0);
    if constexpr (!fresh) {
      g = loadVector(gradients + bin) + g;
      h = loadVector(hessians + bin) + h;
      c = loadVector(counts + bin) + c;
    }
    storeVector(gradients + bin, g);
    storeVector(hessians + bin, h);
    storeVector(counts + bin, c);
  }
#endif
}

template <bool fresh>
void widen(const Packed* sums, double* histogram, const int32_t* binCounts, int32_t featureCount) {
  for (int32_t feature = 0; feature < featureCount; feature++, sums += packedStride, histogram += histogramStride) {
    widenBins<fresh>(sums, histogram, 0, liveBins(binCounts[feature]));
    widenBins<fresh>(sums, histogram, lastBins, binsOfFeature);
  }
}

/// Calls body(first, count) for the numbers of every bin that a feature has.
template <typename Body>
LANEWISE_INLINE void forLiveBins(const int32_t* binCounts, int32_t featureCount, Body body) {
  for (int32_t feature = 0; feature < featureCount; feature++) {
    const size_t first = static_cast<size_t>(feature) * histogramStride;
    const int live = liveBins(binCounts[feature]);
    for (size_t plane = 0; plane < 3; plane++) {
      body(first + plane * binsOfFeature, live);
      body(first + plane * binsOfFeature + lastBins, 8);
    }
  }
}

}  // namespace

double absolute_largest_f32(const float* values, int32_t length) {
  Vector<float> most{};
  int32_t i = 0;
  for (; i + vectorLength<float> <= length; i += vectorLength<float>) {
    const Vector<float> value = loadVector(values + i), size = value < 0 ? -value : value;
    most = size > most ? size : most;
  }
  float largest = 0;
  for (int j = 0; j < vectorLength<float>; j++) largest = most[j] > largest ? most[j] : largest;
  for (; i < length; i++) largest = __builtin_fabsf(values[i]) > largest ? __builtin_fabsf(values[i]) : largest;
  return static_cast<double>(largest);
}

void gradients_quantise_f32(const float* gradients, const float* hessians, int32_t* packed, double gradientScale,
                            double hessianScale, int32_t keyLow, int32_t keyHigh, int32_t firstRow, int32_t rowCount) {
  constexpr int32_t step = 4 * philoxWidth;
  uint32_t words[step];
  const uint64_t firstBlock = static_cast<uint32_t>(firstRow) / 4;
  const float gScale = static_cast<float>(gradientScale), hScale = static_cast<float>(hessianScale);
  for (int32_t i = 0; i < rowCount; i += step) {
    philoxBlocks(firstBlock + static_cast<uint64_t>(i / 4), static_cast<uint32_t>(keyLow),
                           static_cast<uint32_t>(keyHigh), words);
    const int32_t count = rowCount - i;
    if (count >= step) {
      quantise(gradients + i, hessians + i, packed + 2 * i, gScale, hScale, words, step);
    } else {
      quantise(gradients + i, hessians + i, packed + 2 * i, gScale, hScale, words, count);
    }
  }
}

void histogram_build_u8(const uint8_t* bins, const int32_t* packed, const uint32_t* rows, const int32_t* ranges,
                        double* histogram, const int32_t* binCounts, uint8_t* scratch, int32_t /*dataRows*/,
                        int32_t rowBytes, int32_t groupBytes, int32_t groupFeatures, int32_t featureCount, int32_t rangeCount,
                        int32_t fresh) {
  if (featureCount < 1) return;
  Packed* sums = reinterpret_cast<Packed*>(scratch);
  RowCursor block{0, rangeCount > 0 ? ranges[0] : 0};
  bool overwrite = fresh != 0;
  do {
    RowCursor end = block;
    const uint8_t* group = bins;
    for (int32_t first = 0; first < featureCount; first += groupFeatures, group += static_cast<uint32_t>(groupBytes)) {
      const int32_t features = featureCount - first < groupFeatures ? featureCount - first : groupFeatures;
      const AddRows add = addRowsOf[features];
      clearBins(sums, binCounts + first, features);
      end = block;
      end.walk(ranges, rangeCount, packedBlockRows, [&](int32_t from, int32_t to) LANEWISE_INLINE_LAMBDA {
        add(sums, group, packed, rows, rowBytes, from, to);
      });
      double* out = histogram + static_cast<size_t>(first) * histogramStride;
      if (overwrite) widen<true>(sums, out, binCounts + first, features);
      else widen<false>(sums, out, binCounts + first, features);
    }
    overwrite = false;
    block = end;
  } while (block.range < rangeCount);
}

void histogram_subtract_f64(const double* parent, const double* child, double* sibling, const int32_t* binCounts,
                            int32_t featureCount) {
  constexpr int step = vectorLength<double>;
  forLiveBins(binCounts, featureCount, [&](size_t first, int count) LANEWISE_INLINE_LAMBDA {
    const size_t end = first + static_cast<size_t>(count);
    for (size_t i = first; i < end; i += step) storeVector(sibling + i, loadVector(parent + i) - loadVector(child + i));
  });
}

void histogram_add_f64(double* sum, const double* part, const int32_t* binCounts, int32_t featureCount) {
  constexpr int step = vectorLength<double>;
  forLiveBins(binCounts, featureCount, [&](size_t first, int count) LANEWISE_INLINE_LAMBDA {
    const size_t end = first + static_cast<size_t>(count);
    for (size_t i = first; i < end; i += step) storeVector(sum + i, loadVector(sum + i) + loadVector(part + i));
  });
}

namespace {

#if defined(__AVX512F__)
/// The word of each of sixteen rows of any width.
LANEWISE_INLINE __m512i gatherWords(__m512i rows, __m512i width, const uint8_t* words) {
  const __m512i low = _mm512_mul_epu32(_mm512_cvtepu32_epi64(_mm512_castsi512_si256(rows)), width);
  const __m512i high = _mm512_mul_epu32(_mm512_cvtepu32_epi64(_mm512_extracti64x4_epi64(rows, 1)), width);
  const __m256i first = _mm512_i64gather_epi32(low, words, 1), second = _mm512_i64gather_epi32(high, words, 1);
  return _mm512_inserti64x4(_mm512_castsi256_si512(first), second, 1);
}
#endif

/// Parts rows[0 … rowCount); returns how many go left. `quads`: rows begin every whole number of 4 bytes, below 2^31 of these.
int32_t partRange(const uint8_t* bins, const uint8_t* goesLeft, uint32_t* rows, uint32_t* scratch, int32_t rowBytes,
                  int32_t slot, int32_t rowCount, bool quads) {
  const size_t stride = static_cast<size_t>(rowBytes);
  int32_t i = 0, left = 0, right = 0;
#if defined(__AVX512F__)
  // The 256 answers are 8 words of bits: the word by permutation, the bit by a shift. Both sides are written whole;
  // neither passes what was read, because left + right = i.
  // Words are 4 bytes of a row that hold the bin: they never reach into the next row.
  if (rowBytes >= 4 && i + 16 <= rowCount) {
    uint32_t bits[16] = {};
    for (int bin = 0; bin < binsOfFeature; bin++) bits[bin / 32] |= static_cast<uint32_t>(goesLeft[bin] & 1) << (bin % 32);
    const __m512i answers = _mm512_loadu_si512(bits);
    const int32_t word = slot < rowBytes - 4 ? slot : rowBytes - 4;
    const uint8_t* words = bins + word;
    const __m128i shift = _mm_cvtsi32_si128(8 * (slot - word));
    const __m512i width = _mm512_set1_epi64(rowBytes), quadWidth = _mm512_set1_epi32(rowBytes / 4);
    for (; i + 16 <= rowCount; i += 16) {
      const __m512i these = _mm512_loadu_si512(rows + i);
      if (i + 16 + prefetchParted <= rowCount) {
        for (int32_t k = i + prefetchParted; k < i + prefetchParted + 16; k++) __builtin_prefetch(words + rows[k] * stride);
      }
      const __m512i low = quads ? _mm512_i32gather_epi32(_mm512_mullo_epi32(these, quadWidth), words, 4)
                                : gatherWords(these, width, words);
      const __m512i bin = _mm512_and_si512(_mm512_srl_epi32(low, shift), _mm512_set1_epi32(0xff));
      const __m512i word = _mm512_permutexvar_epi32(_mm512_srli_epi32(bin, 5), answers);
      const __m512i bit = _mm512_srlv_epi32(word, _mm512_and_si512(bin, _mm512_set1_epi32(31)));
      const __mmask16 toLeft = _mm512_test_epi32_mask(bit, _mm512_set1_epi32(1));
      _mm512_storeu_si512(rows + left, _mm512_maskz_compress_epi32(toLeft, these));
      _mm512_storeu_si512(scratch + right, _mm512_maskz_compress_epi32(static_cast<__mmask16>(~toLeft), these));
      const int32_t count = __builtin_popcount(toLeft);
      left += count;
      right += 16 - count;
    }
  }
#endif
  // Both sides are written and one is kept: no branch to guess wrong.
  for (; i < rowCount; i++) {
    const uint32_t row = rows[i];
    const int32_t toLeft = goesLeft[bins[row * stride + static_cast<size_t>(slot)]];
    rows[left] = row;
    scratch[right] = row;
    left += toLeft;
    right += toLeft ^ 1;
  }
  if (right > 0) std::memcpy(rows + left, scratch, static_cast<size_t>(right) * sizeof(uint32_t));
  return left;
}

/// The sum of some rows' values in eight lanes, folded in halves.
LANEWISE_INLINE double sumOfLanes(const uint32_t* rows, int32_t count, const float* values) {
  double lanes[8] = {};
  int32_t i = 0;
  for (; i + 8 <= count; i += 8) {
    for (int lane = 0; lane < 8; lane++) lanes[lane] += static_cast<double>(values[rows[i + lane]]);
  }
  for (int lane = 0; i < count; i++, lane++) lanes[lane] += static_cast<double>(values[rows[i]]);
  for (int width = 4; width >= 1; width /= 2) {
    for (int lane = 0; lane < width; lane++) lanes[lane] += lanes[lane + width];
  }
  return lanes[0];
}

/// Adds the gradients and hessians of rows[i … end), block after block of the row index.
LANEWISE_INLINE void sumRange(const uint32_t* rows, int32_t i, int32_t end, const float* gradients, const float* hessians,
                              double* sums) {
  constexpr int32_t blockRows = 16384;
  while (i < end) {
    const uint32_t block = rows[i] / blockRows;
    // Rows ascend: the last of the block by bisection.
    int32_t low = i + 1, high = end - i < blockRows ? end : i + blockRows;
    while (low < high) {
      const int32_t middle = low + (high - low) / 2;
      if (rows[middle] / blockRows == block) low = middle + 1;
      else high = middle;
    }
    sums[0] += sumOfLanes(rows + i, low - i, gradients);
    sums[1] += sumOfLanes(rows + i, low - i, hessians);
    i = low;
  }
}

}  // namespace

int32_t rows_partition_u8(const uint8_t* bins, const uint8_t* goesLeft, uint32_t* rows, const int32_t* ranges,
                          int32_t* left, int32_t* right, uint32_t* scratch, int32_t dataRows, int32_t rowBytes,
                          int32_t slot, int32_t /*longest*/, int32_t rangeCount) {
  const bool quads = rowBytes % 4 == 0 && static_cast<int64_t>(dataRows) * (rowBytes / 4) < INT32_MAX;
  int32_t count = 0;
  for (int32_t range = 0; range < rangeCount; range++) {
    const int32_t start = ranges[2 * range], end = ranges[2 * range + 1];
    const int32_t kept = partRange(bins, goesLeft, rows + start, scratch, rowBytes, slot, end - start, quads);
    left[2 * range] = start;
    left[2 * range + 1] = right[2 * range] = start + kept;
    right[2 * range + 1] = end;
    count += kept;
  }
  return count;
}

void leaf_sums_f32(const uint32_t* rows, const int32_t* ranges, const int32_t* slots, const float* gradients,
                   const float* hessians, double* sums, int32_t /*dataRows*/, int32_t slotLength, int32_t /*slotCount*/,
                   int32_t firstRange, int32_t rangeCount, int32_t leafCount) {
  // Range by range: the rows of a leaf lie far apart, and the others' between them.
  for (int32_t range = firstRange; range < firstRange + rangeCount; range++) {
    for (int32_t leaf = 0; leaf < leafCount; leaf++) {
      const int32_t* ends = ranges + static_cast<size_t>(slots[leaf]) * static_cast<size_t>(slotLength) + 2 * range;
      sumRange(rows, ends[0], ends[1], gradients, hessians, sums + 2 * leaf);
    }
  }
}

void leaf_add_f64(const uint32_t* rows, const int32_t* ranges, const int32_t* slots, const double* values,
                  double* predictions, int32_t /*dataRows*/, int32_t slotLength, int32_t /*slotCount*/, int32_t firstRange,
                  int32_t rangeCount, int32_t leafCount) {
  for (int32_t range = firstRange; range < firstRange + rangeCount; range++) {
    for (int32_t leaf = 0; leaf < leafCount; leaf++) {
      const int32_t* ends = ranges + static_cast<size_t>(slots[leaf]) * static_cast<size_t>(slotLength) + 2 * range;
      const double value = values[leaf];
      for (int32_t i = ends[0]; i < ends[1]; i++) predictions[rows[i]] += value;
    }
  }
}

}  // namespace lanewise::LANEWISE_ISA
