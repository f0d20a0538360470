import { type CaseRandom, defineKernel, type Flavour, type Scalars } from './contract.js';
import { realValues } from './gradient-descent.js';

/**
 * One step of an optimiser over a block of parameters: gradient, state and parameters are gone over once. Numerical
 * policy: every operation in the kernel's own precision and in the written order, scalars rounded to it first; elements
 * do not meet, so a block may be cut anywhere.
 *
 * Every kernel begins with the slope: gradientScale·gradient, held to ±gradientLimit, + decay·parameter. So clipping by norm
 * (gradientScale = limit/norm), clipping by value and an L2 penalty cost no pass of their own.
 */
const values = (name: string, role: 'in' | 'inout', dtype: 'f32' | 'f64', meaning: string) =>
  // The types of f32 stand for both: the references below index and round, nothing else.
  ({ name, role, dtype: dtype as 'f32', length: (s: Scalars) => s.count!, meaning }) as const;

const scalar = (name: string, meaning: string) => ({ name, dtype: 'f64', meaning }) as const;

const common = [
  scalar('gradientScale', 'factor of the gradient'),
  scalar('gradientLimit', 'what the scaled gradient is held to, in size'),
  scalar('decay', 'L2 penalty: its product with the parameter is added to the slope'),
  { name: 'count', dtype: 'i32', meaning: 'parameters' },
] as const;

/** The slope of parameter i; NaN goes through. */
function slopeOf(
  round: (x: number) => number,
  parameters: Float32Array,
  gradient: Float32Array,
  gradientScale: number,
  gradientLimit: number,
  decay: number,
): (i: number) => number {
  const [scale, limit, factor] = [round(gradientScale), round(gradientLimit), round(decay)];
  return (i) => {
    const scaled = round(scale * gradient[i]!);
    const held = scaled > limit ? limit : Math.max(scaled, -limit);
    return round(held + round(factor * parameters[i]!));
  };
}

/** Parameters, gradient and state of `size`; squares are not negative. */
function caseOf(dtype: 'f32' | 'f64', size: number, random: CaseRandom, flavour: Flavour, scalars: Scalars) {
  const draw = () => {
    const drawn = realValues(size, random, flavour);
    return dtype === 'f32' ? Float32Array.from(drawn) : drawn;
  };
  const clipped = random.integer(2) === 0;
  return {
    scalars: {
      rate: 0.01,
      ...scalars,
      gradientScale: clipped ? 0.7 : 1,
      gradientLimit: clipped ? 0.5 : Number.POSITIVE_INFINITY,
      decay: clipped ? 0.003 : 0,
      count: size,
    },
    buffers: { parameters: draw(), gradient: draw(), velocity: draw(), mean: draw(), square: draw().map(Math.abs) },
  };
}

function sgd(dtype: 'f32' | 'f64', round: (x: number) => number) {
  return defineKernel({
    name: `update_sgd_${dtype}`,
    family: 'gradient-descent',
    summary: 'Stochastic gradient descent: v ← momentum·v − rate·slope; parameter + v, or + momentum·v − rate·slope.',
    source: 'Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013',
    arguments: [
      values('parameters', 'inout', dtype, 'parameters'),
      values('gradient', 'in', dtype, 'derivatives of the loss by the parameters'),
      { ...values('velocity', 'inout', dtype, 'the last step; absent: no momentum'), optional: true },
      scalar('rate', 'learning rate'),
      scalar('momentum', 'share of the last step that is gone again'),
      { name: 'nesterov', dtype: 'i32', meaning: "1: Nesterov's momentum, looked ahead" },
      ...common,
    ],
    returns: 'void',
    agreement: 'exact',
    reference: (parameters, gradient, velocity, rate, momentum, nesterov, scale, limit, decay, count) => {
      const slope = slopeOf(round, parameters, gradient, scale, limit, decay);
      const [step, share] = [round(rate), round(momentum)];
      for (let i = 0; i < count; i++) {
        const down = round(step * slope(i));
        if (!velocity) {
          parameters[i] = parameters[i]! - down;
          continue;
        }
        velocity[i] = round(share * velocity[i]!) - down;
        const move = nesterov === 1 ? round(round(share * velocity[i]!) - down) : velocity[i]!;
        parameters[i] = parameters[i]! + move;
      }
    },
    inputs: (size, random, flavour) => {
      const nesterov = random.integer(2);
      const made = caseOf(dtype, size, random, flavour, { momentum: 0.9, nesterov });
      const velocity = random.integer(4) === 0 ? null : made.buffers.velocity;
      return { ...made, buffers: { ...made.buffers, velocity } };
    },
    work: (s) => ({ elements: s.count!, flops: 6 * s.count! }),
  });
}

