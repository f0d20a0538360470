import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Comparison } from '../../evaluate/compare.js';
import type { RecommenderComparison, RecommenderEvaluation } from '../../evaluate/recommendation/index.js';
import type { EvaluationReport } from '../../evaluate/report.js';
import type { Profile } from '../../explore/profile.js';
import type { MonitorReport, RecommenderMonitorReport } from '../../monitor/index.js';
import type { Repair, Training } from '../../table/interfaces.js';
import type { GateResult, TuneResult } from '../../tune/index.js';
import type { RunRecord } from '../record.js';

/** What the report is drawn from: the record, and the JSON that steps wrote beside it. Absent where a step is not there. */
export interface ReportMaterial {
  readonly record: RunRecord;
  readonly profile?: Profile;
  readonly prepared?: { readonly report: readonly Repair[] };
  readonly features?: {
    readonly lineage: readonly {
      readonly feature: string;
      readonly columns: readonly string[];
      readonly operations: readonly string[];
    }[];
    readonly report: readonly Repair[];
  };
  readonly comparison?: Comparison;
  readonly training?: Training & {
    readonly name: string;
    readonly importances?: Readonly<Record<string, number>>;
    /** Where the model itself was solved at once: one that learns step by step. */
    readonly beside?: Training & { readonly name: string };
  };
  readonly evaluation?: EvaluationReport;
  readonly tuning?: TuneResult;
  readonly gate?: GateResult;
  /** Name of the champion's model. */
  readonly champion?: string;
  /** Of the champion, tuned or not, on the test rows. */
  readonly championMetrics?: EvaluationReport['metrics'];
  readonly monitoring?: MonitorReport;
  /** Of a recommendation: what was compared, what the lists are worth, and how they hold; in place of the like above. */
  readonly ranked?: RecommenderComparison;
  readonly lists?: {
    readonly name: string;
    readonly metrics: EvaluationReport['metrics'];
    readonly evaluation: RecommenderEvaluation;
    readonly baseline: RecommenderEvaluation;
  };
  readonly live?: RecommenderMonitorReport | { readonly rows: 0 };
}

/** Reads a run's folder. JSON that is not there is left out; the record says what was written. */
export function readMaterial(folder: string, record: RunRecord): ReportMaterial {
  const read = (path: string) => readJson(join(folder, path));
  const tuned = read('tune/tune.json') as
    | { name?: string; tuning?: TuneResult; gate?: GateResult; metrics?: EvaluationReport['metrics'] }
    | undefined;
  const isRecommendation = record.workflow['task'] === 'recommendation';
  return {
    record,
    profile: read('explore/profile.json') as Profile | undefined,
    prepared: read('prepare/report.json') as ReportMaterial['prepared'],
    features: read('features/features.json') as ReportMaterial['features'],
    [isRecommendation ? 'ranked' : 'comparison']: read('compare/comparison.json'),
    training: read('train/training.json') as ReportMaterial['training'],
    evaluation: read('evaluate/report.json') as EvaluationReport | undefined,
    tuning: tuned?.tuning,
    gate: tuned?.gate,
    champion: tuned?.name,
    championMetrics: tuned?.metrics,
    [isRecommendation ? 'live' : 'monitoring']: read('monitor/report.json'),
    lists: read('evaluate/lists.json') as ReportMaterial['lists'],
  };
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
