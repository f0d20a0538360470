// Elementary functions, a vector at a time, with the bits of src/kernels/elementary.ts: the same operations in the same
// order; where the law branches, both sides are computed and one is selected.
namespace lanewise::LANEWISE_ISA::elementary {

using Real = Vector<double>;
using Bits = Vector<int64_t>;
/// For arithmetic on bits, which wraps.
using Words = Vector<uint64_t>;

/// 1.5·2^52: adding and taking it away rounds to the nearest integer; added, it shows the integer in the low bits.
inline constexpr double rounder = 6755399441055744.0;
inline constexpr double inverseLn2 = 1.4426950408889634;
inline constexpr double ln2High = 0.693147180559663;
inline constexpr double ln2Low = 2.8235290563031577e-13;
inline constexpr double two54 = 18014398509481984.0;
inline constexpr double tiny = 5.551115123125783e-17;
inline constexpr double minNormal = 2.2250738585072014e-308;
inline constexpr uint64_t sqrtHalfWord = 0x3fe6a09e;
inline constexpr double infinity = __builtin_inf();
inline constexpr double notANumber = __builtin_nan("");

LANEWISE_INLINE Real real(double value) { return splat(value); }
LANEWISE_INLINE Bits bitsOf(Real x) { return reinterpret_cast<Bits>(x); }
LANEWISE_INLINE Real realOf(Bits x) { return reinterpret_cast<Real>(x); }
LANEWISE_INLINE Words wordsOf(Real x) { return reinterpret_cast<Words>(x); }
LANEWISE_INLINE Real realOf(Words x) { return reinterpret_cast<Real>(x); }
LANEWISE_INLINE Real select(Bits mask, Real yes, Real no) { return mask ? yes : no; }
LANEWISE_INLINE Real select(Bits mask, double yes, Real no) { return mask ? real(yes) : no; }
LANEWISE_INLINE Real magnitude(Real x) { return realOf(bitsOf(x) & INT64_MAX); }
LANEWISE_INLINE Real negated(Real x) { return realOf(bitsOf(x) ^ INT64_MIN); }
LANEWISE_INLINE Real nearestInteger(Real x) { return x + rounder - rounder; }

LANEWISE_INLINE bool any(Bits mask) {
  int64_t found = 0;
  for (int j = 0; j < vectorLength<double>; j++) found |= mask[j];
  return found != 0;
}

/// 2^k for integers k in [−1022, 1023].
LANEWISE_INLINE Real twoTo(Real k) { return realOf((wordsOf(k + rounder) + 1023) << 52); }

/// (e^r − 1 − r)/r² for |r| ≤ ln(2)/2.
LANEWISE_INLINE Real expTail(Real r) {
  Real sum = real(2.0914686968086876e-9);
  sum = sum * r + 2.5105217004720745e-8;
  sum = sum * r + 2.75572736431103e-7;
  sum = sum * r + 2.7557255400206422e-6;
  sum = sum * r + 2.4801587325547743e-5;
  sum = sum * r + 0.00019841269874820627;
  sum = sum * r + 0.0013888888888883748;
  sum = sum * r + 0.008333333333326136;
  sum = sum * r + 0.04166666666666667;
  sum = sum * r + 0.1666666666666667;
  return sum * r + 0.5;
}

/// x = k·ln 2 + r + lost.
struct Reduced {
  Real k, r, lost;

