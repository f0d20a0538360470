import { expect, test } from 'vitest';
import { Stopping } from '#lanewise/training/stopping.js';
import { certified, convergenceOf, outcomeOf, verdictOf } from '#lanewise/training/verdict.js';

test('stops when the loss has not fallen for as long as patience lasts, and knows the best', () => {
  const stopping = new Stopping({ patience: 3 });
  expect([5, 4, 4.5, 3, 3, 3.5, 4].map((loss) => stopping.next(loss))).toEqual([
    'best',
    'best',
    'continue',
    'best',
    'continue',
    'continue',
    'stop',
  ]);
  expect(stopping).toMatchObject({ bestIteration: 4, bestLoss: 3 });
});

test('a fall within the tolerance is best but does not renew patience, and NaN is never best', () => {
  const stopping = new Stopping({ patience: 2, tolerance: 0.1 });
  expect([1, 0.95, Number.NaN].map((loss) => stopping.next(loss))).toEqual(['best', 'best', 'stop']);
  expect(stopping).toMatchObject({ bestIteration: 2, bestLoss: 0.95 });
  expect(new Stopping({ patience: 2, start: 0.5 }).next(0.7)).toBe('continue');
  expect(new Stopping({ patience: 1 }).next(Number.NaN)).toBe('stop');
});

const curve = (losses: number[], validation?: number[]) =>
  losses.map((loss, i) => ({ iteration: i + 1, loss, ...(validation && { validationLoss: validation[i]! }) }));

test('says in words what a learning curve shows', () => {
  const verdict = (losses: number[], rest: Partial<Parameters<typeof verdictOf>[0]> = {}, validation?: number[]) =>
    verdictOf({ history: curve(losses, validation), bestIteration: losses.length, ...rest });
  expect(verdict([0.9, 0.5, 0.4], { converged: true })).toBe('converged after 3 iterations');
  expect(verdict([0.9, 0.5])).toBe('used all 2 iterations; more may still help');
  expect(verdict([0.9, Number.NaN])).toMatch(/^diverged: .*learning rate/);
  expect(verdict([0.5, 3])).toMatch(/^diverged: the loss rose from 0.5 to 3/);
  expect(verdict([0.69, 0.69], { converged: true, baselineLoss: 0.695 })).toMatch(/under-fits/);
  const early = { stoppedEarly: true, bestIteration: 2, unit: 'tree' };
  expect(verdict([0.9, 0.5, 0.3, 0.2], early, [0.9, 0.55, 0.6, 0.7])).toBe(
    'stopped early: tree 2 of 4 was the best and was kept; over-fits after tree 2: validation loss rose from 0.55 to 0.7',
  );
  expect(verdict([0.9, 0.1], { converged: true }, [0.9, 0.5])).toMatch(/over-fits: validation loss 0.5 against 0.1/);
  expect(verdict([0.9, 0.5], { converged: true }, [0.9, 0.52])).toMatch(/generalises/);
  expect(verdictOf({ history: [], bestIteration: 1 })).toBe('solved directly');
});

test('a certificate says how near the optimum a fit ended, and warns by name where that is not near enough', () => {
  const history = [{ iteration: 1, loss: 0.5 }];
  const reached = convergenceOf('gradient norm', 2e-9, 1e-6);
  expect(verdictOf({ history, bestIteration: 1, convergence: reached })).toBe(
    'converged after 1 iteration (gradient norm 2e-9, at most 0.000001)',
  );
  expect(certified(reached)).toEqual({ convergence: { ...reached, reached: true } });
  const missed = convergenceOf('duality gap', 0.25, 1e-3);
  const verdict = verdictOf({ history, bestIteration: 1, convergence: missed });
  expect(verdict).toMatch(/^not converged after 1 iteration: duality gap 0.25/);
  const { warnings } = certified(missed, [{ name: 'collinear', message: 'a is b' }]);
  expect(warnings!.map(({ name }) => name)).toEqual(['not-converged', 'collinear']);
  const training = { rows: 1, iterations: 1, bestIteration: 1, lossName: '', history, verdict, warnings };
  expect(outcomeOf(training)).toMatch(/\nwarning, not-converged: .*\nwarning, collinear: a is b$/);
  expect(convergenceOf('gradient norm', Number.NaN, 1).reached).toBe(false);
});
