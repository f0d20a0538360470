// LambdaRank; src/kernels/tree-ranking.ts is the law.
namespace lanewise::LANEWISE_ISA {

namespace ranking {

using Real = Vector<double>;

/// One list by rank, in the scratch: arrays of longest + 1 numbers.
struct List {
  uint32_t* places;
  double *scores, *gains, *gradient, *hessian, *pulls, *curvatures;
  size_t length;

  List(double* scratch, int32_t longest)
      : places(reinterpret_cast<uint32_t*>(scratch)), length(static_cast<size_t>(longest) + 1) {
    scores = scratch + length;
    gains = scores + length;
    gradient = gains + length;
    hessian = gradient + length;
    pulls = hessian + length;
    curvatures = pulls + length;
  }

  /// By descending score, equal ones in their order.
  void rank(const double* raw, const double* gainOf, const uint32_t* members, int32_t count) const {
    for (int32_t i = 0; i < count; i++) {
      places[i] = static_cast<uint32_t>(i);
      pulls[i] = -raw[members[i]];
    }
    sortPlaces(pulls, places, places + length, count);
    for (int32_t i = 0; i < count; i++) {
      scores[i] = raw[members[places[i]]];
      gains[i] = gainOf[members[places[i]]];
      gradient[i] = 0;
      hessian[i] = 0;
    }
  }

  /// The pairs of rank i with every rank behind it; returns the sum of their pulls' sizes.
  LANEWISE_INLINE double pairs(int32_t i, int32_t count, const double* discounts, double inverse, double steepness,
                               bool distance) const {
    const int32_t first = i + 1, others = count - first;
    const List& self = *this;
    const double score = scores[i], gain = gains[i], discount = discounts[i];
    forEachVector<double>(others, [=](int32_t k, auto access) LANEWISE_INLINE_LAMBDA {
      const int32_t j = first + k;
      const Real gap = gain - access.load(self.gains + j);
      const Real apart = score - access.load(self.scores + j);
      Real swap = gap * (discount - access.load(discounts + j)) * inverse;
      if (distance) swap = swap / (0.01 + elementary::magnitude(apart));
      const Real ahead = elementary::select(gap < 0, elementary::negated(apart), apart);
      const Real share = 1 / (1 + elementary::exp(steepness * ahead));
      const Real pull = steepness * swap * share;
      const Real curvature = steepness * steepness * elementary::magnitude(swap) * (share * (1 - share));
      access.store(self.pulls + j, pull);
      access.store(self.curvatures + j, curvature);
      access.store(self.gradient + j, access.load(self.gradient + j) + pull);
      access.store(self.hessian + j, access.load(self.hessian + j) + curvature);
    });
    gradient[i] -= sum(pulls + first, others);
    hessian[i] += sum(curvatures + first, others);
    const double* terms = pulls + first;
    return laneSum<double>(others, [=](int32_t k, auto access) LANEWISE_INLINE_LAMBDA {
      return elementary::magnitude(access.load(terms + k));
    });
  }

  static LANEWISE_INLINE double sum(const double* terms, int32_t count) {
    return laneSum<double>(count, [=](int32_t k, auto access) LANEWISE_INLINE_LAMBDA { return access.load(terms + k); });
  }
};

}  // namespace ranking

void derivatives_lambdarank_f32(const double* raw, const double* gains, const double* weights, const uint32_t* rows,
                                const int32_t* ends, const double* inverseIdeal, const double* discounts,
                                float* gradients, float* hessians, double* scratch, int32_t truncation,
                                int32_t normalise, double steepness, double gradientScale, double hessianScale,
                                int32_t longest, int32_t listCount, int32_t, int32_t) {
  const ranking::List ranked(scratch, longest);
  for (int32_t list = 0; list < listCount; list++) {
    const uint32_t* members = rows + ends[list];
    const int32_t count = ends[list + 1] - ends[list];
    ranked.rank(raw, gains, members, count);
    const bool distance = normalise == 1 && count > 0 && ranked.scores[0] != ranked.scores[count - 1];
    const int32_t places = count - 1 < truncation ? count - 1 : truncation;
    double total = 0;
    for (int32_t i = 0; i < places; i++) {
      total += 2 * ranked.pairs(i, count, discounts, inverseIdeal[list], steepness, distance);
    }
    double factor = 1;
    if (normalise == 1 && total > 0) factor = (elementary::log(splat(1 + total))[0] * 1.4426950408889634) / total;
    for (int32_t i = 0; i < count; i++) {
      const uint32_t row = members[ranked.places[i]];
      const double weight = (weights == nullptr ? 1.0 : weights[row]) * factor;
      gradients[row] = static_cast<float>(weight * gradientScale * ranked.gradient[i]);
      hessians[row] = static_cast<float>(weight * hessianScale * ranked.hessian[i]);
    }
  }
}

double ndcg_sum_f64(const double* raw, const double* gains, const double* listWeights, const uint32_t* rows,
                    const int32_t* ends, const double* inverseIdeal, const double* discounts, double* scratch,
                    int32_t placesThatCount, int32_t longest, int32_t listCount, int32_t, int32_t) {
  uint32_t* places = reinterpret_cast<uint32_t*>(scratch);
  double* keys = scratch + longest;
  double total = 0;
  for (int32_t list = 0; list < listCount; list++) {
    const uint32_t* members = rows + ends[list];
    const int32_t count = ends[list + 1] - ends[list];
    for (int32_t i = 0; i < count; i++) {
      places[i] = static_cast<uint32_t>(i);
      keys[i] = -raw[members[i]];
    }
    sortPlaces(keys, places, places + longest, count);
    double sum = 0;
    for (int32_t begin = 0; begin < count && begin < placesThatCount;) {
      const double score = keys[places[begin]];
      double gain = 0, discount = 0;
      int32_t end = begin;
      for (; end < count && keys[places[end]] == score; end++) {
        gain += gains[members[places[end]]];
        if (end < placesThatCount) discount += discounts[end];
      }
      // A score that equals nothing, itself included, is one place.
      if (end == begin) end++;
      sum += (gain / (end - begin)) * discount;
      begin = end;
    }
    total += (listWeights == nullptr ? 1.0 : listWeights[list]) * (sum * inverseIdeal[list]);
  }
  return total;
}

}  // namespace lanewise::LANEWISE_ISA
