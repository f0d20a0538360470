import type { Table } from 'apache-arrow';
import { checkParameters, type ParameterDeclarations, type Parameters, type ParameterValue } from '../parameters.js';
import type { ProgramBuilder } from '../scoring/builder.js';
import type { FittedTransformer, Repair, Transformer, TransformerContext } from './interfaces.js';

/** What a transformer is made of: its parameters, and how it learns. */
export interface TransformerDefinition<D extends ParameterDeclarations> {
  /** As in the workflow file. */
  readonly name: string;
  readonly meaning: string;
  readonly declarations: D;
  readonly readsTexts?: boolean;
  readonly fit: (
    table: Table,
    context: TransformerContext,
    parameters: Parameters<D>,
  ) => FittedParts | Promise<FittedParts>;
}

export interface FittedParts {
  readonly lower: (builder: ProgramBuilder) => void;
  readonly report?: readonly Repair[];
  readonly keptRows?: Uint32Array;
}

/** One line of a step's list: how the workflow file and the command line find a transformer. */
export interface TransformerEntry {
  readonly name: string;
  readonly meaning: string;
  readonly declarations: ParameterDeclarations;
  readonly create: (parameters?: Readonly<Record<string, unknown>>) => Transformer;
}

/** Checks parameters and makes transformers of one kind. */
export function defineTransformer<const D extends ParameterDeclarations>(
  definition: TransformerDefinition<D>,
): TransformerEntry {
  const { name, meaning, declarations, readsTexts } = definition;
  return {
    name,
    meaning,
    declarations,
    create(given = {}) {
      const parameters = checkParameters(name, declarations, given);
      return {
        name,
        ...(readsTexts && { readsTexts }),
        parameters: parameters as Readonly<Record<string, ParameterValue>>,
        async fit(table, context): Promise<FittedTransformer> {
          const { lower, report = [], keptRows } = await definition.fit(table, context, parameters);
          return { name, lower, report, keptRows };
        },
      };
    },
  };
}

/** A transformer that takes columns away, for the same reason each. */
export function dropping(reasons: ReadonlyMap<string, string>, rowCount: number): FittedParts {
  return {
    lower: (builder) => {
      for (const name of reasons.keys()) builder.drop(name);
    },
    report: [...reasons].map(([column, what]) => ({ what, column, rows: rowCount })),
  };
}

/** `base`, or `base_2`, … where that name is taken. */
export function freeName(builder: ProgramBuilder, base: string): string {
  let name = base;
  for (let copy = 2; builder.columns.has(name); copy++) name = `${base}_${copy}`;
  return name;
}
