import { LanewiseError } from '../../errors.js';
import type { HostLoss, RowViews } from './loss.js';

/**
 * A loss of one's own: what boosting minimises, as functions of a block of rows, which says of each row what it would say of
 * that row alone: blocks are of any length and of any rows. Arrays are one number a row, and copies: they may be kept or
 * written to. Nothing is weighted here; weights are applied to what comes back.
 */
export interface CustomLoss {
  readonly name: string;
  /** First and second derivatives of each row's loss by its raw prediction; second ones must be ≥ 0. */
  derivatives(
    raw: Float64Array,
    target: Float64Array,
  ): { readonly gradient: ArrayLike<number>; readonly hessian: ArrayLike<number> };
  /** Each row's loss, for the loss curve and early stopping. */
  loss(raw: Float64Array, target: Float64Array): ArrayLike<number>;
  /** The raw prediction to start from, of all rows that are learnt from at once; default 0. `fitStream` takes none. */
  base?(target: Float64Array, weights: Float64Array | undefined): number;
  /**
   * What turns raw predictions into predictions when the model is saved: its inverse link by name, `identity` (default),
   * `log` (e^raw) or `logit` (1 / (1 + e^−raw)). A classifier always has `logit`.
   */
  readonly link?: 'identity' | 'log' | 'logit';
}

/**
 * The loss as boosting takes it. Every number that comes back is looked at.
 * @throws LanewiseError `usage` where the functions are not there; while fitting, `usage` naming the loss, what it gave, and
 * the first row where it is not a number, or a hessian below 0.
 */
export function customLoss(custom: CustomLoss, link: HostLoss['link'] = custom.link ?? 'identity'): HostLoss {
  requireFunctions(custom);
  const { name } = custom;
  return {
    kind: 'host',
    baseOfTargets: custom.base !== undefined,
    name,
    outputs: 1,
    link,
    base({ targets, weights, rows }) {
      if (!custom.base) return new Float64Array(1);
      const pick = (values: Float64Array) => Float64Array.from(rows, (row) => values[row]!);
      const base = custom.base(pick(targets), weights && pick(weights));
      if (!Number.isFinite(base)) throw wrong(name, 'a finite number as base', String(base));
      return Float64Array.of(base);
    },
    derivatives({ raw, targets, weights, firstRow }, gradients, hessians, { gradientScale, hessianScale }) {
      const { gradient, hessian } = custom.derivatives(raw.slice(), targets.slice());
      check(name, 'gradient', gradient, raw.length, firstRow, Number.NEGATIVE_INFINITY);
      check(name, 'hessian', hessian, raw.length, firstRow, 0);
      for (let row = 0; row < raw.length; row++) {
        const weight = weights ? weights[row]! : 1;
        gradients[row] = weight * gradientScale * gradient[row]!;
        hessians[row] = weight * hessianScale * hessian[row]!;
      }
    },
    value({ raw, targets, weights, firstRow }: RowViews) {
      const losses = custom.loss(raw.slice(), targets.slice());
      check(name, 'loss', losses, raw.length, firstRow, Number.NEGATIVE_INFINITY);
      let sum = 0;
      for (let row = 0; row < raw.length; row++) sum += (weights ? weights[row]! : 1) * losses[row]!;
      return sum;
    },
  };
}

function requireFunctions(custom: CustomLoss): void {
  if (typeof custom.name !== 'string' || custom.name === '') {
    throw new LanewiseError('usage', 'Expected a custom loss to have a name but it has none');
  }
  for (const part of ['derivatives', 'loss'] as const) {
    if (typeof custom[part] === 'function') continue;
    throw wrong(custom.name, `a function ${part}(raw, target)`, typeof custom[part]);
  }
}

function check(
  loss: string,
  part: string,
  values: ArrayLike<number> | undefined,
  rows: number,
  firstRow: number,
  least: number,
): void {
  if (values?.length !== rows)
    throw wrong(loss, `${rows} numbers of ${part}, one a row`, `${values?.length ?? 'none'}`);
  for (let row = 0; row < rows; row++) {
    const value = values[row]!;
    if (value >= least && value < Number.POSITIVE_INFINITY && value > Number.NEGATIVE_INFINITY) continue;
    const wanted = least === 0 ? 'numbers >= 0' : 'finite numbers';
    throw wrong(loss, `${wanted} of ${part}`, `${value}, row ${firstRow + row + 1} of those looked at`);
  }
}

function wrong(loss: string, expected: string, received: string): LanewiseError {
  return new LanewiseError('usage', `Expected ${expected} from the loss "${loss}" but received ${received}`, {
    hint: 'A custom loss gets raw predictions (before the link) and targets, and must give a number for each row.',
  });
}
