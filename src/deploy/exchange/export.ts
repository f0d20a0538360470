import type { Model } from '../../table/interfaces.js';
import { dumpModel } from './dump.js';
import { unsupported } from './forest.js';
import { type ExportedFile, exportLightGbm } from './lightgbm-export.js';
import { raiseForest } from './raise.js';
import { exportXgboost, type XgboostOptions } from './xgboost-export.js';

export const exportFormats = ['lightgbm', 'xgboost', 'xgboost-ubj', 'json'] as const;
export type ExportFormat = (typeof exportFormats)[number];

export interface ExportedModel extends ExportedFile {
  readonly format: ExportFormat;
}

/**
 * A model of trees as a file of another library: 'lightgbm' its model.txt, 'xgboost' and 'xgboost-ubj' its JSON and UBJSON,
 * 'json' a dump for reading (dump.ts). What a pipeline does before the trees is worked into them where that can be.
 * @throws LanewiseError `unsupported` naming what the format cannot say; `data` where XGBoost's f32 would change the ways of rows.
 */
export function exportModel(model: Model, format: ExportFormat, options: XgboostOptions = {}): ExportedModel {
  switch (format) {
    case 'lightgbm':
      return { format, ...exportLightGbm(raiseForest(model)) };
    case 'xgboost':
      return { format, ...exportXgboost(raiseForest(model), 'json', options) };
    case 'xgboost-ubj':
      return { format, ...exportXgboost(raiseForest(model), 'ubj', options) };
    case 'json':
      return { format, bytes: new TextEncoder().encode(`${toJson(dumpModel(model))}\n`), notes: [] };
  }
}

function toJson(value: unknown): string {
  try {
    return JSON.stringify(value, null, 1);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw unsupported('The trees are too deep, or too many, for a JSON that nests them', 'Export it as LightGBM.');
  }
}
