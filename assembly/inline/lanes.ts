// Folds 32 lanes, two a register, in halves: the order of src/kernels/sums.ts.
// @ts-ignore: decorator
@inline
export function foldLanes_f64x2(
  s0: v128, s1: v128, s2: v128, s3: v128, s4: v128, s5: v128, s6: v128, s7: v128,
  s8: v128, s9: v128, s10: v128, s11: v128, s12: v128, s13: v128, s14: v128, s15: v128,
): f64 {
  s0 = f64x2.add(s0, s8); s1 = f64x2.add(s1, s9); s2 = f64x2.add(s2, s10); s3 = f64x2.add(s3, s11);
  s4 = f64x2.add(s4, s12); s5 = f64x2.add(s5, s13); s6 = f64x2.add(s6, s14); s7 = f64x2.add(s7, s15);
  s0 = f64x2.add(s0, s4); s1 = f64x2.add(s1, s5); s2 = f64x2.add(s2, s6); s3 = f64x2.add(s3, s7);
  s0 = f64x2.add(s0, s2); s1 = f64x2.add(s1, s3);
  s0 = f64x2.add(s0, s1);
  return f64x2.extract_lane(s0, 0) + f64x2.extract_lane(s0, 1);
}
