/** What speaks for a number of clusters, each by its own measure. */
export const criteria = ['elbow', 'silhouette', 'gap', 'calinskiHarabasz', 'daviesBouldin'] as const;
export type Criterion = (typeof criteria)[number];

/** The figures of k clusters; null where they have none: of one cluster, or of as many as there are rows. */
export interface ClusterFigures {
  readonly k: number;
  /** Σ of squared distances to the centres. */
  readonly inertia: number;
  /** −1 … 1, higher is better (Rousseeuw 1987). */
  readonly silhouette: number | null;
  /** Higher is better (Calinski and Harabasz 1974). */
  readonly calinskiHarabasz: number | null;
  /** ≥ 0, lower is better (Davies and Bouldin 1979). */
  readonly daviesBouldin: number | null;
  /** How much lower the log of the inertia is than that of points without clusters (Tibshirani, Walther and Hastie 2001). */
  readonly gap: number | null;
  /** Its standard error, that of the simulation among it. */
  readonly gapError: number | null;
}

/** The number that each criterion chooses; null where it can tell none. */
export type Choices = Readonly<Record<Criterion, number | null>>;

export function choicesOf(figures: readonly ClusterFigures[]): Choices {
  return {
    elbow: elbowOf(figures),
    silhouette: bestOf(figures, ({ silhouette }) => silhouette),
    gap: gapChoice(figures),
    calinskiHarabasz: bestOf(figures, ({ calinskiHarabasz }) => calinskiHarabasz),
    daviesBouldin: bestOf(figures, ({ daviesBouldin }) => (daviesBouldin === null ? null : -daviesBouldin)),
  };
}

/** Where the curve of the inertia lies farthest below the chord between its ends, both axes from 0 to 1. */
export function elbowOf(figures: readonly Pick<ClusterFigures, 'k' | 'inertia'>[]): number | null {
  const [first, last] = [figures[0], figures.at(-1)];
  if (!first || !last || figures.length < 3 || !(first.inertia > last.inertia)) return null;
  let [best, farthest] = [null as number | null, 0];
  for (const { k, inertia } of figures) {
    const along = (k - first.k) / (last.k - first.k);
    const down = (first.inertia - inertia) / (first.inertia - last.inertia);
    if (down - along > farthest) [best, farthest] = [k, down - along];
  }
  return best;
}

/** The fewest clusters whose gap is not below that of one more, less its standard error. */
export function gapChoice(figures: readonly Pick<ClusterFigures, 'k' | 'gap' | 'gapError'>[]): number | null {
  for (let i = 0; i + 1 < figures.length; i++) {
    const [here, next] = [figures[i]!, figures[i + 1]!];
    if (here.gap === null || next.gap === null) return null;
    if (here.gap >= next.gap - next.gapError!) return here.k;
  }
  return null;
}

function bestOf(figures: readonly ClusterFigures[], of: (figures: ClusterFigures) => number | null): number | null {
  let [best, most] = [null as number | null, Number.NEGATIVE_INFINITY];
  for (const each of figures) {
    const value = of(each);
    if (value !== null && value > most) [best, most] = [each.k, value];
  }
  return best;
}

/** Among the numbers that are chosen, the one most often; of several such, the silhouette's, else the fewest clusters. */
export function suggestionOf(choices: Choices): number | null {
  const votes = new Map<number, number>();
  for (const name of criteria) {
    const k = choices[name];
    if (k !== null) votes.set(k, (votes.get(k) ?? 0) + 1);
  }
  if (votes.size === 0) return null;
  const most = [...votes.values()].reduce((a, b) => Math.max(a, b), 0);
  const best = [...votes.keys()].filter((k) => votes.get(k) === most).sort((a, b) => a - b);
  // The gap alone can say that there are no clusters: one.
  const { silhouette } = choices;
  return silhouette !== null && best.includes(silhouette) ? silhouette : best[0]!;
}

const names: Readonly<Record<Criterion, string>> = {
  elbow: 'the elbow',
  silhouette: 'the silhouette',
  gap: 'the gap statistic',
  calinskiHarabasz: 'Calinski–Harabasz',
  daviesBouldin: 'Davies–Bouldin',
};

/** What the criteria say, and how sure that is. */
export function sentenceOf(choices: Choices, figures: readonly ClusterFigures[]): string {
  const suggestion = suggestionOf(choices);
  if (suggestion === null) return 'No criterion can tell: there are too few different rows.';
  const told = criteria.filter((name) => choices[name] !== null);
  const agreeing = told.filter((name) => choices[name] === suggestion);
  const others = told.filter((name) => choices[name] !== suggestion);
  const count = `${suggestion} ${suggestion === 1 ? 'cluster' : 'clusters'}`;
  const say = agreeing.length === 1 ? 'says so' : 'agree';
  const head =
    others.length === 0 && agreeing.length > 1
      ? `${count}: all criteria agree`
      : `${count}: ${listOf(agreeing.map((name) => names[name]))} ${say}`;
  const rest = others.map((name) => `${names[name]} says ${choices[name]}`);
  const own = figures.find(({ k }) => k === suggestion)?.silhouette ?? null;
  const doubt =
    choices.gap === 1
      ? ' The gap statistic sees no clusters at all.'
      : own !== null && own < 0.25
        ? ' The clusters hardly lie apart: the silhouette is below 0.25.'
        : '';
  return `${head}${rest.length > 0 ? `; ${listOf(rest)}` : ''}.${doubt}`;
}

function listOf(words: readonly string[]): string {
  if (words.length < 2) return words[0] ?? '';
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
