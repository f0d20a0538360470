import { formatNumber } from '../../table/format.js';
import type { CoefficientSummary, RegressionSummary } from '../../table/interfaces.js';

/** The statistics of a linear regression as a table of plain text: a line a coefficient, then those of the whole. */
export function regressionTable(summary: RegressionSummary): string {
  const share = formatNumber(summary.confidence * 100, 6);
  const head = ['', 'estimate', 'std. error', 't', 'p', `${share} % from`, 'to'];
  return `${columnsOfText([head, ...summary.coefficients.map(lineOf)])}\n\n${wholeOf(summary).join('\n')}`;
}

function lineOf({ name, estimate, standardError, t, p, low, high }: CoefficientSummary): string[] {
  return [name, shown(estimate), shown(standardError, 4), shown(t, 4), shownP(p), shown(low), shown(high)];
}

function wholeOf(summary: RegressionSummary): string[] {
  const { observations, residualDegreesOfFreedom: rest, modelDegreesOfFreedom: model } = summary;
  const f = `F(${model}, ${rest}) ${shown(summary.fStatistic)}, p ${shownP(summary.fPValue)}`;
  return [
    `  ${formatNumber(observations, 12)} observations, ${formatNumber(rest, 12)} degrees of freedom left`,
    `  R² ${shown(summary.rSquared)}, adjusted ${shown(summary.adjustedRSquared)}; ${f}`,
    `  residual standard error ${shown(summary.residualStandardError)}; log-likelihood ${shown(summary.logLikelihood)}, AIC ${shown(summary.aic)}, BIC ${shown(summary.bic)}`,
    `  condition number ${shown(summary.conditionNumber, 3)}`,
  ];
}

function shown(value: number | null, digits = 5): string {
  return formatNumber(value, digits);
}

/** What is below rounding is said to be so. */
function shownP(p: number | null): string {
  return p !== null && p < 1e-15 ? '< 1e−15' : shown(p, 3);
}

/** The first column to the left, numbers to the right. */
function columnsOfText(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) => {
      const cells = row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)));
      return `  ${cells.join('  ').trimEnd()}`;
    })
    .join('\n');
}
