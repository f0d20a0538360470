import { LanewiseError, unknownName } from '../errors.js';
import { exp, log } from '../kernels/elementary.js';
import type { NumberParameter, Parameter, ParameterDeclarations, ParameterValue } from '../parameters.js';

/** What is searched: one dimension a parameter. A study's header holds it, so it is plain data. */
export type Dimension =
  | {
      readonly name: string;
      readonly kind: 'number' | 'integer';
      readonly low: number;
      readonly high: number;
      readonly log: boolean;
    }
  | { readonly name: string; readonly kind: 'choice'; readonly choices: readonly ParameterValue[] };

export type Space = readonly Dimension[];

/** Parameters by name, as `Estimator.with` takes them. */
export type ParameterSet = Readonly<Record<string, ParameterValue>>;

/** The dimensions of the parameters that declare what tuning them searches, in the order of declaration. */
export function spaceOf(declarations: ParameterDeclarations): Space {
  return Object.entries(declarations).flatMap(([name, declaration]) => dimensionOf(name, declaration) ?? []);
}

function dimensionOf(name: string, declaration: Parameter): Dimension | undefined {
  if (declaration.tune === undefined || declaration.tune === false) return undefined;
  if (declaration.type === 'boolean') return { name, kind: 'choice', choices: [false, true] };
  if (declaration.type === 'choice') return { name, kind: 'choice', choices: declaration.tune.choices };
  const { low, high, log: isLog = false } = declaration.tune;
  return { name, kind: declaration.type, low, high, log: isLog };
}

/** A range or list of one's own for some of the dimensions: `{ learningRate: { low: 0.01, high: 0.3, log: true } }`. */
export type SpaceOverrides = Readonly<
  Record<string, { low: number; high: number; log?: boolean } | { choices: readonly ParameterValue[] }>
>;

/**
 * The declared space with overrides; a parameter may be named that declares no range of its own.
 * @throws LanewiseError `usage` where a name is not a parameter, or a range leaves what the parameter may be.
 */
export function overrideSpace(declarations: ParameterDeclarations, overrides: SpaceOverrides = {}): Space {
  const declared = new Map(spaceOf(declarations).map((dimension) => [dimension.name, dimension]));
  for (const [name, override] of Object.entries(overrides)) {
    const declaration = declarations[name];
    if (!declaration) throw unknownName('parameter to tune', name, Object.keys(declarations));
    declared.set(name, overridden(name, declaration, override));
  }
  return [...declared.values()];
}

function overridden(name: string, declaration: Parameter, override: SpaceOverrides[string]): Dimension {
  if ('choices' in override) {
    if (override.choices.length > 0) return { name, kind: 'choice', choices: override.choices };
    throw new LanewiseError('usage', `Expected at least one choice for tuning ${name} but received none`);
  }
  if (declaration.type !== 'number' && declaration.type !== 'integer') {
    throw new LanewiseError('usage', `Expected choices for tuning ${name} but received a range of numbers`);
  }
  const { low, high, log: isLog = false } = override;
  checkRange(name, declaration, low, high, isLog);
  return { name, kind: declaration.type, low, high, log: isLog };
}

function checkRange(name: string, declaration: NumberParameter, low: number, high: number, isLog: boolean): void {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = declaration;
  if (low <= high && low >= min && high <= max && (!isLog || low > 0)) return;
  throw new LanewiseError(
    'usage',
    `Expected low <= high within [${min}, ${max}]${isLog ? ', low above 0 for a log range,' : ''} for tuning ${name} but received ${low} … ${high}`,
  );
}

/** The value of a dimension at `u` in [0, 1). Whole numbers have equal shares (of the log range, where log). */
export function valueAt(dimension: Dimension, u: number): ParameterValue {
  if (dimension.kind === 'choice') {
    return dimension.choices[Math.min(dimension.choices.length - 1, Math.floor(u * dimension.choices.length))]!;
  }
  const { low, high, log: isLog, kind } = dimension;
  // A whole number stands for the unit interval around it, so that both ends get their full share.
  const [from, to] = kind === 'integer' ? [low - 0.5, high + 0.5] : [low, high];
  const raw = isLog ? exp(log(from) + u * (log(to) - log(from))) : from + u * (to - from);
  return Math.min(high, Math.max(low, kind === 'integer' ? Math.round(raw) : raw));
}
