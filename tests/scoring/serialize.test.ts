import { describe, expect, test } from 'vitest';
import { ProgramBuilder } from '#lanewise/scoring/builder.js';
import { embedProgram } from '#lanewise/scoring/embed.js';
import { runProgram } from '#lanewise/scoring/interpreter.js';
import { layout } from '#lanewise/scoring/layout.js';
import type { EnsembleOperation, Program } from '#lanewise/scoring/program.js';
import { Scorer } from '#lanewise/scoring/scorer.js';
import { decodeProgram, encodeProgram, programImage } from '#lanewise/scoring/serialize.js';
import { programBytes } from '#lanewise/scoring/size.js';
import { validateProgram } from '#lanewise/scoring/validate.js';
import { bitsOf, columns, dice, everyOperation } from './programs.js';

const throughText = (program: Program): Program => {
  const { program: json, buffers } = encodeProgram(program);
  return decodeProgram(JSON.parse(JSON.stringify(json)), buffers);
};

test('the random programs of these tests use every operation', () => {
  // Texts lie beside the registers; tests/deploy/texts.test.ts has programs with them.
  const used = new Set<string>([...everyOperation(1).operations.map((operation) => operation.op), 'terms']);
  expect([...used].sort()).toEqual(Object.keys(layout).sort());
});

test('a program that was saved and loaded gives the same bits', () => {
  for (let seed = 0; seed < 8; seed++) {
    const program = everyOperation(seed);
    const data = columns(dice(seed + 1000), 50);
    const [before, after] = [runProgram(program, data, 50), runProgram(throughText(program), data, 50)];
    expect(after.map(bitsOf)).toEqual(before.map(bitsOf));
  }
});

test('the same program gives the same image, and a changed number another one', () => {
  const program = everyOperation(3);
  expect(programImage(throughText(program))).toEqual(programImage(program));
  const changed = structuredClone(program) as Program;
  const linear = changed.operations.find((operation) => operation.op === 'linear')!;
  (linear as { coefficients: Float64Array }).coefficients[0] = 0.123;
  expect(programImage(changed)).not.toEqual(programImage(program));
});

test('cover and gain are saved, may be absent, and never reach the stand-alone module', () => {
  const annotated = everyOperation(7);
  const bare = structuredClone(annotated) as Program;
  const trees = bare.operations.find((operation) => operation.op === 'ensemble') as { cover?: unknown; gain?: unknown };
  delete trees.cover;
  delete trees.gain;
  const ensembleOf = (program: Program) => program.operations.find((operation) => operation.op === 'ensemble');
  expect(ensembleOf(throughText(annotated))).toEqual(ensembleOf(annotated));
  expect(ensembleOf(throughText(bare))).toEqual(ensembleOf(bare));
  expect(ensembleOf(throughText(bare))).not.toHaveProperty('cover');
  expect(embedProgram(annotated)).toEqual(embedProgram(bare));
  const data = columns(dice(8), 50);
  expect(runProgram(bare, data, 50).map(bitsOf)).toEqual(runProgram(annotated, data, 50).map(bitsOf));
});

test('NaN of any bit pattern is saved as the one canonical NaN', () => {
  const odd = new Float64Array(new BigUint64Array([0xfff8000000000123n]).buffer);
  const builder = new ProgramBuilder([{ name: 'x', type: 'number' }]);
  const register = builder.add({ op: 'lookup', in: 0, table: odd, missing: -0, unseen: Number.NEGATIVE_INFINITY });
  const { buffers } = encodeProgram(builder.build([{ name: 'y', register, type: 'number' }]));
  expect(new DataView(buffers.buffer).getBigUint64(0, true)).toBe(0x7ff8000000000000n);
});

test('buffers begin at multiples of 64 bytes, and the size counts them', () => {
  const program = everyOperation(5);
  const { program: json, buffers } = encodeProgram(program);
  const offsets = [...JSON.stringify(json).matchAll(/"offset":(\d+)/g)].map((match) => Number(match[1]));
  expect(offsets.length).toBeGreaterThan(10);
  expect(offsets.every((offset) => offset % 64 === 0)).toBe(true);
  expect(programBytes(program)).toBe(new TextEncoder().encode(JSON.stringify(json)).length + buffers.length);
});

