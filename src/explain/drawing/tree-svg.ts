import type { DrawnNode, DrawnTree } from './drawn-tree.js';
import { factsOf } from './tree-text.js';

const [ROW, INDENT, LEFT, TOP, BAR] = [46, 26, 26, 46, 96];
/** Widths in pixels; a character of a question, and of what stands below it. */
const [NARROWEST, WIDEST, CHARACTER, SMALL] = [420, 900, 8.7, 7];
/** Told apart in both schemes and by most eyes (Okabe and Ito 2008, without black and yellow). */
const HUES = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00', '#7f7f7f', '#8b5cf6'];

const style = `.t{font:14px ui-sans-serif,system-ui,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;fill:#1c2024}.q{font-weight:600}.s{font-size:12px;fill:#5d666f}.h{font-size:16px;font-weight:650}.b{stroke:#aab2b9;fill:none;stroke-width:1.5}.g{fill:#e3e6e8}.p{fill:#fff}
@media (prefers-color-scheme:dark){.t{fill:#e7eaec}.s{fill:#9ba5ae}.b{stroke:#56606a}.g{fill:#30363c}.p{fill:#15181b}}`;

interface Placed {
  readonly node: DrawnNode;
  readonly depth: number;
  readonly row: number;
  /** Row of the parent; −1 at the root. */
  readonly parent: number;
  /** 'yes', 'no', with where missing values go. */
  readonly branch: string;
}

/**
 * A tree as a picture: a node a row, below its parent and indented, so that it is read on a narrow screen too. The dot's area
 * is the node's share of the rows; bars show the classes' shares, or where between the least and the largest leaf a value
 * lies. Follows the light or dark scheme of where it is shown.
 */
