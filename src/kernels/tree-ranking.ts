import { type CaseRandom, defineKernel, type Flavour } from './contract.js';
import { exp, log } from './elementary.js';
import { realValues } from './gradient-descent.js';
import { laneSum } from './sums.js';

export const derivatives_lambdarank_f32 = defineKernel({
  name: 'derivatives_lambdarank_f32',
  family: 'tree-building',
  summary:
    'LambdaRank: each pair of a list’s rows whose gains differ pulls apart, by the NDCG that swapping them would change; pairs with neither row among the first `truncation` are left out.',
  source:
    'Burges 2010, From RankNet to LambdaRank to LambdaMART; the normalisation is LightGBM’s (src/objective/rank_objective.hpp)',
  arguments: [
    { name: 'raw', role: 'in', dtype: 'f64', length: (s) => s.dataRows!, meaning: 'raw predictions of every row' },
    { name: 'gains', role: 'in', dtype: 'f64', length: (s) => s.dataRows!, meaning: 'of every row, 2^label − 1' },
    {
      name: 'weights',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.dataRows!,
      meaning: 'row weights; absent: 1',
      optional: true,
    },
    { name: 'rows', role: 'in', dtype: 'u32', length: (s) => s.listRows!, meaning: 'rows, list after list' },
    {
      name: 'ends',
      role: 'in',
      dtype: 'i32',
      length: (s) => s.listCount! + 1,
      meaning: 'where each list begins in `rows`; at last, where the last one ends',
    },
    {
      name: 'inverseIdeal',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.listCount!,
      meaning: '1 / the greatest DCG of each list within `truncation`; 0 where it is 0',
    },
    {
      name: 'discounts',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.longest!,
      meaning: 'by place: 1 / log2(2 + place)',
    },
    { name: 'gradients', role: 'inout', dtype: 'f32', length: (s) => s.dataRows!, meaning: 'those of `rows` are set' },
    { name: 'hessians', role: 'inout', dtype: 'f32', length: (s) => s.dataRows!, meaning: 'those of `rows` are set' },
    { name: 'scratch', role: 'scratch', dtype: 'f64', length: (s) => 8 * s.longest! + 8, meaning: 'one list' },
    { name: 'truncation', dtype: 'i32', meaning: 'places that count, at least 1' },
    { name: 'normalise', dtype: 'i32', meaning: '1: lists weigh alike, and far apart scores pull less; 0: not' },
    { name: 'steepness', dtype: 'f64', meaning: 'of the logistic in the difference of scores, > 0' },
    { name: 'gradientScale', dtype: 'f64', meaning: 'a power of two' },
    { name: 'hessianScale', dtype: 'f64', meaning: 'a power of two' },
    { name: 'longest', dtype: 'i32', meaning: 'rows of the longest list' },
    { name: 'listCount', dtype: 'i32', meaning: 'lists' },
    { name: 'listRows', dtype: 'i32', meaning: 'rows of all lists' },
    { name: 'dataRows', dtype: 'i32', meaning: 'rows of the table' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (
    raw,
    gains,
    weights,
    rows,
    ends,
    inverseIdeal,
    discounts,
    gradients,
    hessians,
    _scratch,
    truncation,
    normalise,
    steepness,
    gradientScale,
    hessianScale,
    _longest,
    listCount,
  ) => {
    for (let list = 0; list < listCount; list++) {
      const members = rows.subarray(ends[list]!, ends[list + 1]!);
      const ranked = [...members.keys()]
        .sort((a, b) => raw[members[b]!]! - raw[members[a]!]! || a - b)
        .map((place) => members[place]!);
      const count = ranked.length;
      const [gradient, hessian] = [new Float64Array(count), new Float64Array(count)];
      const distance = normalise === 1 && count > 0 && raw[ranked[0]!] !== raw[ranked[count - 1]!];
      let total = 0;
      for (let i = 0; i < Math.min(count - 1, truncation); i++) {
        const pulls = new Float64Array(count);
        const curvatures = new Float64Array(count);
        for (let j = i + 1; j < count; j++) {
          const gap = gains[ranked[i]!]! - gains[ranked[j]!]!;
          const apart = raw[ranked[i]!]! - raw[ranked[j]!]!;
          const change = gap * (discounts[i]! - discounts[j]!) * inverseIdeal[list]!;
          // How far the better row is ahead, and the swap's NDCG: of `change`, sign and size.
          const ahead = gap < 0 ? -apart : apart;
          const swap = distance ? change / (0.01 + Math.abs(apart)) : change;
          const share = 1 / (1 + exp(steepness * ahead));
          pulls[j] = steepness * swap * share;
          curvatures[j] = steepness * steepness * Math.abs(swap) * (share * (1 - share));
          gradient[j] = gradient[j]! + pulls[j]!;
          hessian[j] = hessian[j]! + curvatures[j]!;
        }
        gradient[i] = gradient[i]! - laneSum(i + 1, count, (j) => pulls[j]!);
        hessian[i] = hessian[i]! + laneSum(i + 1, count, (j) => curvatures[j]!);
        total += 2 * laneSum(i + 1, count, (j) => Math.abs(pulls[j]!));
      }
      const factor = normalise === 1 && total > 0 ? (log(1 + total) * 1.4426950408889634) / total : 1;
      for (let i = 0; i < count; i++) {
        const row = ranked[i]!;
        const weight = (weights ? weights[row]! : 1) * factor;
        gradients[row] = weight * gradientScale * gradient[i]!;
        hessians[row] = weight * hessianScale * hessian[i]!;
      }
    }
  },
  inputs: (size, random, flavour) => lambdaCase(size, random, flavour),
  work: (s) => ({ elements: s.listRows! * Math.min(s.truncation!, s.longest!) }),
  benchSize: 4096,
});

export const ndcg_sum_f64 = defineKernel({
  name: 'ndcg_sum_f64',
  family: 'tree-building',
  summary: 'Sum of the weighted NDCG of lists, list after list; rows of one score share the mean of their places.',
  source: 'Järvelin and Kekäläinen 2002, Cumulated gain-based evaluation of IR techniques',
  arguments: [
    { name: 'raw', role: 'in', dtype: 'f64', length: (s) => s.dataRows!, meaning: 'raw predictions of every row' },
    { name: 'gains', role: 'in', dtype: 'f64', length: (s) => s.dataRows!, meaning: 'of every row, 2^label − 1' },
    {
      name: 'listWeights',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.listCount!,
      meaning: 'of the lists; absent: 1',
      optional: true,
    },
    { name: 'rows', role: 'in', dtype: 'u32', length: (s) => s.listRows!, meaning: 'rows, list after list' },
    { name: 'ends', role: 'in', dtype: 'i32', length: (s) => s.listCount! + 1, meaning: 'where each list begins' },
    {
      name: 'inverseIdeal',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.listCount!,
      meaning: '1 / the greatest DCG, or 0',
    },
    {
      name: 'discounts',
      role: 'in',
      dtype: 'f64',
      length: (s) => s.longest!,
      meaning: 'by place: 1 / log2(2 + place)',
    },
    { name: 'scratch', role: 'scratch', dtype: 'f64', length: (s) => 2 * s.longest!, meaning: 'one list' },
    { name: 'places', dtype: 'i32', meaning: 'places that count' },
    { name: 'longest', dtype: 'i32', meaning: 'rows of the longest list' },
    { name: 'listCount', dtype: 'i32', meaning: 'lists' },
    { name: 'listRows', dtype: 'i32', meaning: 'rows of all lists' },
    { name: 'dataRows', dtype: 'i32', meaning: 'rows of the table' },
  ],
  returns: 'f64',
  agreement: 'exact',
  reference: (raw, gains, listWeights, rows, ends, inverseIdeal, discounts, _scratch, places, _longest, listCount) => {
    let total = 0;
    for (let list = 0; list < listCount; list++) {
      const members = rows.slice(ends[list]!, ends[list + 1]!);
      const order = [...members.keys()].sort((a, b) => raw[members[b]!]! - raw[members[a]!]! || a - b);
      const ranked = order.map((place) => members[place]!);
      let [sum, begin] = [0, 0];
      while (begin < Math.min(places, ranked.length)) {
        let [gain, discount, end] = [0, 0, begin];
        for (; end < ranked.length && raw[ranked[end]!] === raw[ranked[begin]!]; end++) {
          gain += gains[ranked[end]!]!;
          if (end < places) discount += discounts[end]!;
        }
        sum += (gain / (end - begin)) * discount;
        begin = end;
      }
      total += (listWeights ? listWeights[list]! : 1) * (sum * inverseIdeal[list]!);
    }
    return total;
  },
  inputs: (size, random, flavour) => {
    const { scalars, buffers } = lambdaCase(size, random, flavour);
    const { longest, listCount, listRows, dataRows } = scalars;
    const { raw, gains, rows, ends, inverseIdeal, discounts } = buffers;
    const listWeights = random.integer(2) === 0 ? realValues(listCount, random, 'plain').map(Math.abs) : null;
    return {
      scalars: { places: 1 + random.integer(20), longest, listCount, listRows, dataRows },
      buffers: { raw, gains, listWeights, rows, ends, inverseIdeal, discounts },
    };
  },
  work: (s) => ({ elements: s.listRows! }),
});

function lambdaCase(size: number, random: CaseRandom, flavour: Flavour) {
  const dataRows = size + random.integer(4);
  const rows = Uint32Array.from({ length: dataRows }, (_, row) => row);
  // Lists need not lie together: rows in a random order, and some left out.
  for (let i = dataRows - 1; i > 0; i--) {
    const other = random.integer(i + 1);
    [rows[i], rows[other]] = [rows[other]!, rows[i]!];
  }
  const ends = [0];
  while (ends.at(-1)! < size) {
    const list = flavour === 'one-bin' ? size : 1 + random.integer(flavour === 'skewed' ? 3 : 60);
    ends.push(Math.min(size, ends.at(-1)! + list));
  }
  const listCount = ends.length - 1;
  const longest = Math.max(0, ...ends.slice(1).map((end, list) => end - ends[list]!));
  // Scores without NaN: those of a model are numbers.
  const kind = flavour === 'special' ? 'ties' : flavour;
  const scalars = {
    truncation: 1 + random.integer(30),
    normalise: random.integer(2),
    steepness: 1,
    gradientScale: 2,
    hessianScale: 0.5,
    longest,
    listCount,
    listRows: size,
    dataRows,
  };
  const derivatives = () => Float32Array.from(realValues(dataRows, random, 'plain'));
  return {
    scalars,
    buffers: {
      raw: realValues(dataRows, random, kind),
      gains: Float64Array.from({ length: dataRows }, () => 2 ** random.integer(5) - 1),
      weights: random.integer(2) === 0 ? realValues(dataRows, random, 'plain').map(Math.abs) : null,
      rows: rows.slice(0, size),
      ends: Int32Array.from(ends),
      inverseIdeal: Float64Array.from({ length: listCount }, () => (random.integer(5) === 0 ? 0 : random.uniform())),
      discounts: Float64Array.from({ length: longest }, (_, place) => 0.6931471805599453 / log(2 + place)),
      gradients: derivatives(),
      hessians: derivatives(),
    },
  };
}
