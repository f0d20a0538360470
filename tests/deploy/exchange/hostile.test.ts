import { describe, expect, test } from 'vitest';
import { BitBudget } from '#lanewise/deploy/exchange/forest.js';
import { importModel } from '#lanewise/deploy/exchange/import.js';
import { LanewiseError } from '#lanewise/errors.js';
import { runProgram } from '#lanewise/scoring/interpreter.js';
import { validateProgram } from '#lanewise/scoring/validate.js';
import { dice } from '../../scoring/programs.js';
import { fixture, goldenCases } from './golden.js';

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Imports, and where that succeeds, the program is sound and answers. Anything else must be a LanewiseError. */
function tryImport(bytes: Uint8Array | string): 'imported' | LanewiseError {
  try {
    const { model } = importModel(bytes);
    validateProgram(model.program);
    const columns = model.program.inputs.map((_, i) => Float64Array.of(Number.NaN, 0, i, 1e300, -Infinity));
    runProgram(model.program, columns, 5);
    return 'imported';
  } catch (error) {
    if (error instanceof LanewiseError) return error;
    throw error;
  }
}

function refusal(bytes: Uint8Array | string): LanewiseError {
  const result = tryImport(bytes);
  expect(result).toBeInstanceOf(LanewiseError);
  return result as LanewiseError;
}

describe('files that mutated give a model or a named error, soon', () => {
  const random = dice(11);
  const numbers = ['-1', '0', '4294967296', '1e308', '-1e999', 'nan', '1e99', '999999999', '2147483647', '', '0.5'];

  function mutate(bytes: Uint8Array): Uint8Array {
    const kind = random.integer(6);
    const at = random.integer(bytes.length);
    if (kind === 0) return bytes.slice(0, at);
    if (kind === 1) {
      const copy = bytes.slice();
      for (let i = 0; i <= random.integer(8); i++) copy[random.integer(copy.length)] = random.integer(256);
      return copy;
    }
    if (kind === 2) {
      const end = at + random.integer(60);
      return Uint8Array.from([...bytes.slice(0, at), ...bytes.slice(end)]);
    }
    if (kind === 3) {
      const from = random.integer(bytes.length);
      return Uint8Array.from([...bytes.slice(0, at), ...bytes.slice(from, from + 200), ...bytes.slice(at)]);
    }
    // Another number where one stands.
    const text = Buffer.from(bytes).toString('latin1');
    const places = [...text.matchAll(/-?\d+(\.\d+)?(e-?\d+)?/gi)];
    const place = random.pick(places);
    const other = kind === 4 ? random.pick(numbers) : random.pick(places)[0];
    const changed = text.slice(0, place.index) + other + text.slice(place.index + place[0].length);
    return Uint8Array.from(Buffer.from(changed, 'latin1'));
  }

  test.each(goldenCases.map(({ file }) => file))('%s', (file) => {
    const bytes = fixture(file);
    const begin = performance.now();
    let refused = 0;
    for (let i = 0; i < 60; i++) if (tryImport(mutate(bytes)) !== 'imported') refused++;
    expect(refused).toBeGreaterThan(0);
    expect(performance.now() - begin).toBeLessThan(10_000);
  });
});

