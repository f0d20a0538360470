import { invalid, LanewiseError, unknownName } from '../errors.js';
import type { ProgramBuilder } from '../scoring/builder.js';
import { unaryFunctions } from '../scoring/layout.js';
import type { CalendarPart, InputType, UnaryFunction } from '../scoring/program.js';
import type { Transformer } from '../table/interfaces.js';
import { columnInfo, columnsOf, inputTypeOfKind } from '../table/schema.js';
import { freeName, type TransformerEntry } from '../table/transformer.js';
import { type Expression, type FunctionName, parseExpression } from './expression-parser.js';

/** A column made of others by an expression; see expression-parser.ts for the language. */
export const expression: TransformerEntry = {
  name: 'expression',
  meaning: 'a column made of others: { name: speed, value: distance / hour(pickup) }',
  declarations: {},
  create(given = {}) {
    const { name, value, ...others } = given;
    const [extra] = Object.keys(others);
    if (extra !== undefined) throw unknownName('parameter of expression', extra, ['name', 'value']);
    if (typeof name !== 'string' || name === '') throw invalid('expression.name', 'the name of the new column', name);
    if (typeof value !== 'string') throw invalid('expression.value', 'an expression such as "a / b"', value);
    return expressionColumn(name, value);
  },
};

/** The transformer that adds column `name` = `text`; a column of that name is replaced. */
export function expressionColumn(name: string, text: string): Transformer {
  const parsed = parseExpression(text);
  return {
    name: 'expression',
    parameters: { name, value: text },
    async fit(table) {
      for (const used of columnsIn(parsed)) {
        const type = inputTypeOfKind(columnInfo(table, used).kind);
        if (type === 'category') {
          throw new LanewiseError(
            'data',
            `Expected numbers in column "${used}" for the expression "${text}" but it holds texts`,
            {
              column: used,
            },
          );
        }
      }
      return {
        name: 'expression',
        lower: (builder) => builder.define({ name, register: lowerExpression(builder, parsed), type: 'number' }),
        report: [{ what: 'made', column: name, rows: table.numRows, detail: text }],
      };
    },
  };
}

/** The product of each pair of the chosen columns: distance*hour. */
export const product: TransformerEntry = {
  name: 'product',
  meaning: 'the products of each pair of the chosen columns (numbers)',
  declarations: {},
  create(given = {}) {
    const [extra] = Object.keys(given);
    if (extra !== undefined) throw unknownName('parameter of product', extra, ['columns']);
    return {
      name: 'product',
      parameters: {},
      async fit(table, { columns }) {
        const numeric = columnsOf(table).filter(({ name, kind }) => columns.includes(name) && kind === 'numeric');
        const pairs = numeric.flatMap((left, i) =>
          numeric.slice(i + 1).map((right) => [left.name, right.name] as const),
        );
        return {
          name: 'product',
          lower: (builder) => {
            for (const [left, right] of pairs) multiply(builder, left, right);
          },
          report: pairs.map(([left, right]) => ({ what: 'made', column: `${left}*${right}`, rows: table.numRows })),
        };
      },
    };
  },
};

function multiply(builder: ProgramBuilder, left: string, right: string): void {
  const at = (name: string) => builder.columns.get(name)!.register;
  const register = builder.add({ op: 'binary', operator: 'multiply', left: at(left), right: at(right) });
  builder.define({ name: freeName(builder, `${left}*${right}`), register, type: 'number' });
}

/** The columns that an expression reads. */
export function columnsIn(node: Expression): string[] {
  if (node.kind === 'column') return [node.name];
  if (node.kind === 'binary') return [...new Set([...columnsIn(node.left), ...columnsIn(node.right)])];
  return node.kind === 'call' ? [...new Set(node.arguments.flatMap(columnsIn))] : [];
}

function lowerExpression(builder: ProgramBuilder, node: Expression): number {
  if (node.kind === 'number') return builder.add({ op: 'constant', value: node.value });
  if (node.kind === 'column') return columnRegister(builder, node.name);
  if (node.kind === 'call') return lowerCall(builder, node.name, node.arguments);
  const left = lowerExpression(builder, node.left);
  const right = lowerExpression(builder, node.right);
  switch (node.operator) {
    case '+':
      return builder.add({ op: 'binary', operator: 'add', left, right });
    case '-':
      return builder.add({ op: 'binary', operator: 'subtract', left, right });
    case '*':
      return builder.add({ op: 'binary', operator: 'multiply', left, right });
    case '/':
      return builder.add({ op: 'binary', operator: 'divide', left, right });
    case '>=':
      return atLeast(builder, left, right);
    case '<=':
      return atLeast(builder, right, left);
    case '>':
      return not(builder, atLeast(builder, right, left));
    case '<':
      return not(builder, atLeast(builder, left, right));
  }
}

function columnRegister(builder: ProgramBuilder, name: string): number {
  const column = builder.columns.get(name);
  if (!column) throw unknownName('column', name, [...builder.columns.keys()], 'data');
  return column.register;
}

/** 1 where left ≥ right, 0 elsewhere, missing where a side is. */
function atLeast(builder: ProgramBuilder, left: number, right: number): number {
  const difference = builder.add({ op: 'binary', operator: 'subtract', left, right });
  return builder.add({ op: 'threshold', in: difference, value: 0 });
}

function not(builder: ProgramBuilder, condition: number): number {
  const one = builder.add({ op: 'constant', value: 1 });
  return builder.add({ op: 'binary', operator: 'subtract', left: one, right: condition });
}

const unary: ReadonlySet<string> = new Set(unaryFunctions);

function lowerCall(builder: ProgramBuilder, name: FunctionName, values: readonly Expression[]): number {
  if (name === 'fill') return lowerFill(builder, values);
  const [first, second, third] = values.map((value) => lowerExpression(builder, value));
  if (unary.has(name)) return builder.add({ op: 'unary', in: first!, function: name as UnaryFunction });
  if (name === 'missing') return builder.add({ op: 'indicator', in: first! });
  if (name === 'if') return lowerIf(builder, first!, second!, third!);
  if (name === 'min' || name === 'max') {
    const operator = name === 'min' ? 'minimum' : 'maximum';
    return builder.add({ op: 'binary', operator, left: first!, right: second! });
  }
  requireTimestamp(builder, name, values[0]!);
  return builder.add({ op: 'calendar', in: first!, part: name as CalendarPart });
}

function lowerFill(builder: ProgramBuilder, [value, constant]: readonly Expression[]): number {
  if (constant!.kind !== 'number') throw invalid('fill', 'a number as second argument', constant!.kind);
  return builder.add({ op: 'impute', in: lowerExpression(builder, value!), value: constant!.value });
}

/** condition·a + (1 − condition)·b. */
function lowerIf(builder: ProgramBuilder, condition: number, a: number, b: number): number {
  const binary = (operator: 'add' | 'multiply', left: number, right: number) =>
    builder.add({ op: 'binary', operator, left, right });
  return binary('add', binary('multiply', condition, a), binary('multiply', not(builder, condition), b));
}

function requireTimestamp(builder: ProgramBuilder, name: string, value: Expression): void {
  const type: InputType | undefined = value.kind === 'column' ? builder.columns.get(value.name)?.type : undefined;
  if (type !== 'timestamp') {
    throw new LanewiseError(
      'usage',
      `Expected a timestamp column for ${name}() but received ${value.kind === 'column' ? `column "${value.name}" of type ${type}` : 'an expression'}`,
    );
  }
}
