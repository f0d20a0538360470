// One step of an optimiser over a block of parameters: the law is src/kernels/optimizers.ts. Written once for both
// precisions; a register at a time, then the rest one by one.

// gradientScale·gradient, held to ±limit, + decay·parameter. pmin(a, b) is b < a ? b : a: NaN goes through.
// @ts-ignore: decorator
@inline
function slope<T>(gradient: v128, parameter: v128, scale: v128, limit: v128, decay: v128): v128 {
  const held = v128.pmax<T>(v128.pmin<T>(v128.mul<T>(scale, gradient), limit), v128.neg<T>(limit));
  return v128.add<T>(held, v128.mul<T>(decay, parameter));
}

// @ts-ignore: decorator
@inline
function slopeOfOne<T>(gradient: T, parameter: T, scale: T, limit: T, decay: T): T {
  const scaled = <T>(scale * gradient);
  const held = scaled > limit ? limit : scaled < -limit ? <T>(-limit) : scaled;
  return <T>(held + <T>(decay * parameter));
}

// Bytes that whole registers cover.
// @ts-ignore: decorator
@inline
function wholeBytes<T>(count: i32): usize {
  return (<usize>count * sizeof<T>()) & ~15;
}

// @ts-ignore: decorator
@inline
function sgd<T>(
  parameters: usize, gradient: usize, velocity: usize, rate: T, momentum: T, nesterov: bool,
  scale: T, limit: T, decay: T, count: i32,
): void {
  const whole = wholeBytes<T>(count), end = <usize>count * sizeof<T>();
  const r = v128.splat<T>(rate), m = v128.splat<T>(momentum);
  const s = v128.splat<T>(scale), l = v128.splat<T>(limit), d = v128.splat<T>(decay);
  for (let at: usize = 0; at < whole; at += 16) {
    const p = v128.load(parameters + at);
    const down = v128.mul<T>(r, slope<T>(v128.load(gradient + at), p, s, l, d));
    if (!velocity) {
      v128.store(parameters + at, v128.sub<T>(p, down));
      continue;
    }
    const v = v128.sub<T>(v128.mul<T>(m, v128.load(velocity + at)), down);
    v128.store(velocity + at, v);
    v128.store(parameters + at, v128.add<T>(p, nesterov ? v128.sub<T>(v128.mul<T>(m, v), down) : v));
  }
  for (let at = whole; at < end; at += sizeof<T>()) {
    const p = load<T>(parameters + at);
    const down = <T>(rate * slopeOfOne<T>(load<T>(gradient + at), p, scale, limit, decay));
    if (!velocity) {
      store<T>(parameters + at, <T>(p - down));
      continue;
    }
    const v = <T>(<T>(momentum * load<T>(velocity + at)) - down);
    store<T>(velocity + at, v);
    store<T>(parameters + at, <T>(p + (nesterov ? <T>(<T>(momentum * v) - down) : v)));
  }
}

// @ts-ignore: decorator
@inline
function adam<T>(
  parameters: usize, gradient: usize, mean: usize, square: usize, rate: T, beta1: T, rest1: T, beta2: T, rest2: T,
  epsilon: T, rootScale: T, shrink: T, scale: T, limit: T, decay: T, count: i32,
): void {
  const whole = wholeBytes<T>(count), end = <usize>count * sizeof<T>();
  const r = v128.splat<T>(rate), e = v128.splat<T>(epsilon), root = v128.splat<T>(rootScale);
  const b1 = v128.splat<T>(beta1), c1 = v128.splat<T>(rest1), b2 = v128.splat<T>(beta2), c2 = v128.splat<T>(rest2);
  const keep = v128.splat<T>(shrink);
  const s = v128.splat<T>(scale), l = v128.splat<T>(limit), d = v128.splat<T>(decay);
  for (let at: usize = 0; at < whole; at += 16) {
    const p = v128.load(parameters + at);
    const g = slope<T>(v128.load(gradient + at), p, s, l, d);
    const m = v128.add<T>(v128.mul<T>(b1, v128.load(mean + at)), v128.mul<T>(c1, g));
    const v = v128.add<T>(v128.mul<T>(b2, v128.load(square + at)), v128.mul<T>(v128.mul<T>(c2, g), g));
    v128.store(mean + at, m);
    v128.store(square + at, v);
    const divisor = v128.add<T>(v128.mul<T>(v128.sqrt<T>(v), root), e);
    v128.store(parameters + at, v128.sub<T>(v128.mul<T>(keep, p), v128.div<T>(v128.mul<T>(r, m), divisor)));
  }
  for (let at = whole; at < end; at += sizeof<T>()) {
    const p = load<T>(parameters + at);
    const g = slopeOfOne<T>(load<T>(gradient + at), p, scale, limit, decay);
    const m = <T>(<T>(beta1 * load<T>(mean + at)) + <T>(rest1 * g));
    const v = <T>(<T>(beta2 * load<T>(square + at)) + <T>(<T>(rest2 * g) * g));
    store<T>(mean + at, m);
    store<T>(square + at, v);
    const divisor = <T>(<T>(sqrt<T>(v) * rootScale) + epsilon);
    store<T>(parameters + at, <T>(<T>(shrink * p) - <T>(<T>(rate * m) / divisor)));
  }
}

