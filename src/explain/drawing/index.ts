export { type DrawnNode, type DrawnTree, type DrawOptions, drawnTree } from './drawn-tree.js';
export { treeSvg } from './tree-svg.js';
export { treeText } from './tree-text.js';