describe('what is wrong is named', () => {
  const lightGbm = decode(fixture('lightgbm-regression.txt'));
  const xgboost = JSON.parse(decode(fixture('xgboost-regression.json')));
  const changed = (change: (tree: Record<string, unknown[]>, learner: Record<string, never>) => void) => {
    const copy = structuredClone(xgboost);
    change(copy.learner.gradient_booster.model.trees[0], copy.learner);
    return JSON.stringify(copy);
  };

  test.each([
    ['cut short', lightGbm.slice(0, lightGbm.indexOf('Tree=2')), /ends before/],
    ['a cycle', lightGbm.replace(/left_child=\S+/, 'left_child=0'), /two parents/],
    ['a child that is none', lightGbm.replace(/left_child=\S+/, 'left_child=77'), /\[-6, 4\] for left_child of tree 0/],
    [
      'too few thresholds',
      lightGbm.replace(/threshold=\S+ /, 'threshold='),
      /Expected 5 values of threshold in tree 0 but it has 4/,
    ],
    ['a feature that is none', lightGbm.replace(/split_feature=\d/, 'split_feature=9'), /split_feature of tree 0/],
    ['a word for a number', lightGbm.replace(/leaf_value=\S+/, 'leaf_value=much'), /"much"/],
    ['a leaf count beyond all', lightGbm.replace('num_leaves=6', 'num_leaves=1e15'), /num_leaves of tree 0/],
    ['a tree too many', lightGbm.replace('Tree=1', 'Tree=4'), /Tree 1 is missing/],
    ['a bit set outside', lightGbm.replace(/cat_boundaries=0 \d+/, 'cat_boundaries=0 99'), /cat_boundaries of tree/],
    ['two features of a name', lightGbm.replace('feature_names=a b', 'feature_names=a a'), /distinct feature_names/],
  ])('LightGBM: %s', (_, text, message) => {
    expect(refusal(text).message).toMatch(message);
  });

  test.each([
    ['a cycle', changed((tree) => (tree['left_children']![0] = 0)), /two parents/],
    ['a child that is none', changed((tree) => (tree['right_children']![0] = 1e9)), /leads to node 1000000000/],
    ['a feature that is none', changed((tree) => (tree['split_indices']![0] = 99)), /splits on feature 99 of 3/],
    [
      'too few thresholds',
      changed((tree) => tree['split_conditions']!.pop()),
      /Expected \d+ values of split_conditions/,
    ],
    ['a text among numbers', changed((tree) => (tree['split_conditions']![0] = 'x')), /received "x"/],
    ['a leaf of infinity', changed((tree) => tree['split_conditions']!.fill(1e300)), /finite leaves in tree 0/],
    ['no learner', '{"version":[3,2,0]}', /learner of the model/],
    [
      'no base',
      changed((_, learner) => ((learner['learner_model_param'] as never as { base_score: string }).base_score = '[x]')),
      /base_score/,
    ],
    [
      'features beyond all',
      changed(
        (_, learner) => ((learner['learner_model_param'] as never as { num_feature: string }).num_feature = '1e12'),
      ),
      /num_feature/,
    ],
  ])('XGBoost: %s', (_, text, message) => {
    expect(refusal(text).message).toMatch(message);
  });

  test('bytes that are not UTF-8', () => {
    const bytes = encode(lightGbm);
    bytes[200] = 0xff;
    expect(refusal(bytes).message).toMatch(/not UTF-8/);
  });

  test('JSON nested a million deep', () => {
    expect(refusal(`{"learner":${'['.repeat(1e6)}`).code).toBe('file');
    expect(refusal(`{"learner":${'{"a":'.repeat(1e5)}1${'}'.repeat(1e5)}}`).code).toBe('file');
  });

  test('UBJSON that claims gigabytes, or nests without end', () => {
    const key = [...encode('i'), 7, ...encode('learner')];
    const huge = (...tail: number[]) => Uint8Array.from([...encode('{'), ...key, ...tail]);
    const twoBillion = [...encode('l'), 0x7f, 0xff, 0xff, 0xff];
    expect(refusal(huge(...encode('[$d#'), ...twoBillion)).message).toMatch(/2147483647 values are announced/);
    expect(refusal(huge(...encode('[#'), ...twoBillion)).message).toMatch(/announced/);
    // Nulls of a type take no bytes: nothing but their count would fill the memory.
    expect(refusal(huge(...encode('[$Z#'), ...twoBillion)).message).toMatch(/announced/);
    expect(refusal(huge(...encode('{$T#'), ...twoBillion)).message).toMatch(/announced/);
    expect(refusal(huge(...encode('S'), ...twoBillion)).message).toMatch(/it ends where 2147483647/);
    expect(refusal(huge(...encode('[#l'), 0xff, 0xff, 0xff, 0xff)).message).toMatch(/-1 is no length/);
    expect(refusal(huge(...encode('['.repeat(5000)))).message).toMatch(/nested more than 64 deep/);
    expect(refusal(huge(...encode('N'.repeat(50)))).message).toMatch(/ends where/);
  });

  test('more bits of labels than the memory should hold, and more labels than anyone has', () => {
    const bits = new BitBudget();
    for (let i = 0; i < 63; i++) bits.take(31);
    expect(() => bits.take(32 * 64_000_000)).toThrow(/million words of category bits/);
    const text = lightGbm.replace(
      /feature_infos=.*/,
      `feature_infos=none none none ${[...Array(70_000).keys()].map((i) => i * 2).join(':')}`,
    );
    expect(refusal(text.replace(/pandas_categorical:.*/, 'pandas_categorical:null')).message).toMatch(
      /70\d+ categories/,
    );
  });
});
