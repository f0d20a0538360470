import { invalid, unknownName } from './errors.js';

/**
 * A parameter, declared once, as data. From it come the check, the TypeScript type, the YAML schema, the command line's
 * help, the tuning space and the docs.
 */
export type Parameter =
  | NumberParameter
  | ChoiceParameter
  | BooleanParameter
  | FeatureNumbersParameter
  | FeatureGroupsParameter
  | NumbersParameter
  | TextsParameter
  | ClassWeightsParameter;

export interface NumberParameter {
  readonly type: 'number' | 'integer';
  readonly default: number | null;
  readonly meaning: string;
  readonly min?: number;
  readonly max?: number;
  /** true: `min` itself is not allowed. */
  readonly above?: boolean;
  /** true: null is a value too (say what it means in `meaning`). */
  readonly nullable?: boolean;
  /** The range that tuning searches, where tuning it pays. */
  readonly tune?: { readonly low: number; readonly high: number; readonly log?: boolean };
}

export interface ChoiceParameter {
  readonly type: 'choice';
  readonly default: string;
  readonly choices: readonly string[];
  /** A number may stand in place of a choice, above 0 and at most this. */
  readonly orNumber?: number;
  /** Any other text may stand in place of a choice: what it means stands in `meaning`. */
  readonly orText?: true;
  readonly meaning: string;
  readonly tune?: { readonly choices: readonly string[] };
}

export interface BooleanParameter {
  readonly type: 'boolean';
  readonly default: boolean;
  readonly meaning: string;
  readonly tune?: boolean;
}

/** A number for some features: `{ price: -1 }` by name, or an array with one for each, in the table's order. */
export interface FeatureNumbersParameter {
  readonly type: 'feature-numbers';
  readonly default: null;
  /** What the number of a feature may be. */
  readonly values: readonly number[];
  readonly meaning: string;
  readonly tune?: undefined;
}

/** Groups of features by name, which may overlap: `[['price', 'age'], ['city']]`, or one of the choices. */
export interface FeatureGroupsParameter {
  readonly type: 'feature-groups';
  readonly default: null;
  readonly choices: readonly string[];
  readonly meaning: string;
  readonly tune?: undefined;
}

/** A list of texts, such as words to leave out. */
export interface TextsParameter {
  readonly type: 'texts';
  readonly default: readonly string[];
  readonly meaning: string;
  readonly tune?: undefined;
}

/** A list of numbers, such as the sizes of layers or the penalties to be tried. */
export interface NumbersParameter {
  readonly type: 'numbers' | 'integers';
  readonly default: readonly number[] | null;
  readonly meaning: string;
  readonly min?: number;
  readonly max?: number;
  /** true: `min` itself is not allowed. */
  readonly above?: boolean;
  /** true: null is a value too (say what it means in `meaning`). */
  readonly nullable?: boolean;
  /** true: the list may be empty. */
  readonly empty?: boolean;
  readonly tune?: undefined;
}

/** A factor for the rows of some classes: `{ yes: 3 }` by label, or one of the choices. */
export interface ClassWeightsParameter {
  readonly type: 'class-weights';
  readonly default: null;
  readonly choices: readonly string[];
  readonly meaning: string;
  readonly tune?: undefined;
}

export type ParameterDeclarations = Readonly<Record<string, Parameter>>;
export type ParameterValue =
  | number
  | string
  | boolean
  | null
  | readonly ParameterValue[]
  | { readonly [name: string]: ParameterValue };

type ValueOf<P extends Parameter> = P extends { type: 'choice'; choices: readonly (infer C)[] }
  ? P extends { orNumber: number }
    ? C | number
    : P extends { orText: true }
      ? string
      : C
  : P extends { type: 'feature-numbers' }
    ? readonly number[] | Readonly<Record<string, number>> | null
    : P extends { type: 'feature-groups'; choices: readonly (infer C)[] }
      ? readonly (readonly string[])[] | C | null
      : P extends { type: 'class-weights'; choices: readonly (infer C)[] }
        ? Readonly<Record<string, number>> | C | null
        : P extends { type: 'numbers' | 'integers' }
          ? readonly number[] | (P extends { nullable: true } ? null : never)
          : ScalarOf<P>;

type ScalarOf<P extends Parameter> = P extends { type: 'texts' }
  ? readonly string[]
  : P extends { type: 'boolean' }
    ? boolean
    : P extends { nullable: true }
      ? number | null
      : number;

/** The checked parameters of a declaration. */
export type Parameters<D extends ParameterDeclarations> = { readonly [K in keyof D]: ValueOf<D[K]> };

/** Keeps the literal types of a declaration. */
export function defineParameters<const D extends ParameterDeclarations>(declarations: D): D {
  return declarations;
}

/**
 * Fills in defaults and checks every value.
 * @throws LanewiseError `usage`, naming the parameter, what it may be, and what it was.
 */