  LANEWISE_INLINE explicit Reduced(Real x, Real low = Real{}) {
    k = nearestInteger(x * inverseLn2);
    const Real upper = x - k * ln2High;
    const Real rest = k * ln2Low - low;
    r = upper - rest;
    lost = upper - r - rest;
  }
};

LANEWISE_INLINE Real held(Real x, double low, double high) {
  return select(x > high, high, select(x < low, low, x));
}

/// e^(high + low), where low is beyond the last place of high.
LANEWISE_INLINE Real expOfSum(Real high, Real low) {
  const Reduced at(held(high, -746, 710), low);
  const Real mantissa = 1 + (at.r + (at.r * at.r * expTail(at.r) + at.lost));
  // In two steps, so that a subnormal result is rounded once and overflow ends in infinity.
  const Real half = nearestInteger(at.k * 0.5);
  return mantissa * twoTo(half) * twoTo(at.k - half);
}

LANEWISE_INLINE Real exp(Real x) { return expOfSum(x, Real{}); }

LANEWISE_INLINE Real expm1(Real x) {
  const Reduced at(held(x, -40, 710));
  // Half of everything, because 2^k itself may overflow where the result does not.
  const Real scale = twoTo(at.k - 1);
  const Real shift = scale - 0.5;
  const Real main = shift + scale * at.r;
  const Real error = scale * at.r - (main - shift);
  const Real result = 2 * (main + (error + scale * (at.r * at.r * expTail(at.r) + at.lost)));
  return select(magnitude(x) < tiny, x, result);
}

/// (log((1 + s)/(1 − s)) − 2s)/s as a function of s².
LANEWISE_INLINE Real logTail(Real z) {
  Real sum = real(0.13086767009948175);
  sum = sum * z + 0.13268759668560612;
  sum = sum * z + 0.15386240205813478;
  sum = sum * z + 0.18181795630884753;
  sum = sum * z + 0.2222222239180047;
  sum = sum * z + 0.2857142857080323;
  sum = sum * z + 0.4000000000000088;
  return z * (sum * z + 0.6666666666666666);
}

/// log(1 + f) + k·ln 2 + extra, where √½ ≤ 1 + f < √2.
LANEWISE_INLINE Real logOfParts(Real f, Real k, Real extra) {
  const Real s = f / (2 + f);
  const Real half = 0.5 * f * f;
  return k * ln2High - (half - (s * (half + logTail(s * s)) + (k * ln2Low + extra)) - f);
}

/// x > 0 as 2^k·m, √½ ≤ m < √2.
struct Split {
  Real k, m;

  LANEWISE_INLINE explicit Split(Real x) {
    const Bits subnormal = x < minNormal;
    const Words shifted = wordsOf(select(subnormal, x * two54, x)) + ((0x3ff00000 - sqrtHalfWord) << 32);
    m = realOf((shifted & 0x000fffffffffffff) + (sqrtHalfWord << 32));
    const Words bias = subnormal ? splat<uint64_t>(1077) : splat<uint64_t>(1023);
    k = realOf(wordsOf(real(rounder)) + (shifted >> 52) - bias) - rounder;
  }
};

/// What log and log1p give where their argument is not in (0, ∞): `x` counts from the pole.
LANEWISE_INLINE Real logEdges(Real x, Real result) {
  const Real edge = select(x == 0, -infinity, real(notANumber));
  return select(x > 0, select(x == infinity, infinity, result), edge);
}

LANEWISE_INLINE Real log(Real x) {
  const Split at(x);
  return logEdges(x, logOfParts(at.m - 1, at.k, Real{}));
}

LANEWISE_INLINE Real log1p(Real x) {
  const Real u = 1 + x;
  const Split at(u);
  const Bits near = at.k == 0;
  const Real lost = select(x >= 1, 1 - (u - x), x - (u - 1));  // what rounding took from 1 + x
  const Real result = logOfParts(select(near, x, at.m - 1), at.k, select(near, 0, lost / u));
  const Real edge = select(x == -1, -infinity, real(notANumber));
  const Real known = select(x > -1, select(x == infinity, infinity, result), edge);
  return select(magnitude(x) < tiny, x, known);
}

inline constexpr double halfPiHigh = 1.5707963267948966;
inline constexpr double halfPiLow = 6.123233995736766e-17;

/// a·b − product, exactly, without fused multiply-add (Dekker, "A floating-point technique …", 1971).
template <typename T>
LANEWISE_INLINE T productError(T a, T b, T product) {
  T wide = 134217729.0 * a;
  const T aHigh = wide - (wide - a);
  const T aLow = a - aHigh;
  wide = 134217729.0 * b;
  const T bHigh = wide - (wide - b);
  const T bLow = b - bHigh;
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}

/// An angle without its quarter turns: r + rest in [−π/4, π/4].
template <typename T, typename Turns>
struct Angle {
  T r, rest;
  Turns quarters;
};

/// Payne and Hanek (1983) for |x| > 2^30: only those bits of 2/π are multiplied that give quarter turns modulo 4 and 190
/// bits of fraction. Numbers of 192 bits are three words, the lowest first.
struct LargeAngle {
  /// 2/π in 1,344 bits, the lowest word first.
  static LANEWISE_INLINE uint64_t twoOverPi(int word) {
    static constexpr uint64_t words[] = {
        0xa9e391615ee61b08ull, 0xf0cfbc209af4361dull, 0x56033046fc7b6babull, 0x6bfb5fb11f8d5d08ull, 0x3d0739f78a5292eaull,
        0x7527bac7ebe5f17bull, 0x4f463f669e5fea2dull, 0x6d367ecf27cb09b7ull, 0xef2f118b5a0a6d1full, 0x1ff897ffde05980full,
        0x9c845f8bbdf9283bull, 0x3991d639835339f4ull, 0xe99c7026b45f7e41ull, 0xe88235f52ebb4484ull, 0xfe1deb1cb129a73eull,
        0x06492eea09d1921cull, 0xb7246e3a424dd2e0ull, 0xfe5163abdebbc561ull, 0xdb6295993c439041ull, 0xfc2757d1f534ddc0ull,
        0xa2f9836e4e441529ull};
    return word < 21 ? words[word] : 0;
  }