function adam(dtype: 'f32' | 'f64', round: (x: number) => number) {
  return defineKernel({
    name: `update_adam_${dtype}`,
    family: 'gradient-descent',
    summary:
      'Adam and AdamW: running means of slope and squared slope; shrink·parameter − rate·mean/(√square·rootScale + ε).',
    source: 'Kingma and Ba, 2015; Loshchilov and Hutter, "Decoupled weight decay regularization", 2019',
    arguments: [
      values('parameters', 'inout', dtype, 'parameters'),
      values('gradient', 'in', dtype, 'derivatives of the loss by the parameters'),
      values('mean', 'inout', dtype, 'running mean of the slope'),
      values('square', 'inout', dtype, 'running mean of the squared slope'),
      scalar('rate', 'learning rate, over 1 − beta1^t'),
      scalar('beta1', 'share of the mean that stays'),
      scalar('beta2', 'share of the squares that stays'),
      scalar('epsilon', 'what keeps the divisor from 0'),
      scalar('rootScale', '1/√(1 − beta2^t)'),
      scalar('shrink', 'decoupled decay: factor of the parameter; 1: none'),
      ...common,
    ],
    returns: 'void',
    agreement: 'exact',
    reference: (parameters, gradient, mean, square, rate, beta1, beta2, epsilon, rootScale, shrink, ...rest) => {
      const [scale, limit, decay, count] = rest;
      const slope = slopeOf(round, parameters, gradient, scale, limit, decay);
      const [step, small, root, keep] = [round(rate), round(epsilon), round(rootScale), round(shrink)];
      const [keptMean, newMean] = [round(beta1), round(1 - beta1)];
      const [keptSquare, newSquare] = [round(beta2), round(1 - beta2)];
      for (let i = 0; i < count; i++) {
        const g = slope(i);
        mean[i] = round(keptMean * mean[i]!) + round(newMean * g);
        square[i] = round(keptSquare * square[i]!) + round(round(newSquare * g) * g);
        const divisor = round(round(round(Math.sqrt(square[i]!)) * root) + small);
        parameters[i] = round(keep * parameters[i]!) - round(round(step * mean[i]!) / divisor);
      }
    },
    inputs: (size, random, flavour) => {
      const shrink = random.integer(2) === 0 ? 1 : 0.999;
      const decays = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, rootScale: 1.7, shrink };
      return caseOf(dtype, size, random, flavour, decays);
    },
    work: (s) => ({ elements: s.count!, flops: 14 * s.count! }),
  });
}

function adagrad(dtype: 'f32' | 'f64', round: (x: number) => number) {
  return defineKernel({
    name: `update_adagrad_${dtype}`,
    family: 'gradient-descent',
    summary: 'AdaGrad: squares of the slope are added up; parameter − rate·slope/(√square + ε).',
    source: 'Duchi, Hazan and Singer, "Adaptive subgradient methods …", 2011',
    arguments: [
      values('parameters', 'inout', dtype, 'parameters'),
      values('gradient', 'in', dtype, 'derivatives of the loss by the parameters'),
      values('square', 'inout', dtype, 'sum of the squared slopes'),
      scalar('rate', 'learning rate'),
      scalar('epsilon', 'what keeps the divisor from 0'),
      ...common,
    ],
    returns: 'void',
    agreement: 'exact',
    reference: (parameters, gradient, square, rate, epsilon, scale, limit, decay, count) => {
      const slope = slopeOf(round, parameters, gradient, scale, limit, decay);
      const [step, small] = [round(rate), round(epsilon)];
      for (let i = 0; i < count; i++) {
        const g = slope(i);
        square[i] = square[i]! + round(g * g);
        const divisor = round(round(Math.sqrt(square[i]!)) + small);
        parameters[i] = parameters[i]! - round(round(step * g) / divisor);
      }
    },
    inputs: (size, random, flavour) => caseOf(dtype, size, random, flavour, { epsilon: 1e-10 }),
    work: (s) => ({ elements: s.count!, flops: 8 * s.count! }),
  });
}

function rmsProp(dtype: 'f32' | 'f64', round: (x: number) => number) {
  return defineKernel({
    name: `update_rmsprop_${dtype}`,
    family: 'gradient-descent',
    summary: 'RMSProp: running mean of the squared slope; parameter − rate·slope/(√square + ε).',
    source: 'Tieleman and Hinton, "Lecture 6.5: rmsprop", Coursera, 2012',
    arguments: [
      values('parameters', 'inout', dtype, 'parameters'),
      values('gradient', 'in', dtype, 'derivatives of the loss by the parameters'),
      values('square', 'inout', dtype, 'running mean of the squared slope'),
      scalar('rate', 'learning rate'),
      scalar('rho', 'share of the squares that stays'),
      scalar('epsilon', 'what keeps the divisor from 0'),
      ...common,
    ],
    returns: 'void',
    agreement: 'exact',
    reference: (parameters, gradient, square, rate, rho, epsilon, scale, limit, decay, count) => {
      const slope = slopeOf(round, parameters, gradient, scale, limit, decay);
      const [step, small, kept, fresh] = [round(rate), round(epsilon), round(rho), round(1 - rho)];
      for (let i = 0; i < count; i++) {
        const g = slope(i);
        square[i] = round(kept * square[i]!) + round(round(fresh * g) * g);
        const divisor = round(round(Math.sqrt(square[i]!)) + small);
        parameters[i] = parameters[i]! - round(round(step * g) / divisor);
      }
    },
    inputs: (size, random, flavour) => caseOf(dtype, size, random, flavour, { rho: 0.99, epsilon: 1e-8 }),
    work: (s) => ({ elements: s.count!, flops: 9 * s.count! }),
  });
}

const asItIs = (x: number): number => x;

export const update_sgd_f32 = sgd('f32', Math.fround);
export const update_sgd_f64 = sgd('f64', asItIs);
export const update_adam_f32 = adam('f32', Math.fround);
export const update_adam_f64 = adam('f64', asItIs);
export const update_adagrad_f32 = adagrad('f32', Math.fround);
export const update_adagrad_f64 = adagrad('f64', asItIs);
export const update_rmsprop_f32 = rmsProp('f32', Math.fround);
export const update_rmsprop_f64 = rmsProp('f64', asItIs);
