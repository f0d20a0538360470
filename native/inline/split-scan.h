// The best thresholds where nothing holds the values of leaves; the law is split_scan_f64's. Gradients stay whole numbers:
// only hessians are turned into their worth.
namespace lanewise::LANEWISE_ISA {

namespace {

constexpr int scanBins = 256;

struct SplitRules {
  double gradientUnit, hessianUnit, l2, minHessian, minSamples;
};

struct Sums {
  double gradient, hessian, count;
};

LANEWISE_INLINE Sums sumsOfBin(const double* planes, int32_t bin) {
  return {planes[bin], planes[scanBins + bin], planes[2 * scanBins + bin]};
}

LANEWISE_INLINE Sums addedSums(const Sums& a, const Sums& b) {
  return {a.gradient + b.gradient, a.hessian + b.hessian, a.count + b.count};
}

/// Sums of bins 0 … b, for every b: whole numbers, so any order of additions gives them.
struct BinPrefixes {
  alignas(64) double gradients[scanBins], hessians[scanBins], counts[scanBins];
};

#if defined(__AVX512F__)
/// Prefix sums of eight numbers; `carry` holds the sum of all before, and then of these too.
LANEWISE_INLINE void prefixStep(const double* from, double* to, __m512d& carry) {
  const __m512i by1 = _mm512_set_epi64(6, 5, 4, 3, 2, 1, 0, 0), by2 = _mm512_set_epi64(5, 4, 3, 2, 1, 0, 0, 0);
  const __m512i by4 = _mm512_set_epi64(3, 2, 1, 0, 0, 0, 0, 0);
  __m512d sum = _mm512_loadu_pd(from);
  sum = _mm512_add_pd(sum, _mm512_maskz_permutexvar_pd(0xfe, by1, sum));
  sum = _mm512_add_pd(sum, _mm512_maskz_permutexvar_pd(0xfc, by2, sum));
  sum = _mm512_add_pd(sum, _mm512_maskz_permutexvar_pd(0xf0, by4, sum));
  _mm512_store_pd(to, _mm512_add_pd(sum, carry));
  carry = _mm512_add_pd(carry, _mm512_permutexvar_pd(_mm512_set1_epi64(7), sum));
}
#endif

/// Up to the end of the vector in which the last bin lies; bins behind the last are empty, but for the missing one.
template <bool counted>
LANEWISE_INLINE void prefixSums(const double* planes, int32_t binCount, BinPrefixes& prefixes) {
#if defined(__AVX512F__)
  __m512d g = _mm512_setzero_pd(), h = _mm512_setzero_pd(), c = _mm512_setzero_pd();
  for (int32_t bin = 0; bin < binCount; bin += 8) {
    prefixStep(planes + bin, prefixes.gradients + bin, g);
    prefixStep(planes + scanBins + bin, prefixes.hessians + bin, h);
    if constexpr (counted) prefixStep(planes + 2 * scanBins + bin, prefixes.counts + bin, c);
  }
#else
  const int32_t end = (binCount + vectorLength<double> - 1) / vectorLength<double> * vectorLength<double>;
  double g = 0, h = 0, c = 0;
  for (int32_t bin = 0; bin < end; bin++) {
    prefixes.gradients[bin] = g += planes[bin];
    prefixes.hessians[bin] = h += planes[scanBins + bin];
    if constexpr (counted) prefixes.counts[bin] = c += planes[2 * scanBins + bin];
  }
#endif
}

/// The scores behind each bin, where `extra` (the missing values) goes left as well, and the largest of them and `least`.
/// −∞ where a side is too small. `occupied`: bins without rows count as too small.
template <bool occupied>
LANEWISE_INLINE double scoreBins(const double* counts, int32_t binCount, const BinPrefixes& prefixes,
                                 const Sums& extra, const Sums& total, const SplitRules& rules, double* scores,
                                 double least) {
  typedef Vector<double> Numbers;
  const Numbers none = splat(-__builtin_inf()), unit = splat(rules.hessianUnit), l2 = splat(rules.l2);
  const Numbers fewest = splat(rules.minSamples), most = splat(total.count - rules.minSamples);
  const Numbers lowest = splat(rules.minHessian);
  Numbers best = splat(least);
  for (int32_t bin = 0; bin < binCount; bin += vectorLength<double>) {
    const Numbers g = loadVector(prefixes.gradients + bin) + splat(extra.gradient);
    const Numbers h = loadVector(prefixes.hessians + bin) + splat(extra.hessian);
    const Numbers c = loadVector(prefixes.counts + bin) + splat(extra.count);
    const Numbers rest = splat(total.gradient) - g;
    const Numbers hl = h * unit, hr = (splat(total.hessian) - h) * unit;
    const Numbers dl = hl + l2, dr = hr + l2;
    Numbers score = (g * g * dr + rest * rest * dl) / (dl * dr);
    auto allowed = (c >= fewest) & (c <= most) & (hl >= lowest) & (hr >= lowest);
    if constexpr (occupied) allowed = allowed & (loadVector(counts + bin) != 0);
    score = allowed ? score : none;
    storeVector(scores + bin, score);
    best = score > best ? score : best;
  }
  double lanes[vectorLength<double>];
  storeVector(lanes, best);
  double result = least;
  for (int j = 0; j < vectorLength<double>; j++) result = lanes[j] > result ? lanes[j] : result;
  return result;
}

/// The first threshold that leaves enough on the left. Sides grow with the bins, so all behind it do too.
LANEWISE_INLINE int32_t firstThreshold(const double* planes, int32_t binCount, const SplitRules& rules) {
  double hessian = 0, count = 0;
  int32_t bin = 0;
  for (; bin < binCount; bin++) {
    hessian += planes[scanBins + bin];
    count += planes[2 * scanBins + bin];
    if (count >= rules.minSamples && hessian * rules.hessianUnit >= rules.minHessian) break;
  }
  return bin;
}

/// The last threshold that leaves enough on the right.
LANEWISE_INLINE int32_t lastThreshold(const double* planes, int32_t binCount, const SplitRules& rules) {
  double hessian = 0, count = 0;
  int32_t bin = binCount - 1;
  for (; bin >= 0; bin--) {
    if (count >= rules.minSamples && hessian * rules.hessianUnit >= rules.minHessian) break;
    hessian += planes[scanBins + bin];
    count += planes[2 * scanBins + bin];
  }
  return bin;
}

/// The best threshold of a feature without missing values. No mask is needed but in the vectors at the ends.
LANEWISE_INLINE void scanKnown(const double* planes, int32_t binCount, const SplitRules& rules, double& gain,
                               int32_t& split) {
  typedef Vector<double> Numbers;
  constexpr int step = vectorLength<double>;
  BinPrefixes prefixes;
  alignas(64) double scores[scanBins];
  const int32_t first = firstThreshold(planes, binCount, rules), last = lastThreshold(planes, binCount, rules);
  if (first > last) return;
  prefixSums<false>(planes, binCount, prefixes);
  const double totalG = prefixes.gradients[binCount - 1], totalH = prefixes.hessians[binCount - 1];
  const Numbers gradient = splat(totalG), hessian = splat(totalH), unit = splat(rules.hessianUnit), l2 = splat(rules.l2);
  const int32_t start = first / step * step;
  Numbers best = splat(-__builtin_inf());
  for (int32_t bin = start; bin <= last; bin += step) {
    const Numbers g = loadVector(prefixes.gradients + bin), rest = gradient - g;
    const Numbers h = loadVector(prefixes.hessians + bin);
    const Numbers dl = h * unit + l2, dr = (hessian - h) * unit + l2;
    Numbers score = (g * g * dr + rest * rest * dl) / (dl * dr);
    if (bin < first || bin + step > last + 1) {
      for (int32_t j = 0; j < step; j++) {
        if (bin + j < first || bin + j > last) score[j] = -__builtin_inf();
      }
    }
    storeVector(scores + bin, score);
    best = score > best ? score : best;
  }
  double lanes[step];
  storeVector(lanes, best);
  double most = lanes[0];
  for (int j = 1; j < step; j++) most = lanes[j] > most ? lanes[j] : most;
  if (!(most > -__builtin_inf())) return;
  split = start;
  while (scores[split] != most) split++;
  const double whole = totalG * totalG / (totalH * rules.hessianUnit + rules.l2);
  gain = (most - whole) * (rules.gradientUnit * rules.gradientUnit);
}

/// The best threshold of one feature that has bins.
LANEWISE_INLINE void scanUnheld(const double* planes, int32_t binCount, const SplitRules& rules, double& gain,
                                int32_t& split) {
  BinPrefixes prefixes;
  alignas(64) double without[scanBins], with[scanBins];
  split = -1;
  gain = -__builtin_inf();
  if (binCount == 0) return;
  const Sums missing{planes[scanBins - 1], planes[2 * scanBins - 1], planes[3 * scanBins - 1]};
  if (missing.count == 0) return scanKnown(planes, binCount, rules, gain, split);
  prefixSums<true>(planes, binCount, prefixes);
  const int32_t last = binCount - 1;
  const Sums total{prefixes.gradients[last] + missing.gradient, prefixes.hessians[last] + missing.hessian,
                        prefixes.counts[last] + missing.count};
  const double* counts = planes + 2 * scanBins;
  const Sums nothing{0, 0, 0};
  double best = scoreBins<false>(counts, binCount, prefixes, nothing, total, rules, without, -__builtin_inf());
  best = scoreBins<true>(counts, binCount, prefixes, missing, total, rules, with, best);
  if (!(best > -__builtin_inf())) return;
  int32_t bin = 0;
  while (without[bin] != best && with[bin] != best) bin++;
  split = without[bin] == best ? bin : bin + scanBins;
  const double whole = total.gradient * total.gradient / (total.hessian * rules.hessianUnit + rules.l2);
  gain = (best - whole) * (rules.gradientUnit * rules.gradientUnit);
}

}  // namespace

}  // namespace lanewise::LANEWISE_ISA
