import type { AssociationMatrix } from './association.js';
import type { ColumnProfile } from './profile.js';
import type { TargetView } from './target-view.js';

/** Something that a person should look at, and what to do about it. */
export interface Alert {
  readonly kind:
    | 'constant'
    | 'missing'
    | 'high-cardinality'
    | 'identifier'
    | 'skew'
    | 'infinite'
    | 'imbalance'
    | 'duplicates'
    | 'high-correlation'
    | 'suspected-leakage'
    | 'gaps';
  readonly severity: 'warning' | 'note';
  readonly columns: readonly string[];
  readonly message: string;
  readonly advice: string;
}

/** What the alerts are made from. */
export interface Findings {
  readonly rows: number;
  readonly duplicates: number;
  readonly columns: readonly ColumnProfile[];
  readonly correlations: readonly AssociationMatrix[];
  readonly targetViews: readonly TargetView[];
  readonly target: string | undefined;
  /** Columns that add up to the target, two at a time. */
  readonly sums: readonly {
    readonly columns: readonly [string, string];
    readonly operator: '+' | '−';
    readonly share: number;
  }[];
}

const NEARLY_ALL = 0.995;
/** Association with the target from which a column is asked when it becomes known. */
const ALL_BUT_DETERMINED = 0.95;
const MONTHS = 'January February March April May June July August September October November December'.split(' ');
const SEASONS = [
  'winter (December to February)',
  'spring (March to May)',
  'summer (June to August)',
  'autumn (September to November)',
];

/** All alerts, warnings first, in column order. */
export function findAlerts(findings: Findings): Alert[] {
  const alerts = [
    ...duplicateAlerts(findings),
    ...findings.columns.filter(({ role }) => role !== 'ignore').flatMap((column) => columnAlerts(column, findings)),
    ...skewAlerts(findings),
    ...correlationAlerts(findings),
    ...leakageAlerts(findings),
  ];
  return [
    ...alerts.filter((alert) => alert.severity === 'warning'),
    ...alerts.filter((alert) => alert.severity === 'note'),
  ];
}

function duplicateAlerts({ duplicates, rows }: Findings): Alert[] {
  if (duplicates === 0) return [];
  const message = `${duplicates} of ${rows} rows repeat an earlier row in every column.`;
  const advice =
    'Keep one of each where a row stands for one event: copies weigh twice and can lie on both sides of a split.';
  return [{ kind: 'duplicates', severity: 'warning', columns: [], message, advice }];
}

/** An alert of one column. */
type Say = (kind: Alert['kind'], severity: Alert['severity'], message: string, advice: string) => Alert;

function columnAlerts(column: ColumnProfile, findings: Findings): Alert[] {
  const { name, profile } = column;
  const isTarget = name === findings.target;
  const present = column.rows - column.missing;
  const say: Say = (kind, severity, message, advice) => {
    return { kind, severity, columns: [name], message: `${name}: ${message}`, advice };
  };
  if (present === 0) {
    return [
      say('constant', 'warning', 'every value is missing.', 'Leave the column out, or find out why nothing arrives.'),
    ];
  }
  const missing = missingAlerts(column.missing / column.rows, say);
  if (profile.distinct === 1) {
    const advice = isTarget ? 'There is nothing to predict.' : 'Leave it out: it cannot tell rows apart.';
    return [...missing, say('constant', 'warning', 'one value only.', advice)];
  }
  if (profile.kind === 'timestamp') return [...missing, ...timestampAlerts(name, profile, present)];
  if (profile.kind === 'numeric') return [...missing, ...numberAlerts(profile, present, isTarget, say)];
  return [...missing, ...(isTarget ? classAlerts(profile, present, say) : categoryAlerts(profile, present, say))];
}

function missingAlerts(share: number, say: Say): Alert[] {
  if (share <= 0.05) return [];
  const advice =
    'See whether they are missing for a reason that the target depends on; keep an indicator when they are imputed.';
  return [say('missing', share > 0.4 ? 'warning' : 'note', `${percent(share)} of the values are missing.`, advice)];
}