export function treeSvg(drawn: DrawnTree): string {
  const nodes = place(drawn);
  const texts = nodes.map((placed) => ({
    placed,
    question: questionOf(placed),
    facts: factsOf(drawn, placed.node),
  }));
  const wanted = texts.map(
    ({ placed, question, facts }) => xOf(placed) + 18 + Math.max(CHARACTER * question.length, SMALL * facts.length),
  );
  const textEnd = Math.min(WIDEST, Math.max(NARROWEST - BAR - 32, ...wanted));
  const width = Math.ceil(textEnd + BAR + 32);
  const height = TOP + ROW * nodes.length + 30;
  const span = spanOf(nodes);
  const title = `Tree ${drawn.tree} of ${drawn.trees}`;
  const body = texts.map(({ placed, question, facts }) => {
    const room = textEnd - xOf(placed) - 18;
    return [
      dot(drawn, placed, nodes[0]!.node, span),
      text(
        xOf(placed) + 18,
        yOf(placed.row) - 1,
        placed.node.question ? 't q' : 't',
        shortened(question, Math.floor(room / CHARACTER)),
      ),
      text(xOf(placed) + 18, yOf(placed.row) + 15, 't s', shortened(facts, Math.floor(room / SMALL))),
      bar(drawn, placed, textEnd + 12, span),
    ].join('');
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" style="max-width:100%;height:auto" role="img" aria-label="${escaped(title)}"><style>${style}</style>
<rect class="p" width="100%" height="100%"/>${text(LEFT - 12, 24, 't h', title)}${legend(drawn, span, width)}
${nodes.map((placed) => branchPath(placed, nodes)).join('')}
${body.join('\n')}
</svg>
`;
}

function place(drawn: DrawnTree): Placed[] {
  const placed: Placed[] = [];
  const visit = (node: DrawnNode, depth: number, parent: number, branch: string) => {
    const row = placed.length;
    placed.push({ node, depth, row, parent, branch });
    if (!node.left || !node.right) return;
    const missing = (side: 'left' | 'right') => (node.missing === side ? ' or missing' : '');
    visit(node.left, depth + 1, row, `yes${missing('left')}: `);
    visit(node.right, depth + 1, row, `no${missing('right')}: `);
  };
  visit(drawn.root, 0, -1, '');
  return placed;
}

function xOf({ depth }: Placed): number {
  return LEFT + INDENT * depth;
}

function yOf(row: number): number {
  return TOP + ROW * row + 22;
}

function questionOf({ node, branch }: Placed): string {
  return `${branch}${node.question ? `${node.question}?` : node.hidden > 0 ? `${node.hidden} leaves more` : 'leaf'}`;
}

function branchPath(placed: Placed, nodes: readonly Placed[]): string {
  if (placed.parent < 0) return '';
  const parent = nodes[placed.parent]!;
  return `<path class="b" d="M${xOf(parent)} ${yOf(parent.row)}V${yOf(placed.row) - 8}q0 8 8 8H${xOf(placed)}"/>`;
}

function dot(drawn: DrawnTree, { node, depth, row }: Placed, root: DrawnNode, span: Span): string {
  const share = node.cover === undefined || !root.cover ? 0.3 : node.cover / root.cover;
  const radius = 3 + 7 * Math.sqrt(Math.min(1, Math.max(0, share)));
  return `<circle cx="${LEFT + INDENT * depth}" cy="${yOf(row)}" r="${rounded(radius)}" fill="${colourOf(drawn, node, span)}"/>`;
}

interface Span {
  readonly low: number;
  readonly high: number;
}

function spanOf(nodes: readonly Placed[]): Span {
  const values = nodes.map(({ node }) => node.values[0]!);
  return { low: Math.min(...values), high: Math.max(...values) };
}

function isShares({ unit, outputs }: DrawnTree): boolean {
  return unit === 'probability' && outputs.length > 0;
}

/** The most probable class's hue; a number's between blue and orange. */
function colourOf(drawn: DrawnTree, { values }: DrawnNode, { low, high }: Span): string {
  if (isShares(drawn)) {
    const best = values.length === 1 ? (values[0]! >= 0.5 ? 1 : 0) : values.indexOf(Math.max(...values));
    return HUES[best % HUES.length]!;
  }
  const at = high > low ? (values[0]! - low) / (high - low) : 0.5;
  const mix = (from: number, to: number) => Math.round(from + (to - from) * at);
  return `rgb(${mix(0, 230)},${mix(114, 140)},${mix(178, 0)})`;
}

/** Shares of the classes, or a mark where a number lies. */
function bar(drawn: DrawnTree, { node, row }: Placed, x: number, span: Span): string {
  const y = yOf(row) - 7;
  const back = `<rect class="g" x="${rounded(x)}" y="${y}" width="${BAR}" height="12" rx="3"/>`;
  if (!isShares(drawn)) {
    const at = span.high > span.low ? (node.values[0]! - span.low) / (span.high - span.low) : 0.5;
    const mark = `<rect x="${rounded(x + at * (BAR - 6))}" y="${y - 2}" width="6" height="16" rx="3" fill="${colourOf(drawn, node, span)}"/>`;
    return back + mark;
  }
  const shares = node.values.length === 1 ? [1 - node.values[0]!, node.values[0]!] : node.values;
  let from = x;
  const parts = shares.map((share, k) => {
    const width = BAR * Math.max(0, Math.min(1, share));
    const rect =
      width < 0.05
        ? ''
        : `<rect x="${rounded(from)}" y="${y}" width="${rounded(width)}" height="12" fill="${HUES[k % HUES.length]}"/>`;
    from += width;
    return rect;
  });
  return back + parts.join('');
}

/** What the bars show: classes by hue, or the ends of the scale. */
function legend(drawn: DrawnTree, { low, high }: Span, width: number): string {
  if (!isShares(drawn)) {
    const name = drawn.outputs[0]!.replace(/^prediction_/, '');
    return textAt(
      width - 20,
      24,
      't s',
      `${name} ${Number(low.toPrecision(3))} … ${Number(high.toPrecision(3))}`,
      'end',
    );
  }
  const names = drawn.outputs.length === 1 ? [`not ${drawn.outputs[0]}`, drawn.outputs[0]!] : drawn.outputs;
  let x = width - 20;
  const shown = names.slice(0, HUES.length).toReversed();
  return shown
    .map((name, index) => {
      const label = shortened(name, 14);
      x -= 6.6 * label.length + 22;
      const hue = HUES[shown.length - 1 - index];
      if (x < 130) return '';
      return `<rect x="${rounded(x)}" y="15" width="10" height="10" rx="2" fill="${hue}"/>${text(x + 14, 24, 't s', label)}`;
    })
    .join('');
}

function text(x: number, y: number, kind: string, content: string): string {
  return textAt(x, y, kind, content, 'start');
}

function textAt(x: number, y: number, kind: string, content: string, anchor: 'start' | 'end'): string {
  return `<text class="${kind}" x="${rounded(x)}" y="${y}"${anchor === 'end' ? ' text-anchor="end"' : ''}>${escaped(content)}</text>`;
}

function shortened(content: string, most: number): string {
  return content.length <= most ? content : `${content.slice(0, Math.max(1, most - 1))}…`;
}

function rounded(value: number): number {
  return Math.round(10 * value) / 10;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
