import type { ColumnRanges } from '../scoring/golden.js';
import type { InputType, Program, ProgramInput, ProgramOutput } from '../scoring/program.js';
import { datatypes } from './protocol.js';

type Schema = Record<string, unknown>;

/** JSON Schemas of the bodies that a model takes and gives, for the OpenAPI document. */
export interface BodySchemas {
  readonly inferRequest: Schema;
  readonly inferResponse: Schema;
  readonly predictRequest: Schema;
  readonly predictResponse: Schema;
}

/** More labels than this are not listed one by one. */
const MOST_LABELS = 50;
const nullable = (schema: Schema, type: string): Schema => ({ ...schema, type: [type, 'null'] });

export const errorSchema: Schema = {
  type: 'object',
  description: 'What was expected, and what was received.',
  required: ['error'],
  properties: { error: { type: 'string' } },
};

const text: Schema = { type: 'string' };
const tensorHeads: Schema = {
  type: 'array',
  items: {
    type: 'object',
    required: ['name', 'datatype', 'shape'],
    properties: { name: text, datatype: text, shape: { type: 'array', items: { type: 'integer' } } },
  },
};

/** Answers that are the same for every model. */
export const answerSchemas = {
  live: { type: 'object', required: ['live'], properties: { live: { type: 'boolean' } } },
  ready: { type: 'object', required: ['ready'], properties: { ready: { type: 'boolean' } } },
  server: {
    type: 'object',
    required: ['name', 'version', 'extensions'],
    properties: { name: text, version: text, extensions: { type: 'array', items: text } },
  },
  model: {
    type: 'object',
    required: ['name', 'versions', 'platform', 'inputs', 'outputs'],
    properties: {
      name: text,
      versions: { type: 'array', items: text },
      platform: text,
      inputs: tensorHeads,
      outputs: tensorHeads,
    },
  },
  schema: {
    type: 'object',
    description:
      'Name, version, digest, estimator, task. Of a model: target; inputs with type, labels and range; outputs. Of a recommender: columns, and how many users and items it knows.',
    required: ['name', 'version', 'digest', 'estimator', 'task'],
  },
  metrics: { type: 'string', description: "Prometheus' text format." },
} satisfies Record<string, Schema>;

export function bodySchemas(program: Program, ranges: ColumnRanges): BodySchemas {
  const tensor = (entry: ProgramInput | ProgramOutput): Schema => ({
    type: 'object',
    title: entry.name,
    required: ['name', 'shape', 'datatype', 'data'],
    properties: {
      name: { const: entry.name },
      shape: { type: 'array', items: { type: 'integer', minimum: 0 }, minItems: 1, maxItems: 2 },
      datatype: { type: 'string', default: datatypes[entry.type] },
      data: { type: 'array', items: { ...(entry.type === 'timestamp' ? {} : valueSchema(entry)) } },
    },
  });
  const tensors = (entries: readonly (ProgramInput | ProgramOutput)[]): Schema => ({
    type: 'array',
    items: { anyOf: entries.map(tensor) },
  });
  const head = { id: { type: 'string' }, parameters: { type: 'object' } };
  return {
    inferRequest: {
      type: 'object',
      required: ['inputs'],
      properties: {
        ...head,
        inputs: tensors(program.inputs),
        outputs: {
          type: 'array',
          items: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } },
        },
      },
    },
    inferResponse: {
      type: 'object',
      required: ['model_name', 'outputs'],
      properties: {
        ...head,
        model_name: { type: 'string' },
        model_version: { type: 'string' },
        outputs: tensors(program.outputs),
      },
    },
    predictRequest: {
      type: 'object',
      required: ['rows'],
      properties: { rows: { type: 'array', items: rowSchema(program, ranges) } },
    },
    predictResponse: {
      type: 'object',
      required: ['model', 'version', 'predictions'],
      properties: {
        model: { type: 'string' },
        version: { type: 'string' },
        predictions: {
          type: 'array',
          items: {
            type: 'object',
            properties: properties(program.outputs.map((output) => [output.name, valueSchema(output)])),
          },
        },
      },
    },
  };
}

