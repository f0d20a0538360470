import { formatCount, formatNumber, formatShare } from '../../table/format.js';
import type { DrawnNode, DrawnTree } from './drawn-tree.js';

/** A tree in characters: a line a node, the branches before it. */
export function treeText(drawn: DrawnTree): string {
  const lines: string[] = [];
  const write = (node: DrawnNode, before: string, branch: string, below: string): void => {
    const [question, facts] = [node.question ? `${node.question}?  ` : '', factsOf(drawn, node)];
    lines.push(`${before}${branch}${question}${facts}${hiddenText(node)}`);
    if (!node.left || !node.right) return;
    const missing = (side: 'left' | 'right') => (node.missing === side ? ' (or missing)' : '');
    write(node.left, before + below, `├─ yes${missing('left')}: `, '│  ');
    write(node.right, before + below, `└─ no${missing('right')}: `, '   ');
  };
  write(drawn.root, '', '', '');
  return lines.join('\n');
}

/** '50 rows, setosa 100 %' */
export function factsOf(drawn: DrawnTree, node: DrawnNode): string {
  const rows = node.cover === undefined ? [] : [rowsText(node.cover)];
  return [...rows, ...valueText(drawn, node)].join(', ');
}

function hiddenText({ hidden }: DrawnNode): string {
  return hidden > 0 ? ` … ${hidden} leaves below` : '';
}

function rowsText(cover: number): string {
  return `${formatCount(Number(cover.toPrecision(6)))} ${cover === 1 ? 'row' : 'rows'}`;
}

/** The most probable class and its share, or each output's value. */
function valueText({ outputs, unit }: DrawnTree, { values }: DrawnNode): string[] {
  if (unit !== 'probability') {
    if (values.length === 1) return [formatNumber(values[0]!)];
    return values.slice(0, 3).map((value, k) => `${outputs[k]!.replace(/^prediction_/, '')} ${formatNumber(value)}`);
  }
  if (values.length === 1) return [`${outputs[0]}: ${formatShare(values[0]!)}`];
  const best = values.reduce((at, value, k) => (value > values[at]! ? k : at), 0);
  return [`${outputs[best]}: ${formatShare(values[best]!)}`];
}