function numberAlerts(profile: NumberColumn, present: number, isTarget: boolean, say: Say): Alert[] {
  const alerts: Alert[] = [];
  if (profile.infinite > 0) {
    const advice =
      'Look for divisions by zero upstream; they are treated as they are, and scaling cannot take them in.';
    alerts.push(say('infinite', 'warning', `${profile.infinite} values are infinite.`, advice));
  }
  if (!isTarget && profile.integers && profile.distinct === present && present >= 50) {
    const message = 'whole numbers that never repeat: an identifier or a row number?';
    alerts.push(say('identifier', 'note', message, 'Leave it out unless its order means something.'));
  }
  return alerts;
}

function categoryAlerts({ distinct, top }: CategoryColumn, present: number, say: Say): Alert[] {
  const alerts: Alert[] = [];
  if (distinct > 50 && distinct > present * 0.5) {
    const message = `${distinct} different labels in ${present} rows: an identifier or free text?`;
    alerts.push(say('identifier', 'note', message, 'Leave it out, or make features from its text.'));
  } else if (distinct > 50) {
    const advice = 'One-hot columns become many and thin; group rare labels, or use target or frequency encoding.';
    alerts.push(say('high-cardinality', 'note', `${distinct} different labels.`, advice));
  }
  const { label, count } = top[0]!;
  if (count >= present * NEARLY_ALL) {
    const message = `nearly constant: ${percent(count / present)} are "${label}".`;
    const advice = 'It can hardly tell rows apart; leave it out unless the rare rows matter.';
    alerts.push(say('constant', 'note', message, advice));
  }
  return alerts;
}

/** Of a target of few classes: does one of them hardly occur? */
function classAlerts({ distinct, top }: CategoryColumn, present: number, say: Say): Alert[] {
  const rare = top.at(-1)!;
  if (distinct > 20 || rare.count >= present * 0.1 || rare.count * 5 >= top[0]!.count) return [];
  const message = `"${rare.label}" makes ${percent(rare.count / present)} of the rows.`;
  const advice = 'Judge by average precision, recall or cost, not by accuracy; consider class weights.';
  return [say('imbalance', 'warning', message, advice)];
}

type NumberColumn = Extract<ColumnProfile['profile'], { kind: 'numeric' }>;
type CategoryColumn = Exclude<ColumnProfile['profile'], { kind: 'numeric' | 'timestamp' }>;
type TimestampColumn = Extract<ColumnProfile['profile'], { kind: 'timestamp' }>;

function timestampAlerts(name: string, profile: TimestampColumn, present: number): Alert[] {
  const alerts: Alert[] = [];
  const constant = (what: string, counts: readonly number[], labels: readonly string[]) => {
    const most = counts.reduce((best, count, i) => (count > counts[best]! ? i : best), 0);
    if (counts[most]! < present * NEARLY_ALL) return;
    const all = counts[most] === present ? 'in every row' : `in ${counts[most]} of ${present} rows`;
    alerts.push({
      kind: 'constant',
      severity: 'warning',
      columns: [name],
      message: `${name}: the ${what} is ${labels[most]} ${all}.`,
      advice: `A ${what} feature can learn nothing here, and predictions for another ${what} are extrapolation: leave it out or collect more.`,
    });
  };
  constant('month', profile.months, MONTHS);
  constant('season', profile.seasons, SEASONS);
  if (profile.emptyPeriods > 0 && profile.emptyPeriods < profile.periods.length / 2) {
    const message = `${name}: ${profile.emptyPeriods} of ${profile.periods.length} ${profile.period}s hold no row.`;
    alerts.push({
      kind: 'gaps',
      severity: 'note',
      columns: [name],
      message,
      advice: 'See whether the source was silent or the rows were lost.',
    });
  }
  return alerts;
}

