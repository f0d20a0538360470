// The angle between two points of the unit sphere: src/kernels/metric-distance.ts.
// @ts-ignore: decorator
@inline
function arcsineTail(z: f64): f64 {
  let sum: f64 = 0.02877844261259304;
  sum = sum * z + -0.014881409392818066;
  sum = sum * z + 0.017419357964884856;
  sum = sum * z + 0.00545087818772055;
  sum = sum * z + 0.010324318288744113;
  sum = sum * z + 0.011478952690257387;
  sum = sum * z + 0.013971235301124539;
  sum = sum * z + 0.017352391265909227;
  sum = sum * z + 0.022372173002005596;
  sum = sum * z + 0.030381944137085216;
  sum = sum * z + 0.04464285714637338;
  sum = sum * z + 0.07499999999998425;
  return sum * z + 0.16666666666666669;
}

export function arcOfChord(squaredChord: f64): f64 {
  const half = min(<f64>1, sqrt(squaredChord) * 0.5);
  const near = half <= 0.5;
  const z = near ? half * half : (1 - half) * 0.5;
  const root = near ? half : sqrt(z);
  const arc = root + root * z * arcsineTail(z);
  return 2 * (near ? arc : 1.5707963267948966 - 2 * arc);
}