  static LANEWISE_INLINE double power(int k) {
    const uint64_t bits = static_cast<uint64_t>(k + 1023) << 52;
    double value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }

  /// Bits [from, from + 53) of a number below 2^192; bits below 0 are 0.
  static LANEWISE_INLINE uint64_t bits53(const uint64_t* number, int from) {
    uint64_t bits = 0;
    for (int bit = 52; bit >= 0; bit--) {
      const int at = from + bit;
      bits = bits << 1 | (at < 0 ? 0 : number[at >> 6] >> (at & 63) & 1);
    }
    return bits;
  }

  static Angle<double, int64_t> reduce(double x) {
    if (!(__builtin_fabs(x) < infinity)) return {notANumber, notANumber, 0};
    uint64_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    const int exponent = static_cast<int>(bits >> 52 & 0x7ff) - 1075;
    const uint64_t mantissa = (bits & 0x000fffffffffffff) | 0x0010000000000000;
    const int shift = 1344 - 190 - exponent;
    uint64_t turns[3];
    unsigned __int128 carry = 0;
    for (int j = 0; j < 3; j++) {
      const int word = shift / 64 + j, offset = shift % 64;
      const uint64_t low = twoOverPi(word) >> offset;
      const uint64_t window = offset == 0 ? low : low | twoOverPi(word + 1) << (64 - offset);
      carry += static_cast<unsigned __int128>(mantissa) * window;
      turns[j] = static_cast<uint64_t>(carry);
      carry >>= 64;
    }
    const int64_t quadrant = static_cast<int64_t>((turns[2] + (1ull << 61)) >> 62);
    // The fraction, from −½ to ½ of 2^192.
    uint64_t fraction[3] = {turns[0] << 2, turns[1] << 2 | turns[0] >> 62, turns[2] << 2 | turns[1] >> 62};
    const bool negative = fraction[2] >> 63 != 0;
    if (negative) {
      unsigned __int128 sum = 1;
      for (int j = 0; j < 3; j++) {
        sum += static_cast<uint64_t>(~fraction[j]);
        fraction[j] = static_cast<uint64_t>(sum);
        sum >>= 64;
      }
    }
    int length = 192;
    while (length > 0 && (fraction[(length - 1) >> 6] >> ((length - 1) & 63) & 1) == 0) length--;
    // The first 53 bits and the next, as they stand: truncation is the same everywhere.
    const double upper = static_cast<double>(static_cast<int64_t>(bits53(fraction, length - 53))) * power(length - 53 - 192);
    const double lower = static_cast<double>(static_cast<int64_t>(bits53(fraction, length - 106))) * power(length - 106 - 192);
    const double product = upper * halfPiHigh;
    const double low = productError(upper, halfPiHigh, product) + (upper * halfPiLow + lower * halfPiHigh);
    const double r = product + low;
    const double rest = product - r + low;
    const double flip = negative != (x < 0) ? -1 : 1;
    return {flip * r, flip * rest, x < 0 ? -quadrant & 3 : quadrant};
  }
};

LANEWISE_INLINE Angle<Real, Bits> reduceAngle(Real x) {
  const Real shown = x * 0.6366197723675814 + rounder;
  const Real n = shown - rounder;
  const Real first = x - n * 1.570796251296997 - n * 7.549789415861596e-8;  // exact
  Real part = -(n * 5.390302529957765e-15);
  const Real second = first + part;
  Real at = second - first;
  Real low = first - (second - at) + (part - at);
  part = -(n * 3.2820031633724233e-22);
  const Real third = second + part;
  at = third - second;
  low += second - (third - at) + (part - at);
  part = -(n * 3.795010649787914e-29);
  const Real fourth = third + part;
  at = fourth - third;
  low += third - (fourth - at) + (part - at);
  low -= n * 1.2293331171481208e-36;
  const Real r = fourth + low;
  Angle<Real, Bits> angle{r, fourth - r + low, bitsOf(shown) & 3};
  const Bits large = magnitude(x) > 1073741824.0;
  if (__builtin_expect(any(large), false)) {
    for (int j = 0; j < vectorLength<double>; j++) {
      if (!large[j]) continue;
      const Angle<double, int64_t> one = LargeAngle::reduce(x[j]);
      angle.r[j] = one.r;
      angle.rest[j] = one.rest;
      angle.quarters[j] = one.quarters;
    }
  }
  return angle;
}

/// sin(r + rest) for |r| ≤ π/4.
LANEWISE_INLINE Real sinOfParts(Real r, Real rest) {
  const Real z = r * r;
  const Real cube = z * r;
  Real sum = real(-7.586685070091267e-13);
  sum = sum * z + 1.605853141458901e-10;
  sum = sum * z + -2.5052106231157904e-8;
  sum = sum * z + 2.7557319219335453e-6;
  sum = sum * z + -0.0001984126984126506;
  sum = sum * z + 0.008333333333333331;
  return r - (z * (0.5 * rest - cube * sum) - rest - cube * -0.16666666666666666);
}

/// cos(r + rest) for |r| ≤ π/4.
LANEWISE_INLINE Real cosOfParts(Real r, Real rest) {
  const Real z = r * r;
  Real sum = real(-1.1382614868556325e-11);
  sum = sum * z + 2.0876146024689747e-9;
  sum = sum * z + -2.7557317270560326e-7;
  sum = sum * z + 2.4801587298763433e-5;
  sum = sum * z + -0.0013888888888887395;
  sum = sum * z + 0.041666666666666664;
  const Real half = 0.5 * z;
  const Real main = 1 - half;
  return main + (1 - main - half + (z * z * sum - r * rest));
}

LANEWISE_INLINE Real sin(Real x) {
  const Angle<Real, Bits> angle = reduceAngle(x);
  const Real result = select((angle.quarters & 1) != 0, cosOfParts(angle.r, angle.rest), sinOfParts(angle.r, angle.rest));
  const Real turned = select((angle.quarters & 2) != 0, negated(result), result);
  return select(magnitude(x) < tiny, x, turned);
}

LANEWISE_INLINE Real cos(Real x) {
  const Angle<Real, Bits> angle = reduceAngle(x);
  const Real result = select((angle.quarters & 1) != 0, sinOfParts(angle.r, angle.rest), cosOfParts(angle.r, angle.rest));
  return select(((angle.quarters + 1) & 2) != 0, negated(result), result);
}

LANEWISE_INLINE Real tanh(Real x) {
  const Real size = magnitude(x);
  const Bits large = size >= 1;
  const Reduced at(select(large, select(size > 40, 80, 2 * size), -2 * size));
  const Real scale = twoTo(at.k);
  const Real shift = scale - 1;
  const Real first = shift + scale * at.r;
  const Real second = scale * at.r - (first - shift) + scale * (at.r * at.r * expTail(at.r) + at.lost);
  const Real main = first + second;
  const Real error = first - main + second;
  const Real divisor = main + 2;
  const Real part = divisor - main;
  const Real divisorError = main - (divisor - part) + (2 - part) + error;
  const Real quotient = select(large, 2, negated(main)) / divisor;
  const Real corrected = quotient + (select(large, 0, negated(error)) - quotient * divisorError) / divisor;
  const Real result = select(large, 1 - corrected, corrected);
  return select(size < tiny, x, select(x < 0, negated(result), result));
}

LANEWISE_INLINE Real sigmoid(Real x) {
  const Real size = magnitude(x);
  const Reduced at(select(size > 746, -746, negated(size)));
  const Real tail = at.r * at.r * expTail(at.r) + at.lost;
  const Real sum = at.r + tail;
  const Real mantissa = 1 + sum;
  const Real missing = sum - (mantissa - 1) + (at.r - sum + tail);
  const Real half = nearestInteger(at.k * 0.5);
  const Real firstScale = twoTo(half), secondScale = twoTo(at.k - half);
  const Real power = mantissa * firstScale * secondScale;
  const Real powerError = missing * firstScale * secondScale;
  const Real divisor = 1 + power;
  const Real divisorError = power - (divisor - 1) + powerError;
  const Bits negative = x < 0;
  const Real quotient = select(negative, power, real(1)) / divisor;
  return quotient + (select(negative, powerError, Real{}) - quotient * divisorError) / divisor;
}

/// (atanh(s)/s − 1 − z/3)/z² as a function of z = s².
LANEWISE_INLINE Real atanhTail(Real z) {
  Real sum = real(0.05861589311938259);
  sum = sum * z + 0.05853118169745603;
  sum = sum * z + 0.06667402346923655;
  sum = sum * z + 0.07692297481259215;
  sum = sum * z + 0.09090909167696401;
  sum = sum * z + 0.11111111110827943;
  sum = sum * z + 0.14285714285714682;
  return sum * z + 0.2;
}

/// x^y for x > 0, x ≠ 1 and finite: e^(y·log x), with log x in two numbers (about 115 bits).
LANEWISE_INLINE Real powPositive(Real x, Real y) {
  constexpr double thirdHigh = 0.3333333333333333, thirdLow = 1.850371707708594e-17;
  const Split at(x);
  const Real f = at.m - 1;
  // s = f/(2 + f) in two numbers
  const Real divisor = 2 + f;
  const Real divisorLow = f - (divisor - 2);
  const Real s = f / divisor;
  const Real back = s * divisor;
  const Real sLow = (f - back - productError(s, divisor, back) - s * divisorLow) / divisor;
  // z = s², cube = s³, third = s³/3 in two numbers each
  const Real z = s * s;
  const Real zLow = productError(s, s, z) + 2 * s * sLow;
  const Real cube = s * z;
  const Real cubeLow = productError(s, z, cube) + (s * zLow + sLow * z);
  const Real third = cube * thirdHigh;
  const Real thirdRest = productError(cube, real(thirdHigh), third) + (cube * thirdLow + cubeLow * thirdHigh);
  // log m = 2·(s + s³/3 + s⁵·tail)
  const Real sum = s + third;
  const Real sumLow = s - sum + third + (sLow + thirdRest + cube * z * atanhTail(z));
  // + k·ln 2
  const Real whole = at.k * ln2High;
  const Real high = whole + 2 * sum;
  const Real low = whole - high + 2 * sum + (at.k * ln2Low + 2 * sumLow);
  const Bits near = at.k == 0;
  const Real logHigh = select(near, 2 * sum, high);
  const Real logLow = select(near, 2 * sumLow, low);
  const Real exponent = y * logHigh;
  const Real exponentLow = productError(y, logHigh, exponent) + y * logLow;
  const Real power = expOfSum(exponent, exponentLow);
  return select(exponent > 710, infinity, select(exponent < -746, 0, power));
}

/// IEEE 754's pow where x ≤ 0, x = 1, or either is not finite; `power` is |x|^y, computed as if nothing were special.
inline double powEdges(double x, double y, double power) {
  if (y == 0 || x == 1) return 1;
  if (x != x || y != y) return notANumber;
  const bool whole = __builtin_trunc(y) == y;
  const bool odd = whole && __builtin_fabs(y) < 9007199254740992.0 && __builtin_trunc(y * 0.5) * 2 != y;
  const double size = __builtin_fabs(x);
  const bool negative = odd && __builtin_signbit(x);
  if (size == 0 || size == infinity) {
    const double result = (size == 0) == (y > 0) ? 0 : infinity;
    return negative ? -result : result;
  }
  if (x < 0 && !whole) return notANumber;
  if (size == 1) return negative ? -1 : 1;
  return negative ? -power : power;
}

LANEWISE_INLINE Real pow(Real x, Real y) {
  // Beyond ±2^65 the result is 0 or infinite whatever x is, and the exact product stays in range.
  Real power = powPositive(magnitude(x), held(y, -3.6893488147419103e19, 3.6893488147419103e19));
  const Bits plain = (x > 0) & (x < infinity) & (x != 1) & (magnitude(y) < infinity) & (y != 0);
  if (__builtin_expect(any(~plain), false)) {
    for (int j = 0; j < vectorLength<double>; j++) {
      if (!plain[j]) power[j] = powEdges(x[j], y[j], power[j]);
    }
  }
  return power;
}

}  // namespace lanewise::LANEWISE_ISA::elementary
