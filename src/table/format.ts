/** Numbers, shares, times and sizes as people read them; the same everywhere, whatever the locale. */

/** About `digits` significant digits, thousands apart, and no exponent between 0.0001 and a billion. */
export function formatNumber(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e9 || size < 1e-4) return value.toExponential(2).replace('-', '−').replace('e+', 'e');
  const decimals = size >= 1 ? Math.max(0, digits - String(Math.floor(size)).length) : digits - 1 + leadingZeros(size);
  const text = Number.isInteger(value)
    ? size.toFixed(0)
    : size
        .toFixed(decimals)
        .replace(/(\.\d*?)0+$/, '$1')
        .replace(/\.$/, '');
  const [whole, fraction] = text.split('.');
  const grouped = whole!.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  return `${value < 0 ? '−' : ''}${grouped}${fraction ? `.${fraction}` : ''}`;
}

function leadingZeros(size: number): number {
  let zeros = 0;
  for (let scaled = size; scaled < 0.1; scaled *= 10) zeros++;
  return zeros + 1;
}

export function formatCount(value: number): string {
  return formatNumber(value, 12);
}

/** A share in [0, 1] as a percentage. */
export function formatShare(share: number): string {
  if (!Number.isFinite(share)) return '–';
  const value = share * 100;
  if (value > 0 && value < 0.1) return '< 0.1 %';
  if (value < 100 && value > 99.9) return '> 99.9 %';
  return `${value.toFixed(value === 0 || value === 100 ? 0 : 1)} %`;
}

export function formatSeconds(seconds: number): string {
  if (seconds < 0.0995) return `${formatNumber(seconds * 1000, 2)} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${formatNumber(bytes / 1e3, 3)} KB`;
  return `${formatNumber(bytes / 1e6, 3)} MB`;
}

/** A moment in UTC: the date alone where it is midnight. */
export function formatMoment(milliseconds: number): string {
  if (Number.isNaN(milliseconds)) return '–';
  const text = new Date(milliseconds).toISOString();
  return text.endsWith('T00:00:00.000Z') ? text.slice(0, 10) : text.slice(0, 16).replace('T', ' ');
}
