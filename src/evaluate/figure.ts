/** Four significant digits, without an exponent where people do not expect one. */
export function formatFigure(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (value !== 0 && Math.abs(value) < 0.0001) return value.toExponential(1);
  const digits = Math.abs(value) >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(4)));
  return digits.replace('-', '−');
}