test('buffers that do not lie aligned are decoded all the same', () => {
  const program = everyOperation(6);
  const { program: json, buffers } = encodeProgram(program);
  const shifted = new Uint8Array(buffers.length + 3);
  shifted.set(buffers, 3);
  expect(programImage(decodeProgram(json, shifted.subarray(3)))).toEqual(programImage(program));
});

test('a program with bytes changed at random is refused, or runs without going astray', () => {
  const random = dice(99);
  const { program: json, buffers } = encodeProgram(everyOperation(4));
  const text = JSON.stringify(json);
  const data = columns(dice(5), 8);
  let [refused, ran] = [0, 0];
  for (let round = 0; round < 300; round++) {
    const changed = buffers.slice();
    for (let k = 0; k < 3; k++) changed[random.integer(changed.length)] = random.integer(256);
    const place = random.integer(text.length);
    const letter = round % 3 === 0 ? text[place]! : random.pick(['0', '9', '-', '1e9', '"', '[', 'null', '']);
    const changedText = text.slice(0, place) + letter + text.slice(place + 1);
    try {
      const parsed = JSON.parse(changedText);
      const program = decodeProgram(parsed, changed);
      if (program.inputs.length > data.length) continue;
      for (const values of runProgram(program, data, 8)) expect(values).toHaveLength(8);
      new Scorer(program).into(
        Float64Array.from(data, (values) => values[0]!),
        new Float64Array(program.outputs.length),
      );
      embedProgram(program);
      ran++;
    } catch (error) {
      if (!(error instanceof SyntaxError)) expect(error).toMatchObject({ name: 'LanewiseError', code: 'artefact' });
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(20);
  expect(ran).toBeGreaterThan(20);
});

describe('a program that is not sound is refused, and the reason named', () => {
  // biome-ignore lint/suspicious/noExplicitAny: these programs are wrong on purpose
  type Wrong = any;
  type Changed = { inputs: Wrong[]; outputs: Wrong[]; registerCount: number; operations: Wrong[] };
  const broken = (change: (program: Changed) => void) => {
    const program = structuredClone(everyOperation(2)) as unknown as Changed;
    change(program);
    return () => validateProgram(program);
  };
  const at = (program: Changed, op: string) => program.operations.find((operation) => operation.op === op);
  const inner = (trees: EnsembleOperation) => trees.feature.findIndex((feature) => feature >= 0);
  const leaf = (trees: EnsembleOperation) => trees.feature.indexOf(-1);

  const cases: Record<string, [(program: Changed) => void, RegExp]> = {
    'an unknown operation': [(p) => (p.operations[0].op = 'eval'), /unknown kind "eval"/],
    'an operation of the prototype': [(p) => (p.operations[0].op = 'toString'), /unknown kind "toString"/],
    'a register beyond the last': [(p) => (at(p, 'affine').in = p.registerCount), /reads register/],
    'a negative register': [(p) => (at(p, 'affine').in = -1), /in of operation .* is not a register/],
    'a register that is not whole': [(p) => (at(p, 'affine').in = 0.5), /is not a register/],
    'a register read before it is written': [(p) => (at(p, 'affine').in = at(p, 'affine').out), /before it is written/],
    'a register written twice': [(p) => p.operations.push(p.operations.at(-1)), /a second time/],
    'an input that is overwritten': [(p) => (at(p, 'affine').out = 0), /a second time/],
    'an output that nothing wrote': [
      (p) => (p.outputs[0].register = p.registerCount++),
      /output .* before it is written/,
    ],
    'no outputs': [(p) => (p.outputs = []), /no outputs/],
    'two inputs of one name': [(p) => (p.inputs[1].name = 'x'), /"x" stands there twice/],
    'a category without labels': [(p) => delete p.inputs[4].labels, /"place" is a category without labels/],
    'labels that repeat': [(p) => (p.inputs[4].labels = ['a', 'a']), /not distinct/],
    'too many registers': [(p) => (p.registerCount = 2 ** 30), /registerCount/],
    'a missing field': [(p) => delete at(p, 'affine').scale, /scale of operation .* is not a number/],
    'text for a number': [(p) => (at(p, 'impute').value = '1'), /value of operation .* is not a number/],
    'a wrong buffer type': [(p) => (at(p, 'lookup').table = new Int32Array(3)), /is not a buffer of f64/],
    'an unknown calendar part': [(p) => (at(p, 'calendar').part = 'moon'), /is not one of year/],
    'coefficients too few': [(p) => (at(p, 'linear').coefficients = new Float64Array(5)), /5 coefficients/],
    'intercepts too few': [(p) => (at(p, 'linear').intercepts = new Float64Array(1)), /1 intercepts/],
    'edges that do not ascend': [(p) => (at(p, 'bin').edges = Float64Array.of(2, 1)), /do not ascend/],
    'an edge that is NaN': [(p) => (at(p, 'bin').edges = Float64Array.of(1, Number.NaN)), /do not ascend/],
    'softmax of other width': [(p) => at(p, 'softmax').inputs.pop(), /outputs of operation/],
    'points too few': [(p) => (at(p, 'neighbors').points = new Float64Array(3)), /points/],
    'no outputs of neighbours': [(p) => (at(p, 'neighbors').outputs = []), /no outputs|before it is written/],
    'more neighbours than points': [(p) => (at(p, 'neighborScore').k = 99), /k of operation .* is 99, with 7 points/],
    'half a point': [(p) => (at(p, 'neighborScore').points = new Float64Array(3)), /points of operation/],
    'densities without a factor': [(p) => (at(p, 'neighborScore').densities = new Float64Array(3)), /densities/],
    'no neighbours': [(p) => (at(p, 'neighbors').k = 0), /k of operation .* is 0/],
    'means too few': [(p) => (at(p, 'gaussian').means = new Float64Array(3)), /means/],
    'factors of another form': [(p) => (at(p, 'gaussian').factors = new Float64Array(4)), /factors/],
    'an unknown covariance': [(p) => (at(p, 'gaussian').covariance = 'tied'), /is not one of full, diagonal/],
    'offsets too many': [(p) => (at(p, 'gaussian').offsets = new Float64Array(9)), /offsets/],
    'supports too few': [(p) => (at(p, 'kernelExpansion').supports = new Float64Array(3)), /supports/],
    'coefficients of no outputs': [(p) => (at(p, 'kernelExpansion').coefficients = new Float64Array(7)), /support/],
    'intercepts of a kernel too many': [
      (p) => (at(p, 'kernelExpansion').intercepts = new Float64Array(9)),
      /intercepts/,
    ],
    'an endless degree': [(p) => (at(p, 'kernelExpansion').degree = 2 ** 40), /degree of operation .* above/],
    'an unknown kernel': [
      (p) => (at(p, 'kernelExpansion').kernel = 'laplace'),
      /is not one of linear, poly, rbf, sigmoid/,
    ],
    'pairs too few': [(p) => at(p, 'pairwiseCoupling').inputs.pop(), /inputs of operation/],
    'weights of a layer too few': [(p) => (at(p, 'dense').weights = new Float32Array(3)), /weights/],
    'weights of a layer in f64': [(p) => (at(p, 'dense').weights = new Float64Array(6)), /a buffer of f32/],
    'biases of a layer too many': [(p) => (at(p, 'dense').biases = new Float32Array(9)), /biases/],
    'an unknown activation': [(p) => (at(p, 'dense').activation = 'swish'), /is not one of identity, relu/],
    'a layer without outputs': [(p) => (at(p, 'dense').outputs = []), /no outputs|before it is written/],
    'points by a metric too few': [
      (p) => (at(p, 'metricNeighbors').points = new Float64Array(4)),
      /points of operation/,
    ],
    'a metric that there is not': [(p) => (at(p, 'metricNeighbors').metric = 'taxi'), /is not one of euclidean, sqeu/],
    'columns for another metric than gower': [
      (p) => (at(p, 'metricNeighbors').columns = new Float64Array(6)),
      /columns of operation/,
    ],
    'one output for no neighbours': [(p) => (at(p, 'metricNeighbors').otherwise = new Float64Array(1)), /otherwise of/],
    'a radius that is none': [(p) => (at(p, 'metricNeighbors').radius = Number.NaN), /radius of operation/],
    'donors of half a row': [(p) => (at(p, 'imputeNeighbors').points = new Float64Array(4)), /are not 3 a row/],
    'no donors asked': [(p) => (at(p, 'imputeNeighbors').k = 0), /k of operation .* is 0/],
    'means to fall back on too few': [(p) => (at(p, 'imputeNeighbors').fallback = new Float64Array(2)), /fallback of/],
    'labels too few': [(p) => (at(p, 'nearestLabel').labels = new Int32Array(3)), /points of operation/],
    'a core beyond the points': [(p) => (at(p, 'nearestLabel').k = 99), /k of operation .* is 99, above its/],
    'limits too few': [(p) => (at(p, 'nearestLabel').limits = new Float64Array(3)), /limits/],
    'cores too few': [(p) => (at(p, 'nearestLabel').cores = new Float64Array(3)), /cores/],
    'an unknown distance': [(p) => (at(p, 'nearestLabel').metric = 'taxi'), /is not one of euclidean, manhattan/],
    'centres too few': [(p) => (at(p, 'centroids').centers = new Float64Array(3)), /centers/],
    'a tree that begins beyond the nodes': [(p) => (at(p, 'ensemble').roots[0] = 100_000), /begins at node/],
    'a child beyond the nodes': [(p) => (at(p, 'ensemble').left[inner(at(p, 'ensemble'))] = 100_000), /has the child/],
    'a negative child': [(p) => (at(p, 'ensemble').right[inner(at(p, 'ensemble'))] = -5), /has the child -5/],
    'a cycle of nodes': [
      (p) => (at(p, 'ensemble').left[inner(at(p, 'ensemble'))] = inner(at(p, 'ensemble'))),
      /two parents/,
    ],
    'a split on no input': [(p) => (at(p, 'ensemble').feature[inner(at(p, 'ensemble'))] = 9), /splits on input 9/],
    'a leaf that is not there': [(p) => (at(p, 'ensemble').left[leaf(at(p, 'ensemble'))] = 100_000), /is leaf/],
    'a negative leaf': [(p) => (at(p, 'ensemble').left[leaf(at(p, 'ensemble'))] = -1), /is leaf -1/],
    'a feature below −1': [(p) => (at(p, 'ensemble').feature[leaf(at(p, 'ensemble'))] = -2), /splits on input -2/],
    'categories beyond the words': [
      (p) => {
        const trees = at(p, 'ensemble');
        trees.categoryOffset[inner(trees)] = trees.categories.length;
        trees.categoryWords[inner(trees)] = 1;
      },
      /words of categories/,
    ],
    'node lists of unequal length': [(p) => (at(p, 'ensemble').threshold = new Float64Array(1)), /1 threshold/],
    'a cover of too few nodes': [(p) => (at(p, 'ensemble').cover = new Float64Array(1)), /1 cover of/],
    'a cover below zero': [(p) => (at(p, 'ensemble').cover[0] = -1), /cover -1 of node 0/],
    'a gain that is no number': [(p) => (at(p, 'ensemble').gain[1] = Number.NaN), /gain NaN of node 1/],
    'a gain without end': [(p) => (at(p, 'ensemble').gain[1] = Number.POSITIVE_INFINITY), /gain Infinity of node 1/],
    'a cover of whole numbers': [(p) => (at(p, 'ensemble').cover = new Int32Array(1)), /cover of .* is not a buffer/],
    'a leaf width that fits nothing': [(p) => (at(p, 'ensemble').leafWidth = 2), /leafWidth/],
  };
  for (const [name, [change, reason]] of Object.entries(cases)) {
    test(name, () => {
      expect(broken(change)).toThrow(reason);
      expect(broken(change)).toThrow(expect.objectContaining({ code: 'artefact' }));
    });
  }

  test('buffer references outside the buffers', () => {
    const { program: json, buffers } = encodeProgram(everyOperation(2));
    expect(() => decodeProgram(json, buffers.slice(0, buffers.length - 64))).toThrow(/lies outside the buffers/);
    const text = JSON.stringify(json);
    expect(() => decodeProgram(JSON.parse(text.replace('"offset":0', '"offset":-64')), buffers)).toThrow(/outside/);
    expect(() => decodeProgram(JSON.parse(text.replace('"offset":0', '"offset":4')), buffers)).toThrow(/outside/);
    expect(() => decodeProgram(JSON.parse(text.replace('"dtype":"f64"', '"dtype":"u8"')), buffers)).toThrow(/type u8/);
    for (const junk of [null, 7, 'x', [], {}, { operations: 3 }, { operations: [null] }]) {
      expect(() => decodeProgram(junk, buffers)).toThrow(expect.objectContaining({ code: 'artefact' }));
    }
  });
});
