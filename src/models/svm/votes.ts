import type { ProgramBuilder } from '../../scoring/builder.js';
import type { ProgramOutput } from '../../scoring/program.js';
import type { PlattScaling } from '../../training/platt.js';
import type { Pair } from './pairs.js';

/** Pairs of classes, the register of each one's decision value (above 0: the second class), and its sigmoid. */
export interface PairwiseDecisions {
  readonly classes: readonly string[];
  readonly pairs: readonly Pair[];
  readonly decisions: readonly number[];
  readonly scalings: readonly PlattScaling[];
  readonly breakTies: boolean;
}

/** No pair is surer than this, as in LIBSVM. */
const SUREST = 1e-7;

/** Appends the predicted class, by votes, and every class's probability; classes without pairs have none of either. */
export function emitClasses(builder: ProgramBuilder, given: PairwiseDecisions): ProgramOutput[] {
  const { classes, pairs, decisions, scalings } = given;
  const present = [...new Set(pairs.flatMap(({ first, second }) => [first, second]))].sort((a, b) => a - b);
  // The probability of the second class is 1 / (1 + e^m), so that of the first is the sigmoid of m.
  const firsts = decisions.map((decision, p) => {
    const { slope, offset } = scalings[p]!;
    const margin = builder.reserve();
    builder.emit({
      op: 'linear',
      inputs: [decision],
      outputs: [margin],
      coefficients: Float64Array.of(slope),
      intercepts: Float64Array.of(offset),
    });
    return builder.add({ op: 'unary', in: margin, function: 'sigmoid' });
  });
  const known = present.length === 2 ? ofTwo(builder, firsts[0]!) : coupled(builder, firsts, present.length);
  const probabilities = spread(builder, classes, present, known, 0);
  const votes = spread(builder, classes, present, emitVotes(builder, given, present), -1);
  const prediction = builder.reserve();
  builder.emit({ op: 'argmax', inputs: votes, out: prediction });
  return [
    { name: 'prediction', register: prediction, type: 'category', labels: classes },
    ...classes.map((label, k) => ({
      name: `probability_${label}`,
      register: probabilities[k]!,
      type: 'number' as const,
    })),
  ];
}

function ofTwo(builder: ProgramBuilder, first: number): number[] {
  const held = builder.add({ op: 'clip', in: first, low: SUREST, high: 1 - SUREST });
  const one = builder.add({ op: 'constant', value: 1 });
  return [held, builder.add({ op: 'binary', left: one, right: held, operator: 'subtract' })];
}

function coupled(builder: ProgramBuilder, firsts: readonly number[], count: number): number[] {
  const first = builder.reserve(count);
  const outputs = Array.from({ length: count }, (_, k) => first + k);
  builder.emit({ op: 'pairwiseCoupling', inputs: firsts, outputs });
  return outputs;
}

/** How many pairs each class wins; a decision of 0 goes to the second. With breakTies, its confidence is added. */
function emitVotes(
  builder: ProgramBuilder,
  { pairs, decisions, breakTies }: PairwiseDecisions,
  present: readonly number[],
): number[] {
  const won = decisions.map((decision) => builder.add({ op: 'threshold', in: decision, value: 0 }));
  const intercepts = Float64Array.from(present, (k) => pairs.filter(({ first }) => first === k).length);
  const votes = signedSums(builder, won, pairs, present, intercepts);
  if (!breakTies || present.length === 2) return votes;
  const confidences = signedSums(builder, decisions, pairs, present, new Float64Array(present.length));
  return votes.map((vote, k) => {
    const size = builder.add({ op: 'unary', in: confidences[k]!, function: 'abs' });
    const divisor = builder.add({ op: 'affine', in: size, shift: -1, scale: 1 / 3 });
    const share = builder.add({ op: 'binary', left: confidences[k]!, right: divisor, operator: 'divide' });
    return builder.add({ op: 'binary', left: vote, right: share, operator: 'add' });
  });
}

/** By class: what its pairs have, taken away where it is the first of them and added where it is the second. */
function signedSums(
  builder: ProgramBuilder,
  inputs: readonly number[],
  pairs: readonly Pair[],
  present: readonly number[],
  intercepts: Float64Array,
): number[] {
  const coefficients = new Float64Array(present.length * pairs.length);
  present.forEach((k, place) => {
    pairs.forEach(({ first, second }, p) => {
      coefficients[place * pairs.length + p] = (second === k ? 1 : 0) - (first === k ? 1 : 0);
    });
  });
  const start = builder.reserve(present.length);
  const outputs = present.map((_, place) => start + place);
  builder.emit({ op: 'linear', inputs, outputs, coefficients, intercepts });
  return outputs;
}

/** Registers of all classes: of those present, and a constant for the others. */
function spread(
  builder: ProgramBuilder,
  classes: readonly string[],
  present: readonly number[],
  registers: readonly number[],
  absent: number,
): number[] {
  return classes.map((_, k) => {
    const place = present.indexOf(k);
    return place < 0 ? builder.add({ op: 'constant', value: absent }) : registers[place]!;
  });
}