const id: Schema = { type: ['string', 'number'], description: 'As the data name it; 17850 and "17850" are the same.' };
const ids: Schema = { type: 'array', items: id };
const recommended: Schema = {
  type: 'array',
  description: 'The best first.',
  items: { type: 'object', required: ['item', 'score'], properties: { item: id, score: { type: 'number' } } },
};
const listOptions = {
  n: { type: 'integer', minimum: 1, maximum: 1000, default: 10, description: 'Items a list.' },
  filterSeen: { type: 'boolean', default: true, description: 'Leave out what the user met in training.' },
} as const;
const event: Schema = {
  type: 'object',
  required: ['item'],
  properties: { item: id, rating: { type: 'number' }, weight: { type: 'number' } },
};

/** JSON Schemas of what a recommender takes and gives: the same for every one. */
export function recommenderSchemas() {
  const tensor = (name: string, datatypes: readonly string[], dimensions: number): Schema => ({
    type: 'object',
    title: name,
    required: ['name', 'shape', 'datatype', 'data'],
    properties: {
      name: { const: name },
      shape: { type: 'array', items: { type: 'integer', minimum: 0 }, minItems: dimensions, maxItems: dimensions },
      datatype: { type: 'string', enum: datatypes },
      data: { type: 'array' },
    },
  });
  const outputs = [tensor('item', ['FP64', 'BYTES'], 2), tensor('score', ['FP64'], 2), tensor('known', ['BOOL'], 1)];
  const head = { id: text, parameters: { type: 'object', properties: { ...listOptions } } };
  return {
    inferRequest: {
      type: 'object',
      required: ['inputs'],
      properties: { ...head, inputs: { type: 'array', items: tensor('user', ['BYTES', 'FP64', 'INT64'], 1) } },
    },
    inferResponse: {
      type: 'object',
      required: ['model_name', 'outputs'],
      properties: {
        id: text,
        model_name: text,
        model_version: text,
        outputs: { type: 'array', items: { anyOf: outputs } },
      },
    },
    query: { type: 'object', required: ['user'], properties: { user: { ...ids }, ...listOptions } },
    request: {
      type: 'object',
      description: 'users, or events: what somebody new has done.',
      properties: {
        users: ids,
        events: { type: 'array', items: event },
        ...listOptions,
        items: { ...ids, description: 'Only these.' },
        exclude: { ...ids, description: 'Never these.' },
      },
    },
    answer: {
      type: 'object',
      required: ['recommendations'],
      properties: {
        recommendations: {
          type: 'array',
          items: {
            type: 'object',
            required: ['known', 'items'],
            properties: {
              user: id,
              known: {
                type: 'boolean',
                description: 'false: not in training; of a user the list is that of popularity.',
              },
              unknownItems: { type: 'integer', description: 'Events whose item was not in training.' },
              items: recommended,
            },
          },
        },
      },
    },
    similarQuery: { type: 'object', required: ['item'], properties: { item: id, n: listOptions.n } },
    similarAnswer: { type: 'object', required: ['item', 'items'], properties: { item: id, items: recommended } },
  } satisfies Record<string, Schema>;
}

function rowSchema(program: Program, ranges: ColumnRanges): Schema {
  return {
    type: 'object',
    additionalProperties: false,
    description: 'Raw values by column name. Null or left out: missing.',
    properties: properties(
      program.inputs.map((input) => {
        const range = Object.hasOwn(ranges, input.name) ? ranges[input.name] : undefined;
        const seen =
          range && input.type === 'number' ? { description: `In training ${range.min} … ${range.max}.` } : {};
        return [input.name, { ...valueSchema(input), ...seen }];
      }),
    ),
  };
}

function properties(entries: readonly (readonly [string, Schema])[]): Schema {
  return Object.fromEntries(entries);
}

function valueSchema(entry: ProgramInput | ProgramOutput): Schema {
  const schemas: Record<InputType, Schema> = {
    number: nullable({ format: 'double' }, 'number'),
    boolean: nullable({}, 'boolean'),
    timestamp: {
      type: ['string', 'number', 'null'],
      description: 'ISO 8601 (UTC where no zone is given), or milliseconds since 1970.',
    },
    category: nullable({ description: labelsText(entry.labels ?? []) }, 'string'),
    text: nullable({ description: 'Any text.' }, 'string'),
  };
  return schemas[entry.type];
}

function labelsText(labels: readonly string[]): string {
  const listed = labels.slice(0, MOST_LABELS).map((label) => JSON.stringify(label));
  const more = labels.length > MOST_LABELS ? `, … (${labels.length} in all)` : '';
  return `Known labels: ${listed.join(', ')}${more}. Others are taken as never seen.`;
}
