import { LanewiseError, unknownName } from '../errors.js';

/**
 * The language of derived columns: numbers, column names (`distance`, or any name between backquotes), + − * /,
 * comparisons (1, 0, or missing where a side is), parentheses and functions. It is parsed and lowered to scoring operations; nothing is evaluated
 * by the host language.
 */
export type Expression =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'column'; readonly name: string }
  | { readonly kind: 'binary'; readonly operator: BinaryToken; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'call'; readonly name: FunctionName; readonly arguments: readonly Expression[] };

export type BinaryToken = '+' | '-' | '*' | '/' | '<' | '<=' | '>' | '>=';

/** Functions and how many arguments they take. */
export const functions = {
  log: 1,
  log1p: 1,
  exp: 1,
  expm1: 1,
  sqrt: 1,
  abs: 1,
  sigmoid: 1,
  tanh: 1,
  min: 2,
  max: 2,
  fill: 2, // fill(x, value): a constant where x is missing
  missing: 1, // 1 where x is missing
  if: 3, // if(condition, a, b): missing where any of the three is
  year: 1,
  quarter: 1,
  month: 1,
  week: 1,
  day: 1,
  dayOfYear: 1,
  weekday: 1,
  weekend: 1,
  hour: 1,
  minute: 1,
  season: 1,
} as const;
export type FunctionName = keyof typeof functions;

const TOKEN =
  /\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|([\p{L}_][\p{L}\p{N}_.]*)|`([^`]+)`|(<=|>=|[-+*/()<>,]))/uy;
/** Deeper than this no person writes, and no stack is at risk. */
const MAX_DEPTH = 100;

interface Token {
  readonly type: 'number' | 'name' | 'quoted' | 'symbol' | 'end';
  readonly text: string;
  readonly at: number;
}

/** @throws LanewiseError `usage` saying what was expected where. */
export function parseExpression(text: string): Expression {
  const parser = new Parser(text, tokenize(text));
  return parser.parse();
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  let end = 0;
  while (text.slice(end).trim() !== '') {
    TOKEN.lastIndex = end;
    const match = TOKEN.exec(text);
    if (!match) throw fault(text, end, `an operator, a number or a name`, text.slice(end).trim().slice(0, 10));
    end = TOKEN.lastIndex;
    const [all, number, name, quoted, symbol] = match;
    const at = end - all.trimStart().length;
    if (number !== undefined) tokens.push({ type: 'number', text: number, at });
    else if (name !== undefined) tokens.push({ type: 'name', text: name, at });
    else if (quoted !== undefined) tokens.push({ type: 'quoted', text: quoted, at });
    else tokens.push({ type: 'symbol', text: symbol!, at });
  }
  tokens.push({ type: 'end', text: 'the end', at: text.length });
  return tokens;
}

function fault(text: string, at: number, expected: string, received: string): LanewiseError {
  return new LanewiseError('usage', `Expected ${expected} in the expression "${text}" but received ${received}`, {
    hint: `At character ${at + 1}`,
    column: at + 1,
  });
}

/** Comparison < sum < product < sign < primary, by recursive descent. */
class Parser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #place = 0;
  #depth = 0;

  constructor(text: string, tokens: readonly Token[]) {
    this.#text = text;
    this.#tokens = tokens;
  }

  parse(): Expression {
    const expression = this.#comparison();
    if (this.#next.type !== 'end') throw this.#unexpected('an operator or the end');
    return expression;
  }

  get #next(): Token {
    return this.#tokens[this.#place]!;
  }

  #comparison(): Expression {
    if (++this.#depth > MAX_DEPTH) throw this.#unexpected(`at most ${MAX_DEPTH} levels of parentheses`);
    let left = this.#sum();
    for (let operator = this.#take('<', '<=', '>', '>='); operator; operator = this.#take('<', '<=', '>', '>=')) {
      left = { kind: 'binary', operator, left, right: this.#sum() };
    }
    this.#depth--;
    return left;
  }

  #sum(): Expression {
    let left = this.#product();
    for (let operator = this.#take('+', '-'); operator; operator = this.#take('+', '-')) {
      left = { kind: 'binary', operator, left, right: this.#product() };
    }
    return left;
  }

  #product(): Expression {
    let left = this.#signed();
    for (let operator = this.#take('*', '/'); operator; operator = this.#take('*', '/')) {
      left = { kind: 'binary', operator, left, right: this.#signed() };
    }
    return left;
  }

  #signed(): Expression {
    let negative = false;
    while (this.#take('-')) negative = !negative;
    const value = this.#primary();
    if (!negative) return value;
    if (value.kind === 'number') return { kind: 'number', value: -value.value };
    return { kind: 'binary', operator: '-', left: { kind: 'number', value: 0 }, right: value };
  }

  #primary(): Expression {
    const token = this.#next;
    this.#place++;
    if (token.type === 'number') return { kind: 'number', value: Number(token.text) };
    if (token.type === 'quoted') return { kind: 'column', name: token.text };
    if (token.type === 'name') {
      return this.#next.text === '(' && this.#next.type === 'symbol'
        ? this.#call(token.text)
        : { kind: 'column', name: token.text };
    }
    if (token.type === 'symbol' && token.text === '(') {
      const inner = this.#comparison();
      this.#expect(')');
      return inner;
    }
    this.#place--;
    throw this.#unexpected('a number, a column, a function or (');
  }

  #call(name: string): Expression {
    if (!Object.hasOwn(functions, name)) throw unknownName('function', name, Object.keys(functions));
    const wanted = functions[name as FunctionName];
    this.#expect('(');
    const values = [this.#comparison()];
    while (this.#take(',')) values.push(this.#comparison());
    this.#expect(')');
    if (values.length !== wanted) {
      throw fault(this.#text, this.#next.at, `${wanted} arguments for ${name}`, String(values.length));
    }
    return { kind: 'call', name: name as FunctionName, arguments: values };
  }

  #take<const S extends string>(...symbols: readonly S[]): S | undefined {
    const { type, text } = this.#next;
    if (type !== 'symbol' || !symbols.includes(text as S)) return undefined;
    this.#place++;
    return text as S;
  }

  #expect(symbol: string): void {
    if (!this.#take(symbol)) throw this.#unexpected(`"${symbol}"`);
  }

  #unexpected(expected: string): LanewiseError {
    const { type, text, at } = this.#next;
    return fault(this.#text, at, expected, type === 'end' ? text : `"${text}"`);
  }
}
