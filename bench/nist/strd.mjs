// Reads files of NIST's Statistical Reference Datasets (StRD): certified values and data.

/** A set with its certified values; undefined for kinds that are not used here (analysis of variance). */
export function readStrd(text) {
  const lines = text.split(/\r?\n/);
  const name = /(?:Dataset|File) Name:\s+(\w+)/.exec(text)[1];
  const difficulty = (/(Lower|Average|Higher) Level of Difficulty/.exec(text) ?? ['', ''])[1].toLowerCase();
  if (text.includes('Nonlinear Least Squares')) return { ...nonlinear(text, lines), name, difficulty };
  if (text.includes('Linear Least Squares')) return { ...linear(text, lines), name, difficulty };
  if (text.includes('Stat Category: Univariate') || text.includes('Sample Autocorrelation'))
    return { ...univariate(text, lines), name, difficulty };
  return undefined;
}

/** How many digits agree (the log relative error; absolute where the certified value is 0), 15 at most. */
export function digits(found, certified) {
  if (found === null || found === undefined || Number.isNaN(found)) return 0;
  const error = certified === 0 ? Math.abs(found) : Math.abs(found - certified) / Math.abs(certified);
  return error === 0 ? 15 : Math.max(0, Math.min(15, -Math.log10(error)));
}

/** The lines that the head names: "Data (lines 61 to 142)". */
function part(text, lines, what) {
  const [, first, last] = new RegExp(`${what}\\s*\\(lines\\s+(\\d+)\\s+to\\s+(\\d+)\\)`).exec(text);
  return lines.slice(Number(first) - 1, Number(last));
}

const numbersOf = (line) => line.trim().split(/\s+/).map(Number);

function linear(text, lines) {
  const certified = part(text, lines, 'Certified Values');
  const whole = certified.join('\n');
  const parameters = certified.flatMap((line) => {
    const found = /^\s*(B\d+)\s+(\S+)\s+(\S+)\s*$/.exec(line);
    return found ? [{ name: found[1], estimate: Number(found[2]), error: Number(found[3]) }] : [];
  });
  const data = part(text, lines, 'Data').map(numbersOf);
  return {
    kind: 'linear',
    parameters,
    intercept: parameters[0].name === 'B0',
    degree: data[0].length === 2 && parameters.length > 2 ? parameters.length - 1 : 1,
    residualDeviation: Number(/Standard Deviation\s+(\S+)\s/.exec(whole.slice(whole.indexOf('Residual')))[1]),
    rSquared: Number(/R-Squared\s+(\S+)/.exec(whole)[1]),
    fStatistic: Number(/^Regression\s+\d+\s+\S+\s+\S+\s+(\S+)/m.exec(text)[1]),
    data,
  };
}

function univariate(text, lines) {
  const value = (label) => Number(new RegExp(`${label}[^:]*:\\s*([-+.0-9eE]+)`).exec(text)[1]);
  const start = lines.findIndex((line) => /^-{3,}/.test(line.trim())) + 1;
  const data = lines
    .slice(start)
    .filter((line) => line.trim() !== '')
    .flatMap(numbersOf);
  return {
    kind: 'univariate',
    mean: value('Sample Mean'),
    deviation: value('Sample Standard Deviation'),
    autocorrelation: value('Sample Autocorrelation Coefficient'),
    data: data.map((value) => [value]),
  };
}

function nonlinear(text, lines) {
  const certified = part(text, lines, 'Certified Values');
  const parameters = certified.flatMap((line) => {
    const found = /^\s*(b\d+)\s*=\s*(\S+)\s+(\S+)\s+(\S+)\s+(\S+)/.exec(line);
    if (!found) return [];
    return [
      {
        name: found[1],
        starts: [Number(found[2]), Number(found[3])],
        estimate: Number(found[4]),
        error: Number(found[5]),
      },
    ];
  });
  return {
    kind: 'nonlinear',
    parameters,
    residualSumOfSquares: Number(/Residual Sum of Squares:\s+(\S+)/.exec(text)[1]),
    residualDeviation: Number(/Residual Standard Deviation:\s+(\S+)/.exec(text)[1]),
    data: part(text, lines, 'Data').map(numbersOf),
  };
}
