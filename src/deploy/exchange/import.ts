import { readFile } from 'node:fs/promises';
import { LanewiseError } from '../../errors.js';
import type { Model } from '../../table/interfaces.js';
import { damaged } from './forest.js';
import { type Foreign, type ImportOptions, modelOf } from './imported.js';
import { importLightGbm } from './lightgbm-import.js';
import { readUbjson } from './ubjson.js';
import { importXgboost } from './xgboost-import.js';

export type ForeignFormat = 'LightGBM text' | 'XGBoost JSON' | 'XGBoost UBJSON';

/** A model of another library as a Lanewise model: it predicts, is saved, served, explained and exported like any other. */
export interface ImportedModel {
  readonly model: Model;
  readonly format: ForeignFormat;
  /** Of the file, as it says. */
  readonly version: string;
  readonly objective: string;
  readonly trees: number;
  readonly notes: readonly string[];
}

/**
 * Reads a model that LightGBM or XGBoost saved; the format is known by its content: LightGBM's model.txt, XGBoost's JSON or
 * UBJSON. What XGBoost's older binary format or a pickle holds must be saved anew there.
 * @throws LanewiseError `file` where the bytes are none of these or damaged, `unsupported` naming what Lanewise has not.
 */
export function importModel(bytes: Uint8Array | string, options: ImportOptions = {}): ImportedModel {
  const data = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes;
  const format = recognise(data);
  const foreign = read(data, format, options);
  const { version, objective, forest, notes } = foreign;
  return { model: modelOf(foreign, options), format, version, objective, trees: forest.trees.length, notes };
}

/** `importModel` of a file. @throws LanewiseError, with its name. */
export async function importModelFile(path: string, options: ImportOptions = {}): Promise<ImportedModel> {
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? 'it is missing' : cause.message;
    throw new LanewiseError('file', `Expected a model of LightGBM or XGBoost at ${path} but ${why}`, {
      file: path,
      cause,
    });
  });
  try {
    return importModel(bytes, options);
  } catch (error) {
    if (!(error instanceof LanewiseError)) throw error;
    throw new LanewiseError(error.code, error.message, { hint: error.hint, cause: error, file: path });
  }
}

function read(data: Uint8Array, format: ForeignFormat, options: ImportOptions): Foreign {
  if (format === 'LightGBM text') return importLightGbm(decode(data), options);
  return importXgboost(format === 'XGBoost JSON' ? parseJson(decode(data)) : readUbjson(data), options);
}

function recognise(data: Uint8Array): ForeignFormat {
  const head = new TextDecoder('latin1').decode(data.subarray(0, 64)).replace(/^\u00ef\u00bb\u00bf/, '');
  if (/^tree\r?\n/.test(head)) return 'LightGBM text';
  // UBJSON: an object whose first key begins with its length, a number.
  if (/^\{(\$|#|[iUIlL][\s\S])/.test(head)) return 'XGBoost UBJSON';
  if (/^\s*\{\s*"/.test(head)) return 'XGBoost JSON';
  const older = /^(binf|bs64|\x80)/.test(head) || head.includes('boosting');
  const dump = /^\s*\[|^booster\[/.test(head);
  throw new LanewiseError(
    'file',
    'Expected a model.txt of LightGBM or a .json or .ubj of XGBoost but it is none of these',
    {
      hint: dump
        ? 'This looks like a dump for reading, which leaves things out; save the model with save_model.'
        : older
          ? 'This looks like a binary or pickled model; save it with save_model("model.json").'
          : 'Save it with booster.save_model("model.txt") in LightGBM, save_model("model.json") in XGBoost.',
    },
  );
}

function decode(data: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(data);
  } catch (cause) {
    const why = cause instanceof RangeError ? 'it is too long for a text' : 'it is not UTF-8';
    throw damaged(`Expected a model as text but ${why}`);
  }
}

/** XGBoost writes NaN and Infinity bare, which JSON has not. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    try {
      const bare = /"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g;
      const written: Record<string, string> = { NaN: 'null', Infinity: '1e999', '-Infinity': '-1e999' };
      return JSON.parse(text.replace(bare, (token) => written[token] ?? token));
    } catch (cause) {
      throw damaged(`The JSON is damaged: ${String((cause as Error).message).slice(0, 120)}`);
    }
  }
}
