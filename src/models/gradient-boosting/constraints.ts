import type { NodeLimits } from '../../engine/trees/tree-workspace.js';
import { LanewiseError, unknownName } from '../../errors.js';
import type { RegisterColumn } from '../../table/columns.js';
import type { ColumnSampling } from './column-sampling.js';
import type { GradientBoostingParameters } from './parameters.js';
import type { Split } from './splitting.js';

/** What holds for the features of every tree. */
export interface FeatureConstraints {
  readonly featureCount: number;
  /** By feature: 1, −1, or 0 for free; absent: all are free. */
  readonly monotone?: Int8Array;
  /** Features that may meet on a path, by index; absent: all may. */
  readonly groups?: readonly (readonly number[])[];
}

/** What a node hands down to its children. */
export interface NodeRules {
  /** Bounds of the values of its leaves. */
  readonly lower: number;
  readonly upper: number;
  /** Groups that hold every feature split by above; absent: no groups. */
  readonly groups?: readonly number[];
  /** The way from the root, as 32 bits: what the node's random numbers are keyed by. */
  readonly path: number;
}

export const ROOT_RULES: NodeRules = { lower: Number.NEGATIVE_INFINITY, upper: Number.POSITIVE_INFINITY, path: 1 };

/** The rules of the nodes of one tree: monotone bounds, interaction groups, sampled columns. */
export class TreeRules {
  readonly #constraints: FeatureConstraints;
  readonly #columns: ColumnSampling | undefined;

  constructor(constraints: FeatureConstraints, columns?: ColumnSampling) {
    this.#constraints = constraints;
    this.#columns = columns;
  }

  root(): NodeRules {
    const { groups } = this.#constraints;
    return groups ? { ...ROOT_RULES, groups: groups.map((_, index) => index) } : ROOT_RULES;
  }

  /** true: a split by this feature bounds the values below it. */
  bounds(feature: number): boolean {
    return (this.#constraints.monotone?.[feature] ?? 0) !== 0;
  }

  /** What the split's children may do: values that a monotone feature parts stay on their side of the middle. */
  children(rules: NodeRules, split: Split): [NodeRules, NodeRules] {
    const { monotone, groups } = this.#constraints;
    const direction = monotone?.[split.feature] ?? 0;
    const middle = (split.leftValue + split.rightValue) / 2;
    const kept = rules.groups?.filter((group) => groups![group]!.includes(split.feature));
    const child = (side: number): NodeRules => ({
      lower: direction === side ? middle : rules.lower,
      upper: direction === -side ? middle : rules.upper,
      ...(kept && { groups: kept }),
      path: childPath(rules.path, side),
    });
    return [child(-1), child(1)];
  }

  /** What holds in every node alike: which features they may be split by; undefined: nodes differ. */
  get everywhere(): { readonly allowed?: Uint8Array } | undefined {
    const { monotone, groups } = this.#constraints;
    if (monotone?.some(Boolean) || groups) return undefined;
    if (!this.#columns) return {};
    return this.#columns.everywhere ? { allowed: this.#columns.allowed(0, ROOT_RULES.path) } : undefined;
  }

  /** What the scan of a node's histogram is held to. */
  limits({ lower, upper, groups, path }: NodeRules, depth: number): NodeLimits {
    const mask = groups && this.#maskOf(groups);
    const allowed = this.#columns ? this.#columns.allowed(depth, path, mask) : mask;
    return { lower, upper, ...(allowed && { allowed }) };
  }

  #maskOf(groups: readonly number[]): Uint8Array {
    const mask = new Uint8Array(this.#constraints.featureCount);
    for (const group of groups) for (const feature of this.#constraints.groups![group]!) mask[feature] = 1;
    return mask;
  }
}

/** Different ways have different numbers but for a chance of 2^−32, which does no harm. */
function childPath(path: number, side: number): number {
  const x = Math.imul((path ^ (side > 0 ? 0x5bd1e995 : 0)) >>> 0, 0x9e3779b1) + 1;
  return (x ^ (x >>> 15)) >>> 0;
}

/**
 * The constraints that the parameters ask for. `columns` in the table's order, `features` as they are learnt from.
 * @throws LanewiseError naming the feature or the group that cannot be.
 */
export function constraintsOf(
  parameters: Pick<GradientBoostingParameters, 'monotonicCst' | 'interactionCst'>,
  columns: readonly Omit<RegisterColumn, 'values'>[],
  features: readonly Omit<RegisterColumn, 'values'>[],
  outputs: number,
): FeatureConstraints {
  const monotone = monotoneOf(parameters.monotonicCst, columns, features, outputs);
  const groups = groupsOf(parameters.interactionCst, features);
  return { featureCount: features.length, ...(monotone && { monotone }), ...(groups && { groups }) };
}

function monotoneOf(
  given: GradientBoostingParameters['monotonicCst'],
  columns: readonly Omit<RegisterColumn, 'values'>[],
  features: readonly Omit<RegisterColumn, 'values'>[],
  outputs: number,
): Int8Array | undefined {
  if (given === null) return undefined;
  const directions = new Map(Array.isArray(given) ? directionsInOrder(given, columns) : Object.entries(given));
  const names = columns.map(({ name }) => name);
  for (const [name, direction] of directions) {
    const column = columns.find((one) => one.name === name);
    if (!column) throw unknownName('feature in monotonicCst', name, names);
    if (direction === 0 || column.type !== 'category') continue;
    throw new LanewiseError('usage', `Expected a feature with an order in monotonicCst but "${name}" is categorical`, {
      column: name,
      hint: 'Encode it as a number (ordinal) first, or leave it free (0).',
    });
  }
  const monotone = Int8Array.from(features, ({ name }) => directions.get(name) ?? 0);
  if (outputs > 1 && monotone.some(Boolean)) {
    throw new LanewiseError('unsupported', `Expected one output for monotonicCst but there are ${outputs} classes`, {
      hint: 'With more than two classes, a rising score of one class says nothing of its probability.',
    });
  }
  return monotone.some(Boolean) ? monotone : undefined;
}

function directionsInOrder(
  given: readonly number[],
  columns: readonly Omit<RegisterColumn, 'values'>[],
): [string, number][] {
  if (given.length !== columns.length) {
    const message = `Expected a number for each of ${columns.length} features in monotonicCst but received ${given.length}`;
    throw new LanewiseError('usage', message, { hint: 'Name the features: { price: -1 }.' });
  }
  return columns.map(({ name }, index) => [name, given[index]!]);
}

function groupsOf(
  given: GradientBoostingParameters['interactionCst'],
  features: readonly Omit<RegisterColumn, 'values'>[],
): number[][] | undefined {
  if (given === null) return undefined;
  const names = features.map(({ name }) => name);
  const all = names.map((_, index) => index);
  if (given === 'no_interactions') return all.map((index) => [index]);
  if (given === 'pairwise') return all.flatMap((a) => all.slice(a + 1).map((b) => [a, b]));
  const groups = given.map((group) =>
    group.map((name) => {
      const index = names.indexOf(name);
      if (index < 0) throw unknownName('feature in interactionCst', name, names);
      return index;
    }),
  );
  const listed = new Set(groups.flat());
  const rest = all.filter((index) => !listed.has(index));
  return rest.length > 0 ? [...groups, rest] : groups;
}