export function checkParameters<const D extends ParameterDeclarations>(
  owner: string,
  declarations: D,
  given: Partial<Record<string, unknown>> = {},
): Parameters<D> {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(declarations, name)) throw unknownName(`parameter of ${owner}`, name, Object.keys(declarations));
  }
  const checked: Record<string, ParameterValue> = {};
  for (const [name, declaration] of Object.entries(declarations)) {
    const value = given[name];
    checked[name] = value === undefined ? declaration.default : checkValue(`${owner}.${name}`, declaration, value);
  }
  return checked as Parameters<D>;
}

/** What a parameter may be, in words: `an integer in [1, 255]`. */
export function describeRange(declaration: Parameter): string {
  if (declaration.type === 'choice') {
    const { choices, orNumber, orText } = declaration;
    const number = orNumber === undefined ? '' : `, or a number in (0, ${orNumber}]`;
    return `one of ${choices.join(', ')}${number}${orText ? ', or another text' : ''}`;
  }
  if (declaration.type === 'boolean') return 'true or false';
  if (declaration.type === 'texts') return 'a list of texts';
  if (declaration.type === 'feature-numbers') {
    return `a map of features, or a list in their order, with ${declaration.values.join(', ')}, or null`;
  }
  if (declaration.type === 'feature-groups') {
    return `lists of feature names, or ${declaration.choices.join(', ')}, or null`;
  }
  if (declaration.type === 'class-weights') {
    return `a map of classes with numbers >= 0, or ${declaration.choices.join(', ')}, or null`;
  }
  const { type, min, max, above, nullable } = declaration;
  const noun = { integer: 'an integer', number: 'a number', integers: 'integers', numbers: 'numbers' }[type];
  const orNull = nullable ? ' or null' : '';
  if (min === undefined && max === undefined) return `${noun}${orNull}`;
  if (max === undefined) return `${noun} ${above ? '>' : '>='} ${min}${orNull}`;
  return `${noun} in ${above || min === undefined ? '(' : '['}${min ?? '-∞'}, ${max}]${orNull}`;
}

function checkValue(name: string, declaration: Parameter, value: unknown): ParameterValue {
  const wrong = () => invalid(name, describeRange(declaration), value);
  if (declaration.type === 'choice') {
    // YAML and JSON read true and false as booleans where a choice has these names.
    const choice = typeof value === 'boolean' ? String(value) : value;
    const { orNumber } = declaration;
    if (orNumber !== undefined && typeof choice === 'number' && choice > 0 && choice <= orNumber) return choice;
    if (typeof choice !== 'string' || !(declaration.orText || declaration.choices.includes(choice))) throw wrong();
    return choice;
  }
  if (declaration.type === 'boolean') {
    if (typeof value !== 'boolean') throw wrong();
    return value;
  }
  if (declaration.type === 'texts') {
    if (!Array.isArray(value) || !value.every((text) => typeof text === 'string')) throw wrong();
    return value;
  }
  if (declaration.type === 'feature-numbers') {
    if (value === null) return null;
    if (!isFeatureNumbers(value, declaration.values)) throw wrong();
    return value;
  }
  if (declaration.type === 'feature-groups') {
    if (value === null) return null;
    if (!(typeof value === 'string' ? declaration.choices.includes(value) : isNameGroups(value))) throw wrong();
    return value as ParameterValue;
  }
  if (declaration.type === 'class-weights') {
    if (value === null) return null;
    if (!(typeof value === 'string' ? declaration.choices.includes(value) : isFactors(value))) throw wrong();
    return value as ParameterValue;
  }
  if (value === null && declaration.nullable) return null;
  if (declaration.type === 'numbers' || declaration.type === 'integers') {
    if (!Array.isArray(value) || (value.length === 0 && !declaration.empty)) throw wrong();
    if (!value.every((number) => isWithin(number, declaration, declaration.type === 'integers'))) throw wrong();
    return value;
  }
  if (!isWithin(value, declaration, declaration.type === 'integer')) throw wrong();
  return value;
}

function isWithin(
  value: unknown,
  { min = -Infinity, max = Infinity, above }: { min?: number; max?: number; above?: boolean },
  whole: boolean,
): value is number {
  if (typeof value !== 'number' || !Number.isFinite(value) || (whole && !Number.isInteger(value))) return false;
  return value >= min && value <= max && !(above && value === min);
}

function isFeatureNumbers(
  value: unknown,
  allowed: readonly number[],
): value is readonly number[] | Readonly<Record<string, number>> {
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).every((number) => allowed.includes(number as number));
}

function isNameGroups(value: unknown): value is readonly (readonly string[])[] {
  const isNames = (group: unknown) =>
    Array.isArray(group) && group.length > 0 && group.every((name) => typeof name === 'string');
  return Array.isArray(value) && value.length > 0 && value.every(isNames);
}

function isFactors(value: unknown): value is Readonly<Record<string, number>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((factor) => typeof factor === 'number' && factor >= 0 && Number.isFinite(factor));
}
