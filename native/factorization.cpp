// The law is src/kernels/factorization.ts.
namespace lanewise::LANEWISE_ISA {

namespace {

/// FactorLanes virtual lanes, in as many of the machine's vectors as that takes.
struct FactorLanes {
  static constexpr int parts = 8 / vectorLength<double>;
  Vector<double> part[parts];

  LANEWISE_INLINE void load(const double* from) { std::memcpy(part, from, sizeof part); }
  /// What is missing of eight is 0.
  LANEWISE_INLINE void load(const double* from, size_t count) {
    double lanes[8] = {};
    std::memcpy(lanes, from, count * sizeof(double));
    std::memcpy(part, lanes, sizeof part);
  }
  LANEWISE_INLINE void addProduct(const FactorLanes& a, const FactorLanes& b) {
    for (int p = 0; p < parts; p++) part[p] = a.part[p] * b.part[p] + part[p];
  }
  LANEWISE_INLINE void addMultiple(double factor, const FactorLanes& b) {
    for (int p = 0; p < parts; p++) part[p] = factor * b.part[p] + part[p];
  }
  LANEWISE_INLINE void subtract(const FactorLanes& other) {
    for (int p = 0; p < parts; p++) part[p] = part[p] - other.part[p];
  }
  LANEWISE_INLINE double fold() const {
    double s[8];
    std::memcpy(s, part, sizeof s);
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
  }
};

/// Σ a·b in eight lanes; what is missing of the last eight adds 0 to sums that are never −0.
LANEWISE_INLINE double factorDot(const double* a, const double* b, size_t length) {
  FactorLanes sums = {}, x, y;
  size_t j = 0;
  for (; j + 8 <= length; j += 8) {
    x.load(a + j);
    y.load(b + j);
    sums.addProduct(x, y);
  }
  if (j < length) {
    x.load(a + j, length - j);
    y.load(b + j, length - j);
    sums.addProduct(x, y);
  }
  return sums.fold();
}

/// Upper half of `system` += Σ w·y·yᵀ over four rows y at once.
LANEWISE_INLINE void factorOuter4(double* __restrict__ system, size_t stride, size_t rank, const double* const* y,
                               const double* w) {
  for (size_t i = 0; i < rank; i++, system += stride) {
    const double f0 = w[0] * y[0][i], f1 = w[1] * y[1][i], f2 = w[2] * y[2][i], f3 = w[3] * y[3][i];
    for (size_t j = i; j < rank; j++) {
      system[j] = f3 * y[3][j] + (f2 * y[2][j] + (f1 * y[1][j] + (f0 * y[0][j] + system[j])));
    }
  }
}

LANEWISE_INLINE void factorOuter(double* __restrict__ system, size_t stride, size_t rank, const double* y, double w) {
  for (size_t i = 0; i < rank; i++, system += stride) {
    const double factor = w * y[i];
    for (size_t j = i; j < rank; j++) system[j] = factor * y[j] + system[j];
  }
}

/// Cholesky of the upper half with the right side as its last column, then the solution by back substitution.
LANEWISE_INLINE void factorSolve(double* __restrict__ system, double* __restrict__ inverses, double* __restrict__ x,
                                 size_t rank) {
  const size_t stride = rank + 1;
  for (size_t k = 0; k < rank; k++) {
    double* top = system + k * stride;
    const double pivot = top[k];
    const double inverse = pivot > 0 ? 1 / __builtin_sqrt(pivot) : 0;
    inverses[k] = inverse;
    for (size_t j = k; j <= rank; j++) top[j] *= inverse;
    for (size_t i = k + 1; i < rank; i++) {
      double* __restrict__ row = system + i * stride;
      const double factor = top[i];
      for (size_t j = i; j <= rank; j++) row[j] -= factor * top[j];
    }
  }
  for (size_t i = rank; i-- > 0;) {
    const double known = factorDot(system + i * stride + i + 1, x + i + 1, rank - i - 1);
    x[i] = (system[i * stride + rank] - known) * inverses[i];
  }
}

}  // namespace

void factor_solve_rows_f64(const int32_t* offsets, const int32_t* indices, const double* weights, const double* targets,
                           const double* others, const double* gram, double* out, double* system, int32_t rowCount,
                           int32_t /*entryCount*/, int32_t /*otherCount*/, int32_t rankWanted, double ridge,
                           double ridgePerEntry) {
  const size_t rank = static_cast<size_t>(rankWanted), stride = rank + 1;
  for (int32_t row = 0; row < rowCount; row++, out += rank) {
    const int32_t first = offsets[row], last = offsets[row + 1];
    if (first == last) {
      std::memset(out, 0, rank * sizeof(double));
      continue;
    }
    for (size_t i = 0; i < rank; i++) {
      double* to = system + i * stride;
      if (gram) std::memcpy(to + i, gram + i * rank + i, (rank - i) * sizeof(double));
      else std::memset(to + i, 0, (rank - i) * sizeof(double));
      to[rank] = 0;
    }
    int32_t e = first;
    for (; e + 4 <= last; e += 4) {
      const double* y[4];
      for (int k = 0; k < 4; k++) y[k] = others + static_cast<size_t>(indices[e + k]) * rank;
      factorOuter4(system, stride, rank, y, weights + e);
      const double* t = targets + e;
      for (size_t i = 0; i < rank; i++) {
        double& sum = system[i * stride + rank];
        sum = t[3] * y[3][i] + (t[2] * y[2][i] + (t[1] * y[1][i] + (t[0] * y[0][i] + sum)));
      }
    }
    for (; e < last; e++) {
      const double* y = others + static_cast<size_t>(indices[e]) * rank;
      factorOuter(system, stride, rank, y, weights[e]);
      for (size_t i = 0; i < rank; i++) system[i * stride + rank] = targets[e] * y[i] + system[i * stride + rank];
    }
    const double diagonal = ridgePerEntry * static_cast<double>(last - first) + ridge;
    for (size_t i = 0; i < rank; i++) system[i * stride + i] += diagonal;
    factorSolve(system, system + rank * stride, out, rank);
  }
}

namespace {

/// A row's system in conjugate gradients.
struct FactorSystem {
  const int32_t* indices;
  const double *weights, *targets, *others, *gram;
  int32_t first, last;
  size_t rank;
  double diagonal;

