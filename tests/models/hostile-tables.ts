import type { ParameterDeclarations, ParameterValue } from '#lanewise/parameters.js';
import type { RegisterColumn } from '#lanewise/table/columns.js';
import type { TaskKind } from '#lanewise/table/interfaces.js';
import type { dice } from '../scoring/programs.js';

type Dice = ReturnType<typeof dice>;

const extremes = [
  Number.NaN,
  Infinity,
  -Infinity,
  1e300,
  -1e300,
  1.7e308,
  5e-324,
  -5e-324,
  1e-310,
  0,
  -0,
  1,
  1 + 2e-16,
  3.4e38,
  1e-35,
];

/** A column of numbers as no one would collect them. */
function numbers(random: Dice, rows: number): Float64Array {
  const kinds: (() => (row: number) => number)[] = [
    () => () => random.pick(extremes),
    () => () => Number.NaN,
    () => {
      const constant = random.pick(extremes);
      return () => constant;
    },
    () => (row) => row,
    () => () => random.integer(3),
    () => () => (random.integer(20) === 0 ? random.pick(extremes) : random.uniform()),
    () => () => 10 ** (600 * random.uniform() - 300) * (random.integer(2) ? 1 : -1),
    () => () => (random.integer(4) === 0 ? Number.NaN : 1e15 + random.integer(9)),
  ];
  const value = random.pick(kinds)();
  return Float64Array.from({ length: rows }, (_, row) => value(row));
}

function labels(random: Dice, rows: number, name: string): RegisterColumn {
  const count = random.pick([1, 2, 3, 40, 300, 2000]);
  const texts = Array.from({ length: count }, (_, i) => (i === 0 ? '' : `l${String(i).padStart(5, '0')}`));
  const gap = random.integer(3) === 0;
  const all = random.integer(12) === 0;
  const values = Float64Array.from({ length: rows }, () =>
    all || (gap && random.integer(3) === 0) ? Number.NaN : random.integer(count),
  );
  return { name, type: 'category', labels: texts, values };
}

function weights(random: Dice, rows: number): Float64Array {
  const sizes = random.pick([
    [0, 1],
    [1e-300, 1],
    [1e300, 1],
    [1e-300, 1e300],
    [0],
    [5e-324],
    [1.7e308],
    [1e-300],
    [-1, 1],
  ]);
  return Float64Array.from({ length: rows }, () => random.pick(sizes));
}

function target(random: Dice, rows: number, task: TaskKind): RegisterColumn {
  if (task === 'classification') {
    const count = random.pick([1, 2, 2, 3, 5, 60]);
    const texts = Array.from({ length: count }, (_, i) => `c${String(i).padStart(3, '0')}`);
    const rare = random.integer(3) === 0;
    const values = Float64Array.from({ length: rows }, (_, row) =>
      rare ? (row === 0 ? count - 1 : 0) : random.integer(count),
    );
    return { name: 'y', type: 'category', labels: texts, values };
  }
  if (task === 'ranking') {
    const grades = random.pick([2, 4, 32, 33]);
    const odd = random.integer(8) === 0;
    const values = Float64Array.from({ length: rows }, () => (odd ? random.pick(extremes) : random.integer(grades)));
    return { name: 'y', type: 'number', values };
  }
  const large = random.pick([1e300, 1e200, 1e154, 1e100, 1.7e308]);
  const kinds: (() => number)[] = [
    () => random.uniform(),
    () => random.integer(2),
    () => large * (random.uniform() - 0.5),
    () => (random.integer(10) === 0 ? large : random.uniform()),
    () => 5e-324 * random.integer(4),
    () => random.pick(extremes),
    () => 10 ** (12 * random.uniform() - 6),
  ];
  const value = random.pick(kinds);
  return { name: 'y', type: 'number', values: Float64Array.from({ length: rows }, value) };
}

export interface HostileTable {
  readonly columns: RegisterColumn[];
  readonly weighted: boolean;
}

/** The lists of a ranking: of one row, of all, of any; some rows in none. */
function lists(random: Dice, rows: number): RegisterColumn {
  const count = random.pick([1, 2, 10, rows]);
  const gap = random.integer(5) === 0;
  const value = () => (gap && random.integer(9) === 0 ? Number.NaN : random.integer(count));
  return { name: 'list', type: 'number', values: Float64Array.from({ length: rows }, value) };
}

/** A few rows (often one or two) of hostile columns, with a target y, of rankings a list, and perhaps weights w. */
export function hostileTable(random: Dice, task: TaskKind): HostileTable {
  const rows = random.pick([1, 2, 3, 17, 60, 200, 200, 700]);
  const features = Array.from({ length: 1 + random.integer(random.pick([2, 6, 20])) }, (_, j): RegisterColumn => {
    const kind = random.integer(5);
    if (kind === 0) return labels(random, rows, `x${j}`);
    if (kind === 1) {
      const values = Float64Array.from({ length: rows }, () => random.pick([0, 1, Number.NaN]));
      return { name: `x${j}`, type: 'boolean', values };
    }
    return { name: `x${j}`, type: 'number', values: numbers(random, rows) };
  });
  const weighted = random.integer(3) === 0;
  return {
    columns: [
      ...features,
      target(random, rows, task),
      ...(task === 'ranking' ? [lists(random, rows)] : []),
      ...(weighted ? [{ name: 'w', type: 'number' as const, values: weights(random, rows) }] : []),
    ],
    weighted,
  };
}

/** Work that would take long is kept small; everything else is drawn from what is declared. */
const most: Readonly<Record<string, number>> = {
  maxIter: 4,
  nEstimators: 3,
  maxDepth: 12,
  maxLeafNodes: 40,
  nIterNoChange: 3,
};

export function hostileParameters(random: Dice, declarations: ParameterDeclarations): Record<string, ParameterValue> {
  const parameters: Record<string, ParameterValue> = {};
  for (const [name, declaration] of Object.entries(declarations)) {
    const limit = most[name];
    if (limit === undefined && random.integer(4) > 0) continue;
    if (declaration.type === 'choice') parameters[name] = random.pick(declaration.choices);
    else if (declaration.type === 'boolean') parameters[name] = random.integer(2) === 0;
    else if (declaration.type === 'number' || declaration.type === 'integer') {
      const { min = 0, max = 100 } = declaration;
      const low = declaration.type === 'number' && declaration.above ? min + 1e-9 * Math.max(1, Math.abs(min)) : min;
      const high = Math.min(max, limit ?? max, 1e6);
      const spread = low + (high - low) * random.uniform() ** 4;
      const value = random.pick([low, high, spread, Math.min(high, low + 1)]);
      parameters[name] = declaration.type === 'integer' ? Math.round(value) : value;
    }
  }
  return parameters;
}
