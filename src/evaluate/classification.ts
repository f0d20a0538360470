import type { Scored } from '../table/interfaces.js';
import {
  type ClassCounts,
  type ConfusionMatrix,
  classCounts,
  confusionCodes,
  confusionMatrix,
  tally,
  totalWeight,
} from './confusion.js';
import { addSums, classCount, defineScorer, requireTwoClasses, type Scorer } from './metric.js';

/** Metrics of predicted classes. Every one is a function of the confusion matrix. */

type OfMatrix = (confusion: ConfusionMatrix) => number;

interface Parts {
  readonly name: string;
  readonly label: string;
  readonly meaning: string;
  readonly of: OfMatrix;
  /** true: defined for two classes only. */
  readonly binary?: boolean;
}

function confusionScorer({ name, label, meaning, of, binary = false }: Parts): Scorer {
  const check = (scored: Scored) => {
    if (binary) requireTwoClasses(name, classCount(scored));
  };
  return defineScorer({
    name,
    label,
    meaning,
    task: 'classification',
    needs: 'prediction',
    ...(binary && { classes: 'binary' as const }),
    prepare: (scored) => {
      check(scored);
      const classes = classCount(scored);
      const codes = confusionCodes(scored, classes);
      return (weights) => of({ classes, matrix: tally(codes, classes * classes, weights) });
    },
    mergeable: {
      partial: (scored) => {
        check(scored);
        return confusionMatrix(scored).matrix;
      },
      merge: addSums,
      finish: (matrix) => of({ classes: Math.sqrt(matrix.length), matrix }),
    },
  });
}

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

/** Share of the rows predicted to be of the class that are; 0 where none was. */
export const precisionOf = ({ truePositive, predicted }: ClassCounts): number => ratio(truePositive, predicted);
/** Share of the rows of the class that were found; 0 where there is none. */
export const recallOf = ({ truePositive, actual }: ClassCounts): number => ratio(truePositive, actual);
/** Harmonic mean of both. */
export const f1Of = ({ truePositive, actual, predicted }: ClassCounts): number =>
  ratio(2 * truePositive, actual + predicted);

type OfClass = (counts: ClassCounts) => number;

/** Classes that neither occur nor are predicted do not count, as in scikit-learn. */
const macro =
  (of: OfClass): OfMatrix =>
  (confusion) => {
    const present = classCounts(confusion).filter(({ actual, predicted }) => actual > 0 || predicted > 0);
    return present.reduce((sum, counts) => sum + of(counts), 0) / present.length;
  };

const weighted =
  (of: OfClass): OfMatrix =>
  (confusion) => {
    const counts = classCounts(confusion);
    return counts.reduce((sum, entry) => sum + entry.actual * of(entry), 0) / totalWeight(confusion);
  };

const ofPositive =
  (of: OfClass): OfMatrix =>
  (confusion) =>
    of(classCounts(confusion)[1]!);

const accuracy: OfMatrix = (confusion) => {
  const { classes, matrix } = confusion;
  let right = 0;
  for (let k = 0; k < classes; k++) right += matrix[k * classes + k]!;
  return right / totalWeight(confusion);
};

const balancedAccuracy: OfMatrix = (confusion) => {
  const occurring = classCounts(confusion).filter(({ actual }) => actual > 0);
  return occurring.reduce((sum, counts) => sum + recallOf(counts), 0) / occurring.length;
};

/** Gorodkin 2004, "Comparing two K-category assignments by a K-category correlation coefficient". */
const matthews: OfMatrix = (confusion) => {
  const counts = classCounts(confusion);
  const total = totalWeight(confusion);
  let [right, chance, predicted, actual] = [0, 0, 0, 0];
  for (const entry of counts) {
    right += entry.truePositive;
    chance += entry.actual * entry.predicted;
    predicted += entry.predicted * entry.predicted;
    actual += entry.actual * entry.actual;
  }
  const spread = (total * total - predicted) * (total * total - actual);
  return spread === 0 ? 0 : (right * total - chance) / Math.sqrt(spread);
};

/** Cohen 1960. NaN where chance alone explains everything (one class, everywhere). */
const kappa: OfMatrix = (confusion) => {
  const total = totalWeight(confusion);
  const chance = classCounts(confusion).reduce((sum, entry) => sum + entry.actual * entry.predicted, 0);
  const expected = chance / (total * total);
  return (accuracy(confusion) - expected) / (1 - expected);
};

const averages: readonly { suffix: string; words: string; average: (of: OfClass) => OfMatrix }[] = [
  { suffix: '_macro', words: 'mean over the classes', average: macro },
  { suffix: '_weighted', words: 'mean over the classes, weighted by their rows', average: weighted },
  { suffix: '_micro', words: 'over all classes together (the accuracy)', average: () => accuracy },
];

function family(name: string, label: string, meaning: string, of: OfClass): Scorer[] {
  const ofOne = { name, label, meaning: `${meaning}, of the positive class`, of: ofPositive(of) };
  return [
    confusionScorer({ ...ofOne, binary: true }),
    ...averages.map(({ suffix, words, average }) =>
      confusionScorer({
        name: `${name}${suffix}`,
        label: `${label} (${suffix.slice(1)})`,
        meaning: `${meaning}: ${words}`,
        of: average(of),
      }),
    ),
  ];
}

export const classificationScorers: readonly Scorer[] = [
  confusionScorer({ name: 'accuracy', label: 'Accuracy', meaning: 'Share of rows that are right', of: accuracy }),
  confusionScorer({
    name: 'balanced_accuracy',
    label: 'Balanced accuracy',
    meaning: 'Mean over the classes of the share found',
    of: balancedAccuracy,
  }),
  ...family('precision', 'Precision', 'Share of the predicted that are', precisionOf),
  ...family('recall', 'Recall', 'Share of the actual that were found', recallOf),
  ...family('f1', 'F1', 'Harmonic mean of precision and recall', f1Of),
  confusionScorer({
    name: 'matthews_corrcoef',
    label: 'Matthews correlation',
    meaning: 'Correlation of prediction and truth, −1 … 1',
    of: matthews,
  }),
  confusionScorer({
    name: 'cohen_kappa',
    label: "Cohen's kappa",
    meaning: 'Agreement beyond chance, at most 1',
    of: kappa,
  }),
];