  /// to ← (diagonal + G) v + Σ (w·(y·v) − t) y, the targets t left out for a direction.
  template <bool withTargets>
  LANEWISE_INLINE void apply(const double* v, double* __restrict__ to) const {
    for (size_t j = 0; j < rank; j++) to[j] = diagonal * v[j];
    if (gram) {
      for (size_t k = 0; k < rank; k++) {
        const double factor = v[k];
        const double* from = gram + k * rank;
        for (size_t j = 0; j < rank; j++) to[j] = factor * from[j] + to[j];
      }
    }
    for (int32_t e = first; e < last; e++) {
      const double* y = others + static_cast<size_t>(indices[e]) * rank;
      double factor = weights[e] * factorDot(y, v, rank);
      if (withTargets) factor -= targets[e];
      for (size_t j = 0; j < rank; j++) to[j] = factor * y[j] + to[j];
    }
  }
};

}  // namespace

void factor_conjugate_rows_f64(const int32_t* offsets, const int32_t* indices, const double* weights,
                               const double* targets, const double* others, const double* gram, double* rows,
                               double* vectors, int32_t rowCount, int32_t /*entryCount*/, int32_t /*otherCount*/,
                               int32_t rankWanted, double ridge, double ridgePerEntry, int32_t steps) {
  const size_t rank = static_cast<size_t>(rankWanted);
  double* __restrict__ residual = vectors;
  double* __restrict__ direction = vectors + rank;
  double* __restrict__ product = vectors + 2 * rank;
  for (int32_t row = 0; row < rowCount; row++, rows += rank) {
    const int32_t first = offsets[row], last = offsets[row + 1];
    if (first == last) {
      std::memset(rows, 0, rank * sizeof(double));
      continue;
    }
    const double diagonal = ridgePerEntry * static_cast<double>(last - first) + ridge;
    const FactorSystem system{indices, weights, targets, others, gram, first, last, rank, diagonal};
    system.apply<true>(rows, product);
    for (size_t j = 0; j < rank; j++) direction[j] = residual[j] = 0 - product[j];
    double square = factorDot(residual, residual, rank);
    for (int32_t step = 0; step < steps && square > 1e-20; step++) {
      system.apply<false>(direction, product);
      const double curvature = factorDot(direction, product, rank);
      if (!(curvature > 0)) break;
      const double length = square / curvature;
      for (size_t j = 0; j < rank; j++) {
        rows[j] = length * direction[j] + rows[j];
        residual[j] -= length * product[j];
      }
      const double next = factorDot(residual, residual, rank);
      const double share = next / square;
      for (size_t j = 0; j < rank; j++) direction[j] = share * direction[j] + residual[j];
      square = next;
    }
  }
}

void factor_losses_f64(const int32_t* offsets, const int32_t* indices, const double* weights, const double* targets,
                       const double* others, const double* gram, const double* rows, double* out, double* product,
                       int32_t rowCount, int32_t /*entryCount*/, int32_t /*otherCount*/, int32_t rankWanted) {
  const size_t rank = static_cast<size_t>(rankWanted);
  for (int32_t row = 0; row < rowCount; row++, rows += rank) {
    double loss = 0;
    if (gram) {
      std::memset(product, 0, rank * sizeof(double));
      for (size_t k = 0; k < rank; k++) {
        const double factor = rows[k];
        for (size_t j = 0; j < rank; j++) product[j] = factor * gram[k * rank + j] + product[j];
      }
      loss = factorDot(rows, product, rank);
    }
    for (int32_t e = offsets[row]; e < offsets[row + 1]; e++) {
      const double score = factorDot(others + static_cast<size_t>(indices[e]) * rank, rows, rank);
      loss = (weights[e] * score - 2 * targets[e]) * score + loss;
    }
    out[row] = loss;
  }
}

void factor_gram_f64(const double* rows, double* out, int32_t rowCount, int32_t rankWanted) {
  const size_t rank = static_cast<size_t>(rankWanted);
  std::memset(out, 0, rank * rank * sizeof(double));
  static constexpr double ones[] = {1, 1, 1, 1};
  int32_t row = 0;
  for (; row + 4 <= rowCount; row += 4, rows += 4 * rank) {
    const double* y[] = {rows, rows + rank, rows + 2 * rank, rows + 3 * rank};
    factorOuter4(out, rank, rank, y, ones);
  }
  for (; row < rowCount; row++, rows += rank) factorOuter(out, rank, rank, rows, 1);
  for (size_t i = 0; i < rank; i++) {
    for (size_t j = 0; j < i; j++) out[i * rank + j] = out[j * rank + i];
  }
}

void bpr_update_f64(const int32_t* users, const int32_t* items, const int32_t* seenOffsets, const int32_t* seenItems,
                    const int32_t* blockItems, double* userFactors, double* itemFactors, double* itemBiases,
                    int32_t* counts, int32_t keyLow, int32_t keyHigh, double startIndex, int32_t stepCount,
                    int32_t entryCount, int32_t blockItemCount, int32_t /*userCount*/, int32_t /*itemCount*/,
                    int32_t /*seenCount*/, int32_t rankWanted, double learningRate, double regularization) {
  const size_t rank = static_cast<size_t>(rankWanted);
  int32_t right = 0, drawn = 0;
  if (entryCount == 0 || blockItemCount == 0) stepCount = 0;
  const uint64_t block = static_cast<uint64_t>(startIndex);
  const auto uniform = [](uint32_t a, uint32_t b) {
    return static_cast<double>(static_cast<int64_t>((static_cast<uint64_t>(a >> 5) << 26) | (b >> 6))) *
           (1.0 / 9007199254740992.0);
  };
  for (int32_t step = 0; step < stepCount; step++) {
    uint32_t words[4];
    const uint64_t at = block + static_cast<uint64_t>(step);
    philoxBlock(at, static_cast<uint32_t>(keyLow), static_cast<uint32_t>(keyHigh), words);
    const int32_t entry = static_cast<int32_t>(uniform(words[0], words[1]) * entryCount);
    const int32_t other = blockItems[static_cast<int32_t>(uniform(words[2], words[3]) * blockItemCount)];
    const int32_t user = users[entry], item = items[entry];
    if (isSeen(seenItems, seenOffsets[user], seenOffsets[user + 1], other)) continue;
    // An entry's item is among those seen, the other one is not: their rows are two.
    double* __restrict__ u = userFactors + static_cast<size_t>(user) * rank;
    double* __restrict__ a = itemFactors + static_cast<size_t>(item) * rank;
    double* __restrict__ b = itemFactors + static_cast<size_t>(other) * rank;
    FactorLanes sums = {}, x, y, z8;
    size_t j = 0;
    for (; j + 8 <= rank; j += 8) {
      x.load(u + j);
      y.load(a + j);
      z8.load(b + j);
      y.subtract(z8);
      sums.addProduct(x, y);
    }
    if (const size_t rest = rank - j) {
      x.load(u + j, rest);
      y.load(a + j, rest);
      z8.load(b + j, rest);
      y.subtract(z8);
      sums.addProduct(x, y);
    }
    const double lead = itemBiases[item] - itemBiases[other] + sums.fold();
    const double z = elementary::sigmoid(splat(-lead))[0];
    drawn++;
    if (lead > 0) right++;
    for (j = 0; j < rank; j++) {
      const double own = u[j], first = a[j], second = b[j];
      u[j] = own + learningRate * (z * (first - second) - regularization * own);
      a[j] = first + learningRate * (z * own - regularization * first);
      b[j] = second - learningRate * (z * own + regularization * second);
    }
    const double p = itemBiases[item], q = itemBiases[other];
    itemBiases[item] = p + learningRate * (z - regularization * p);
    itemBiases[other] = q - learningRate * (z + regularization * q);
  }
  counts[0] = right;
  counts[1] = drawn;
}

namespace {

/// Users whose scores are computed together, so that a panel is loaded once for them.
inline constexpr int32_t factorTopUsers = 4;

}  // namespace

void factor_top_f64(const double* rows, const double* panels, const double* biases, const int32_t* seenOffsets,
                    const int32_t* seenItems, const uint8_t* allowed, double* scores, int32_t* items, int32_t userCount,
                    int32_t itemCount, int32_t /*seenCount*/, int32_t rankWanted, int32_t n) {
  const size_t rank = static_cast<size_t>(rankWanted), places = static_cast<size_t>(n);
  for (size_t i = 0; i < static_cast<size_t>(userCount) * places; i++) {
    scores[i] = -elementary::infinity;
    items[i] = -1;
  }
  for (int32_t user = 0; user < userCount; user += factorTopUsers) {
    const int32_t count = userCount - user < factorTopUsers ? userCount - user : factorTopUsers;
    // Absent users of the last four repeat the last one, and are not offered anything.
    const double* x[factorTopUsers];
    for (int32_t k = 0; k < factorTopUsers; k++) {
      x[k] = rows + static_cast<size_t>(user + (k < count ? k : count - 1)) * rank;
    }
    const double* panel = panels;
    for (int32_t first = 0; first < itemCount; first += 8, panel += 8 * rank) {
      FactorLanes sums[factorTopUsers], y;
      for (int32_t k = 0; k < factorTopUsers; k++) sums[k].load(biases + first);
      for (size_t j = 0; j < rank; j++) {
        y.load(panel + 8 * j);
        for (int32_t k = 0; k < factorTopUsers; k++) sums[k].addMultiple(x[k][j], y);
      }
      double found[factorTopUsers][8];
      std::memcpy(found, sums, sizeof found);
      const int32_t valid = itemCount - first < 8 ? itemCount - first : 8;
      for (int32_t k = 0; k < count; k++) {
        const size_t list = static_cast<size_t>(user + k) * places;
        const double limit = scores[list + places - 1];
        bool any = false;
        for (int32_t lane = 0; lane < 8; lane++) any |= found[k][lane] > limit;
        if (!any) continue;
        for (int32_t lane = 0; lane < valid; lane++) {
          const double score = found[k][lane];
          const int32_t item = first + lane;
          if (!(score > scores[list + places - 1])) continue;
          if (allowed && allowed[item] == 0) continue;
          if (isSeen(seenItems, seenOffsets[user + k], seenOffsets[user + k + 1], item)) continue;
          offerScore(scores + list, items + list, n, score, item);
        }
      }
    }
  }
}

}  // namespace lanewise::LANEWISE_ISA