// AdaGrad and RMSProp: square ← kept·square + (fresh·g)·g. With kept = fresh = 1 that is a sum.
// @ts-ignore: decorator
@inline
function bySquares<T>(
  parameters: usize, gradient: usize, square: usize, rate: T, kept: T, fresh: T, epsilon: T,
  scale: T, limit: T, decay: T, count: i32,
): void {
  const whole = wholeBytes<T>(count), end = <usize>count * sizeof<T>();
  const r = v128.splat<T>(rate), e = v128.splat<T>(epsilon), k = v128.splat<T>(kept), f = v128.splat<T>(fresh);
  const s = v128.splat<T>(scale), l = v128.splat<T>(limit), d = v128.splat<T>(decay);
  for (let at: usize = 0; at < whole; at += 16) {
    const p = v128.load(parameters + at);
    const g = slope<T>(v128.load(gradient + at), p, s, l, d);
    const v = v128.add<T>(v128.mul<T>(k, v128.load(square + at)), v128.mul<T>(v128.mul<T>(f, g), g));
    v128.store(square + at, v);
    v128.store(parameters + at, v128.sub<T>(p, v128.div<T>(v128.mul<T>(r, g), v128.add<T>(v128.sqrt<T>(v), e))));
  }
  for (let at = whole; at < end; at += sizeof<T>()) {
    const p = load<T>(parameters + at);
    const g = slopeOfOne<T>(load<T>(gradient + at), p, scale, limit, decay);
    const v = <T>(<T>(kept * load<T>(square + at)) + <T>(<T>(fresh * g) * g));
    store<T>(square + at, v);
    store<T>(parameters + at, <T>(p - <T>(<T>(rate * g) / <T>(sqrt<T>(v) + epsilon))));
  }
}

export function update_sgd_f32(
  parameters: usize, gradient: usize, velocity: usize, rate: f64, momentum: f64, nesterov: i32,
  gradientScale: f64, gradientLimit: f64, decay: f64, count: i32,
): void {
  sgd<f32>(
    parameters, gradient, velocity, <f32>rate, <f32>momentum, nesterov == 1,
    <f32>gradientScale, <f32>gradientLimit, <f32>decay, count,
  );
}

export function update_sgd_f64(
  parameters: usize, gradient: usize, velocity: usize, rate: f64, momentum: f64, nesterov: i32,
  gradientScale: f64, gradientLimit: f64, decay: f64, count: i32,
): void {
  sgd<f64>(
    parameters, gradient, velocity, rate, momentum, nesterov == 1, gradientScale, gradientLimit, decay, count,
  );
}

export function update_adam_f32(
  parameters: usize, gradient: usize, mean: usize, square: usize, rate: f64, beta1: f64, beta2: f64, epsilon: f64,
  rootScale: f64, shrink: f64, gradientScale: f64, gradientLimit: f64, decay: f64, count: i32,
): void {
  adam<f32>(
    parameters, gradient, mean, square, <f32>rate, <f32>beta1, <f32>(1 - beta1), <f32>beta2, <f32>(1 - beta2),
    <f32>epsilon, <f32>rootScale, <f32>shrink, <f32>gradientScale, <f32>gradientLimit, <f32>decay, count,
  );
}

export function update_adam_f64(
  parameters: usize, gradient: usize, mean: usize, square: usize, rate: f64, beta1: f64, beta2: f64, epsilon: f64,
  rootScale: f64, shrink: f64, gradientScale: f64, gradientLimit: f64, decay: f64, count: i32,
): void {
  adam<f64>(
    parameters, gradient, mean, square, rate, beta1, 1 - beta1, beta2, 1 - beta2, epsilon, rootScale, shrink,
    gradientScale, gradientLimit, decay, count,
  );
}

export function update_adagrad_f32(
  parameters: usize, gradient: usize, square: usize, rate: f64, epsilon: f64,
  gradientScale: f64, gradientLimit: f64, decay: f64, count: i32,
): void {
  bySquares<f32>(
    parameters, gradient, square, <f32>rate, 1, 1, <f32>epsilon,
    <f32>gradientScale, <f32>gradientLimit, <f32>decay, count,
  );
}

export function update_adagrad_f64(
  parameters: usize, gradient: usize, square: usize, rate: f64, epsilon: f64,
  gradientScale: f64, gradientLimit: f64, decay: f64, count: i32,
): void {
  bySquares<f64>(parameters, gradient, square, rate, 1, 1, epsilon, gradientScale, gradientLimit, decay, count);
}

export function update_rmsprop_f32(
  parameters: usize, gradient: usize, square: usize, rate: f64, rho: f64, epsilon: f64,
  gradientScale: f64, gradientLimit: f64, decay: f64, count: i32,
): void {
  bySquares<f32>(
    parameters, gradient, square, <f32>rate, <f32>rho, <f32>(1 - rho), <f32>epsilon,
    <f32>gradientScale, <f32>gradientLimit, <f32>decay, count,
  );
}

export function update_rmsprop_f64(
  parameters: usize, gradient: usize, square: usize, rate: f64, rho: f64, epsilon: f64,
  gradientScale: f64, gradientLimit: f64, decay: f64, count: i32,
): void {
  bySquares<f64>(
    parameters, gradient, square, rate, rho, 1 - rho, epsilon, gradientScale, gradientLimit, decay, count,
  );
}
