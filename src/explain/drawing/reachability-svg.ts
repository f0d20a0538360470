import type { Reachability } from '../../models/optics/index.js';
import { formatNumber } from '../../table/format.js';
import { hueOf, picture, ticksTo } from './clustering-style.js';

const [WIDTH, LEFT, RIGHT, TOP, PLOT] = [880, 64, 20, 48, 260];
const COLUMNS = WIDTH - LEFT - RIGHT;

/**
 * The reachabilities of an ordering as a picture: valleys are clusters, coloured by `labels`; noise is grey. Of more rows than
 * columns, a column shows the farthest of its rows. A row that was not reached goes to the top.
 */
export function reachabilitySvg({ ordering, reachability }: Reachability, labels: Int32Array): string {
  const { length } = ordering;
  const finite = reachability.filter(Number.isFinite);
  const most = finite.reduce((greatest, one) => Math.max(greatest, one), 0) || 1;
  const y = (distance: number) => TOP + PLOT - (Math.min(distance, most * 1.05) / most) * (PLOT - 16);
  const columns = Math.min(COLUMNS, length);
  const width = COLUMNS / columns;
  const bars: string[] = [];
  for (let column = 0; column < columns; column++) {
    const [from, to] = [Math.floor((column * length) / columns), Math.floor(((column + 1) * length) / columns)];
    let farthest = ordering[from]!;
    for (let at = from; at < to; at++)
      if (reachability[ordering[at]!]! > reachability[farthest]!) farthest = ordering[at]!;
    const label = labels[farthest]!;
    const top = y(reachability[farthest]!);
    const colour = label < 0 ? 'class="n"' : `fill="${hueOf(label)}"`;
    bars.push(
      `<rect ${colour} x="${(LEFT + column * width).toFixed(2)}" y="${top.toFixed(1)}" width="${(width + 0.2).toFixed(2)}" height="${(TOP + PLOT - top).toFixed(1)}"/>`,
    );
  }
  const axis = ticksTo(most).map(
    (tick) =>
      `<line class="a" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(tick).toFixed(1)}" y2="${y(tick).toFixed(1)}"/><text class="s" x="${LEFT - 8}" y="${(y(tick) + 4).toFixed(1)}" text-anchor="end">${formatNumber(tick, 3)}</text>`,
  );
  const clusters = labels.reduce((greatest, label) => Math.max(greatest, label + 1), 0);
  const height = TOP + PLOT + 34;
  const below = `<text class="s" x="16" y="${height - 12}">Reachability of ${length.toLocaleString('en')} rows in the order of OPTICS; valleys are clusters, grey is noise</text>`;
  return picture(`${clusters} clusters as valleys`, WIDTH, height, [...axis, ...bars, below].join('\n'));
}
