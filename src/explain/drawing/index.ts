export { type DendrogramOptions, dendrogramSvg } from './dendrogram-svg.js';
export { type DrawnNode, type DrawnTree, type DrawOptions, drawnTree } from './drawn-tree.js';
export { reachabilitySvg } from './reachability-svg.js';
export { treeSvg } from './tree-svg.js';
export { treeText } from './tree-text.js';
