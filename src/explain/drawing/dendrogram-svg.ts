import { invalid } from '../../errors.js';
import { cutAt, cutInto, type Dendrogram } from '../../models/agglomerative/index.js';
import { formatNumber } from '../../table/format.js';
import { hueOf, picture, ticksTo } from './clustering-style.js';

export interface DendrogramOptions {
  /** Merges that are drawn, from the last one down; default 30. */
  readonly last?: number;
  /** Where the tree is cut, into so many clusters or at a distance: what lies below has a colour a cluster. */
  readonly nClusters?: number;
  readonly distanceThreshold?: number;
}

const [WIDTH, LEFT, RIGHT, TOP, PLOT] = [880, 64, 20, 48, 320];
/** Narrower than this, the counts below stand on end. */
const UPRIGHT = 34;

/**
 * The top of a hierarchical clustering as a picture: a bracket a merge, as high as the two were apart; below, how many rows
 * each of the groups has that are not taken apart any further.
 * @throws LanewiseError `usage` for options that cannot be
 */
export function dendrogramSvg(
  tree: Dendrogram,
  { last = 30, nClusters, distanceThreshold }: DendrogramOptions = {},
): string {
  if (!Number.isInteger(last) || last < 1) throw invalid('last', 'a whole number of merges from 1 on', last);
  const { rows, distances } = tree;
  const drawn = Math.min(last, distances.length);
  const clusters = Math.min(rows, nClusters ?? clustersAt(tree, distanceThreshold ?? Number.POSITIVE_INFINITY));
  const labels = cutInto(tree, clusters);
  const most = distances.at(-1) || 1;
  const y = (distance: number) => TOP + PLOT - (distance / most) * (PLOT - 12);
  const groups = drawnGroups(tree, drawn);
  const step = (WIDTH - LEFT - RIGHT) / groups.length;
  const places = new Map(groups.map((node, k) => [node, LEFT + (k + 0.5) * step]));
  const rowsOf = (node: number) => (node < rows ? 1 : tree.sizes[node - rows]!);
  const parts: string[] = ticksTo(most).map(
    (tick) =>
      `<line class="a" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(tick).toFixed(1)}" y2="${y(tick).toFixed(1)}"/><text class="s" x="${LEFT - 8}" y="${(y(tick) + 4).toFixed(1)}" text-anchor="end">${formatNumber(tick, 3)}</text>`,
  );
  const heightOf = (node: number) => (node < rows ? 0 : distances[node - rows]!);
  for (let merge = distances.length - drawn; merge < distances.length; merge++) {
    const [a, b] = [tree.children[2 * merge]!, tree.children[2 * merge + 1]!];
    const [xa, xb] = [places.get(a)!, places.get(b)!];
    places.set(rows + merge, (xa + xb) / 2);
    // A merge is below the cut where it is one of those that the clusters are made of.
    const isBelow = merge < distances.length - (clusters - 1);
    const colour = isBelow ? ` style="stroke:${hueOf(labels[someRow(tree, a)]!)}"` : '';
    const foot = (node: number) => y(places.has(node) && groups.includes(node) ? 0 : heightOf(node)).toFixed(1);
    parts.push(
      `<path class="l"${colour} d="M${xa.toFixed(1)} ${foot(a)}V${y(distances[merge]!).toFixed(1)}H${xb.toFixed(1)}V${foot(b)}"/>`,
    );
  }
  groups.forEach((node, k) => {
    const x = (LEFT + (k + 0.5) * step).toFixed(1);
    const at = TOP + PLOT + 16;
    const text = rowsOf(node).toLocaleString('en');
    const turned = step < UPRIGHT ? ` transform="rotate(-90 ${x} ${at})" text-anchor="end"` : ' text-anchor="middle"';
    parts.push(
      `<circle cx="${x}" cy="${TOP + PLOT}" r="3" fill="${hueOf(labels[someRow(tree, node)]!)}"/><text class="s" x="${x}" y="${step < UPRIGHT ? at + 4 : at}"${turned}>${text}</text>`,
    );
  });
  if (clusters > 1 && clusters <= distances.length) {
    const above = distances[distances.length - clusters + 1]!;
    const below = distances[distances.length - clusters] ?? 0;
    const cut = y((above + below) / 2).toFixed(1);
    parts.push(
      `<line class="c" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${cut}" y2="${cut}"/><text x="${WIDTH - RIGHT}" y="${(Number(cut) - 6).toFixed(1)}" text-anchor="end">${clusters} clusters</text>`,
    );
  }
  const height = TOP + PLOT + 66;
  parts.push(
    `<text class="s" x="16" y="${height - 12}">Rows in each group; above, how far apart groups were when they were merged</text>`,
  );
  const title = `The last ${drawn} of ${distances.length.toLocaleString('en')} merges`;
  return picture(title, WIDTH, height, parts.join('\n'));
}

function clustersAt(tree: Dendrogram, distance: number): number {
  return cutAt(tree, distance).reduce((most, label) => Math.max(most, label + 1), 0);
}

/** The nodes below the merges that are drawn, from left to right. */
function drawnGroups({ rows, children, distances }: Dendrogram, drawn: number): number[] {
  const first = rows + distances.length - drawn;
  const groups: number[] = [];
  const stack = [rows + distances.length - 1];
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (node < first) groups.push(node);
    else stack.push(children[2 * (node - rows) + 1]!, children[2 * (node - rows)]!);
  }
  return groups;
}

function someRow({ rows, children }: Dendrogram, node: number): number {
  let at = node;
  while (at >= rows) at = children[2 * (at - rows)]!;
  return at;
}
