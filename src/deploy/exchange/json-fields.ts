import { damaged } from './forest.js';

/** A value of a parsed file, of which nothing is known yet. */
export type Json = unknown;

/** The member of that name, undefined where there is none. */
export function at(value: Json, name: string): Json {
  return isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

export function recordAt(value: Json, name: string, where: string): Json {
  const member = at(value, name);
  if (!isRecord(member)) throw damaged(`Expected an object for ${name} of ${where} but received ${show(member)}`);
  return member;
}

export function listAt(value: Json, name: string, where: string): readonly Json[] {
  const member = at(value, name);
  if (!Array.isArray(member)) throw damaged(`Expected a list for ${name} of ${where} but received ${show(member)}`);
  return member;
}

export function textAt(value: Json, name: string, where: string): string {
  const member = at(value, name);
  if (typeof member !== 'string') throw damaged(`Expected a text for ${name} of ${where} but received ${show(member)}`);
  return member;
}

/** A whole number in [least, most], which XGBoost writes as text. */
export function numberAt(value: Json, name: string, where: string, [least, most]: readonly [number, number]): number {
  const member = at(value, name);
  const number = typeof member === 'string' && member.trim() !== '' ? Number(member) : member;
  if (typeof number === 'number' && Number.isInteger(number) && number >= least && number <= most) return number;
  throw damaged(`Expected a whole number in [${least}, ${most}] for ${name} of ${where} but received ${show(member)}`);
}

/** A list of numbers (booleans are 0 and 1, null is NaN), `count` of them where that is given. */
export function numbersAt(value: Json, name: string, where: string, count?: number): Float64Array {
  const member = at(value, name);
  if (!(member instanceof Float64Array) && !Array.isArray(member)) {
    throw damaged(`Expected a list of numbers for ${name} of ${where} but received ${show(member)}`);
  }
  if (count !== undefined && member.length !== count) {
    throw damaged(`Expected ${count} values of ${name} in ${where} but it has ${member.length}`);
  }
  if (member instanceof Float64Array) return member;
  return Float64Array.from(member as unknown[], (entry) => {
    if (typeof entry === 'number') return entry;
    if (typeof entry === 'boolean') return entry ? 1 : 0;
    if (entry === null) return Number.NaN;
    throw damaged(`Expected numbers in ${name} of ${where} but received ${show(entry)}`);
  });
}

function isRecord(value: Json): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

function show(value: Json): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return `"${value.slice(0, 40)}"`;
  return typeof value === 'object' ? (value === null ? 'null' : 'another kind of value') : String(value);
}
