// Operations that go row by row from one or two registers: src/scoring/interpreter.ts.
import { cos, exp, expm1, log, log1p, sigmoid, sin, tanh } from '../inline/elementary';
import { calendarPart } from './calendar';
import { columnOf, count, length, list, number, value, write } from './program';

const CONSTANT: i32 = 1;
const IMPUTE: i32 = 2;
const INDICATOR: i32 = 3;
const AFFINE: i32 = 4;
const CLIP: i32 = 5;
const REPLACE: i32 = 6;
const LOOKUP: i32 = 8;
const BIN: i32 = 9;
const CALENDAR: i32 = 10;
const WAVE: i32 = 11;
const UNARY: i32 = 12;
const TWO_PI: f64 = 6.283185307179586;

export function scoreElementwise(opcode: i32, at: usize, rows: i32): void {
  if (opcode == CONSTANT) {
    const out = columnOf(at, 0);
    for (let row = 0; row < rows; row++) write(out, row, number(at, 1));
    return;
  }
  const from = columnOf(at, 0);
  const out = columnOf(at, 1);
  for (let row = 0; row < rows; row++) write(out, row, element(opcode, at, value(from, row)));
}

function element(opcode: i32, at: usize, x: f64): f64 {
  switch (opcode) {
    case IMPUTE: return x == x ? x : number(at, 2);
    case INDICATOR: return x == x ? 0 : 1;
    case AFFINE: return (x - number(at, 2)) / number(at, 3);
    case CLIP: return x < number(at, 2) ? number(at, 2) : min<f64>(x, number(at, 3));
    case REPLACE: return isOneOf(x, list(at, 2), length(at, 2)) ? number(at, 3) : x;
    case LOOKUP: {
      if (x != x) return number(at, 3);
      const isIndex = x >= 0 && x < <f64>length(at, 2) && trunc(x) == x;
      return isIndex ? value(list(at, 2), <i32>x) : number(at, 4);
    }
    case BIN: return x == x ? <f64>countBelow(list(at, 2), length(at, 2), x) : x;
    case CALENDAR: return calendarPart(x, count(at, 2));
    case WAVE: {
      const angle = (TWO_PI * x) / number(at, 3);
      return count(at, 2) == 0 ? sin(angle) : cos(angle);
    }
    case UNARY: return unary(count(at, 2), x);
    default: return x == x ? (x >= number(at, 2) ? 1 : 0) : x; // threshold
  }
}

function unary(name: i32, x: f64): f64 {
  switch (name) {
    case 0: return log(x);
    case 1: return log1p(x);
    case 2: return exp(x);
    case 3: return expm1(x);
    case 4: return sqrt<f64>(x);
    case 5: return abs<f64>(x);
    case 6: return sigmoid(x);
    case 7: return tanh(x);
    default: return -x;
  }
}

export function scoreBinary(at: usize, rows: i32): void {
  const left = columnOf(at, 0);
  const right = columnOf(at, 1);
  const out = columnOf(at, 2);
  const operator = count(at, 3);
  for (let row = 0; row < rows; row++) write(out, row, binary(operator, value(left, row), value(right, row)));
}

function binary(operator: i32, a: f64, b: f64): f64 {
  switch (operator) {
    case 0: return a + b;
    case 1: return a - b;
    case 2: return a * b;
    case 3: return a / b;
    case 4: return min<f64>(a, b);
    default: return max<f64>(a, b);
  }
}

// Fields: in, out (the first of neighbouring registers), values, missing.
export function scoreOneHot(at: usize, rows: i32): void {
  const from = columnOf(at, 0);
  const values = list(at, 2);
  const valueCount = length(at, 2);
  let out = columnOf(at, 1);
  const stride = 512; // BLOCK_ROWS · 8
  for (let k = 0; k < valueCount; k++) {
    const wanted = value(values, k);
    for (let row = 0; row < rows; row++) write(out, row, value(from, row) == wanted ? 1 : 0);
    out += stride;
  }
  if (count(at, 3) == 0) return;
  for (let row = 0; row < rows; row++) {
    const x = value(from, row);
    write(out, row, x == x ? 0 : 1);
  }
}

// Array.prototype.includes: NaN is found, −0 equals 0.
function isOneOf(x: f64, values: usize, valueCount: i32): bool {
  for (let i = 0; i < valueCount; i++) {
    const candidate = value(values, i);
    if (x == candidate || (x != x && candidate != candidate)) return true;
  }
  return false;
}

function countBelow(edges: usize, edgeCount: i32, x: f64): i32 {
  let low = 0, high = edgeCount;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (value(edges, middle) < x) low = middle + 1;
    else high = middle;
  }
  return low;
}