/** One alert for all skewed features, and one for the target. */
function skewAlerts({ columns, target }: Findings): Alert[] {
  const skewed = columns.flatMap(({ name, role, profile }) =>
    role !== 'ignore' && profile.kind === 'numeric' && Math.abs(profile.skewness) > 2
      ? [{ name, skewness: profile.skewness }]
      : [],
  );
  const alert = (which: typeof skewed, advice: string): Alert[] => {
    if (which.length === 0) return [];
    const listed = which.map(({ name, skewness }) => `${name} (${skewness.toFixed(1)})`).join(', ');
    return [
      { kind: 'skew', severity: 'note', columns: which.map(({ name }) => name), message: `Skewed: ${listed}.`, advice },
    ];
  };
  return [
    ...alert(
      skewed.filter(({ name }) => name === target),
      'Look at the residuals of the long tail; consider its logarithm as the target.',
    ),
    ...alert(
      skewed.filter(({ name }) => name !== target),
      'Linear models and distances gain from a logarithm or a power transform; trees do not care.',
    ),
  ];
}

function correlationAlerts({ correlations, target }: Findings): Alert[] {
  const alerts: Alert[] = [];
  for (const { method, names, values } of correlations) {
    if (method === 'spearman') continue; // says the same as Pearson's r in nearly every case
    names.forEach((a, i) => {
      names.slice(0, i).forEach((b, j) => {
        const r = values[i]![j]!;
        if (!(Math.abs(r) >= 0.95) || a === target || b === target) return;
        const message = `${b} and ${a} say nearly the same (${method === 'pearson' ? 'r' : "Cramér's V"} = ${r.toFixed(3)}).`;
        alerts.push({
          kind: 'high-correlation',
          severity: 'note',
          columns: [b, a],
          message,
          advice: 'Keep the one that is known earlier or measured better; coefficients of both cannot be read apart.',
        });
      });
    });
  }
  return alerts;
}

function leakageAlerts({ targetViews, columns, correlations, sums, target }: Findings): Alert[] {
  const pearson = correlations.find(({ method }) => method === 'pearson');
  const role = new Map(columns.map((column) => [column.name, column.role]));
  const ignored = (names: readonly string[]) => names.every((name) => role.get(name) === 'ignore');
  const advice = (names: readonly string[]) =>
    ignored(names)
      ? 'Already ignored: nothing to do.'
      : 'Ask when it becomes known: if only after the target, ignore it, or the scores are a promise nobody can keep.';
  // A straight line can show what ranks blur, and the other way round: the stronger of the two counts.
  const strongest = ({ feature, association }: TargetView) => {
    const [i, j] = [feature, target ?? ''].map((name) => pearson?.names.indexOf(name) ?? -1);
    const r = pearson && i! >= 0 && j! >= 0 ? Math.abs(pearson.values[i!]![j!]!) : Number.NaN;
    return r > association || Number.isNaN(association) ? r : association;
  };
  const alerts: Alert[] = targetViews
    .map((view) => ({ feature: view.feature, association: strongest(view) }))
    .filter(({ association, feature }) => association >= ALL_BUT_DETERMINED && role.get(feature) !== 'id')
    .map(({ feature, association }) => ({
      kind: 'suspected-leakage',
      severity: ignored([feature]) ? 'note' : 'warning',
      columns: [feature],
      message: `${feature} all but determines ${target} (association ${association.toFixed(3)}).`,
      advice: advice([feature]),
    }));
  for (const sum of sums) {
    const message = `${sum.columns.join(` ${sum.operator} `)} is ${target} in ${percent(sum.share)} of the rows.`;
    const severity = ignored(sum.columns) ? 'note' : 'warning';
    alerts.push({ kind: 'suspected-leakage', severity, columns: sum.columns, message, advice: advice(sum.columns) });
  }
  return alerts;
}

function percent(share: number): string {
  const value = share * 100;
  return `${value >= 99.95 && value < 100 ? value.toFixed(2) : value.toFixed(value < 1 ? 2 : 1)} %`;
}
