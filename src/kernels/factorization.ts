import { type CaseRandom, defineKernel, type Flavour, type Scalars } from './contract.js';
import { sigmoid } from './elementary.js';
import { realValues } from './gradient-descent.js';
import { philoxBlock, uniformOfWords } from './random.js';

/**
 * Factorisation of a sparse matrix of users and items: both are rows of `rank` numbers, and an entry is about the product
 * of two rows. Numerical policy: f64. Sums over entries run in the order of the entries, sums over factors in eight lanes
 * (`laneDot`) or, where each lane of a vector holds an item of its own, in the order of the factors; so nothing depends on
 * how rows are shared out. Matrices are row-major.
 */

const LANES = 8;
/** Items side by side where scores are computed: one a lane of the widest vectors. */
export const ITEM_PANEL = 8;

/** Σ a[j]·b[j] in eight lanes (element j goes to lane j mod 8), folded in halves. */
export function laneDot(a: Float64Array, aAt: number, b: Float64Array, bAt: number, length: number): number {
  const lanes = new Float64Array(LANES);
  for (let j = 0; j < length; j++) lanes[j % LANES] = a[aAt + j]! * b[bAt + j]! + lanes[j % LANES]!;
  return foldEight(lanes);
}

function foldEight(lanes: Float64Array): number {
  for (let width = LANES / 2; width >= 1; width /= 2) {
    for (let lane = 0; lane < width; lane++) lanes[lane] = lanes[lane]! + lanes[lane + width]!;
  }
  return lanes[0]!;
}

const rowCount = { name: 'rowCount', dtype: 'i32', meaning: 'rows to be found' } as const;
const entryCount = { name: 'entryCount', dtype: 'i32', meaning: 'entries of the whole matrix' } as const;
const otherCount = { name: 'otherCount', dtype: 'i32', meaning: 'rows of the other side' } as const;
const rank = { name: 'rank', dtype: 'i32', meaning: 'factors of a row, ≥ 1' } as const;
const ridge = { name: 'ridge', dtype: 'f64', meaning: 'added to the diagonal of every system' } as const;
const ridgePerEntry = { name: 'ridgePerEntry', dtype: 'f64', meaning: 'added once for each entry of the row' } as const;

const offsets = {
  name: 'offsets',
  role: 'in',
  dtype: 'i32',
  length: (s: Scalars) => s.rowCount! + 1,
  meaning: 'first entry of each row',
} as const;
const indices = {
  name: 'indices',
  role: 'in',
  dtype: 'i32',
  length: (s: Scalars) => s.entryCount!,
  meaning: 'the other side of each entry',
} as const;
const weights = {
  name: 'weights',
  role: 'in',
  dtype: 'f64',
  length: (s: Scalars) => s.entryCount!,
  meaning: 'w of each entry, ≥ 0',
} as const;
const targets = {
  name: 'targets',
  role: 'in',
  dtype: 'f64',
  length: (s: Scalars) => s.entryCount!,
  meaning: 't of each entry: its weight times the value aimed at',
} as const;
const others = {
  name: 'others',
  role: 'in',
  dtype: 'f64',
  length: (s: Scalars) => s.otherCount! * s.rank!,
  meaning: "the other side's rows y",
} as const;
const gram = {
  name: 'gram',
  role: 'in',
  dtype: 'f64',
  length: (s: Scalars) => s.rank! * s.rank!,
  meaning: 'G, symmetric: what the pairs that have no entry weigh; absent: nothing',
  optional: true,
} as const;

export const factor_solve_rows_f64 = defineKernel({
  name: 'factor_solve_rows_f64',
  family: 'linear-algebra',
  summary:
    'Rows x of one side of a factorisation, the other being given: (G + Σ w·y·yᵀ + ridge) x = Σ t·y over the entries of the row, by Cholesky. A row without entries is 0, and so is a factor whose pivot is not above 0.',
  source: 'Hu, Koren, Volinsky: Collaborative filtering for implicit feedback datasets, ICDM 2008',
  arguments: [
    offsets,
    indices,
    weights,
    targets,
    others,
    gram,
    { name: 'out', role: 'out', dtype: 'f64', length: (s) => s.rowCount! * s.rank!, meaning: 'the rows x' },
    {
      name: 'system',
      role: 'scratch',
      dtype: 'f64',
      length: (s) => s.rank! * (s.rank! + 2),
      meaning: 'upper half of the system, its right side as the last column, and the inverted pivots',
    },
    rowCount,
    entryCount,
    otherCount,
    rank,
    ridge,
    ridgePerEntry,
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (
    offsets,
    indices,
    weights,
    targets,
    others,
    gram,
    out,
    system,
    rowCount,
    _entryCount,
    _otherCount,
    rank,
    ridge,
    ridgePerEntry,
  ) => {
    const stride = rank + 1;
    const inverses = system.subarray(rank * stride);
    for (let row = 0; row < rowCount; row++) {
      const x = out.subarray(row * rank, (row + 1) * rank);
      const [first, last] = [offsets[row]!, offsets[row + 1]!];
      if (first === last) {
        x.fill(0);
        continue;
      }
      for (let i = 0; i < rank; i++) {
        for (let j = i; j < rank; j++) system[i * stride + j] = gram ? gram[i * rank + j]! : 0;
        system[i * stride + rank] = 0;
      }
      for (let e = first; e < last; e++) {
        const y = others.subarray(indices[e]! * rank, (indices[e]! + 1) * rank);
        for (let i = 0; i < rank; i++) {
          const scaled = weights[e]! * y[i]!;
          for (let j = i; j < rank; j++) system[i * stride + j] = scaled * y[j]! + system[i * stride + j]!;
          system[i * stride + rank] = targets[e]! * y[i]! + system[i * stride + rank]!;
        }
      }
      const diagonal = ridgePerEntry * (last - first) + ridge;
      for (let i = 0; i < rank; i++) system[i * stride + i] = system[i * stride + i]! + diagonal;
      for (let k = 0; k < rank; k++) {
        const pivot = system[k * stride + k]!;
        const inverse = pivot > 0 ? 1 / Math.sqrt(pivot) : 0;
        inverses[k] = inverse;
        for (let j = k; j <= rank; j++) system[k * stride + j] = system[k * stride + j]! * inverse;
        for (let i = k + 1; i < rank; i++) {
          const factor = system[k * stride + i]!;
          for (let j = i; j <= rank; j++) {
            system[i * stride + j] = system[i * stride + j]! - factor * system[k * stride + j]!;
          }
        }
      }
      for (let i = rank - 1; i >= 0; i--) {
        const known = laneDot(system, i * stride + i + 1, x, i + 1, rank - i - 1);
        x[i] = (system[i * stride + rank]! - known) * inverses[i]!;
      }
    }
  },
  inputs: (size, random, flavour) => {
    const { scalars, buffers } = factorCase(size, random, flavour);
    const ridgePerEntry = flavour === 'skewed' ? 0.05 : 0;
    return { scalars: { ...scalars, ridge: flavour === 'one-bin' ? 0 : 0.5, ridgePerEntry }, buffers };
  },
  work: (s) => ({
    elements: s.entryCount!,
    flops: s.entryCount! * s.rank! * (s.rank! + 3) + (s.rowCount! * s.rank! ** 3) / 3,
  }),
});

export const factor_conjugate_rows_f64 = defineKernel({
  name: 'factor_conjugate_rows_f64',
  family: 'linear-algebra',
  summary:
    'As factor_solve_rows_f64, by a few steps of conjugate gradients from the rows as they are. A row without entries becomes 0.',
  source: 'Takács, Pilászy, Tikk: Applications of the conjugate gradient method for implicit feedback, RecSys 2011',
  arguments: [
    offsets,
    indices,
    weights,
    targets,
    others,
    gram,
    { name: 'rows', role: 'inout', dtype: 'f64', length: (s) => s.rowCount! * s.rank!, meaning: 'the rows x' },
    {
      name: 'vectors',
      role: 'scratch',
      dtype: 'f64',
      length: (s) => 3 * s.rank!,
      meaning: 'residual, direction, and the system times it',
    },
    rowCount,
    entryCount,
    otherCount,
    rank,
    ridge,
    ridgePerEntry,
    { name: 'steps', dtype: 'i32', meaning: 'steps at most; fewer where the squared residual falls below 1e-20' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (
    offsets,
    indices,
    weights,
    targets,
    others,
    gram,
    rows,
    vectors,
    rowCount,
    _entryCount,
    _otherCount,
    rank,
    ridge,
    ridgePerEntry,
    steps,
  ) => {
    const residual = vectors.subarray(0, rank);
    const direction = vectors.subarray(rank, 2 * rank);
    const product = vectors.subarray(2 * rank, 3 * rank);
    for (let row = 0; row < rowCount; row++) {
      const x = rows.subarray(row * rank, (row + 1) * rank);
      const [first, last] = [offsets[row]!, offsets[row + 1]!];
      if (first === last) {
        x.fill(0);
        continue;
      }
      const diagonal = ridgePerEntry * (last - first) + ridge;
      // out = (diagonal + G) v + Σ (w·(y·v) − t) y, the targets t left out for a direction.
      const apply = (v: Float64Array, out: Float64Array, withTargets: boolean) => {
        for (let j = 0; j < rank; j++) out[j] = diagonal * v[j]!;
        for (let k = 0; k < rank && gram; k++) {
          for (let j = 0; j < rank; j++) out[j] = v[k]! * gram[k * rank + j]! + out[j]!;
        }
        for (let e = first; e < last; e++) {
          const at = indices[e]! * rank;
          const scored = weights[e]! * laneDot(others, at, v, 0, rank);
          const factor = withTargets ? scored - targets[e]! : scored;
          for (let j = 0; j < rank; j++) out[j] = factor * others[at + j]! + out[j]!;
        }
      };
      apply(x, product, true);
      for (let j = 0; j < rank; j++) direction[j] = residual[j] = 0 - product[j]!;
      let square = laneDot(residual, 0, residual, 0, rank);
      for (let step = 0; step < steps && square > 1e-20; step++) {
        apply(direction, product, false);
        const curvature = laneDot(direction, 0, product, 0, rank);
        if (!(curvature > 0)) break;
        const length = square / curvature;
        for (let j = 0; j < rank; j++) {
          x[j] = length * direction[j]! + x[j]!;
          residual[j] = residual[j]! - length * product[j]!;
        }
        const next = laneDot(residual, 0, residual, 0, rank);
        const share = next / square;
        for (let j = 0; j < rank; j++) direction[j] = share * direction[j]! + residual[j]!;
        square = next;
      }
    }
  },
  inputs: (size, random, flavour) => {
    const { scalars, buffers } = factorCase(size, random, flavour);
    const rows = realValues(scalars.rowCount * scalars.rank, random, flavour);
    const own = { ridge: 0.5, ridgePerEntry: flavour === 'skewed' ? 0.05 : 0, steps: flavour === 'ties' ? 0 : 3 };
    return { scalars: { ...scalars, ...own }, buffers: { ...buffers, rows } };
  },
  work: (s) => ({
    elements: s.entryCount!,
    flops: (s.steps! + 1) * (4 * s.entryCount! * s.rank! + 2 * s.rowCount! * s.rank! * s.rank!),
  }),
});

export const factor_losses_f64 = defineKernel({
  name: 'factor_losses_f64',
  family: 'linear-algebra',
  summary:
    'By row: xᵀGx + Σ (w·(x·y) − 2t)·(x·y), the squared error of a factorisation but for what does not depend on it (Σ t²/w).',
  arguments: [
    offsets,
    indices,
    weights,
    targets,
    others,
    gram,
    { name: 'rows', role: 'in', dtype: 'f64', length: (s) => s.rowCount! * s.rank!, meaning: 'the rows x' },
    { name: 'out', role: 'out', dtype: 'f64', length: (s) => s.rowCount!, meaning: 'the loss of each row' },
    { name: 'product', role: 'scratch', dtype: 'f64', length: (s) => s.rank!, meaning: 'Gx' },
    rowCount,
    entryCount,
    otherCount,
    rank,
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (
    offsets,
    indices,
    weights,
    targets,
    others,
    gram,
    rows,
    out,
    product,
    rowCount,
    _entryCount,
    _otherCount,
    rank,
  ) => {
    for (let row = 0; row < rowCount; row++) {
      const at = row * rank;
      let loss = 0;
      if (gram) {
        product.fill(0);
        for (let k = 0; k < rank; k++) {
          for (let j = 0; j < rank; j++) product[j] = rows[at + k]! * gram[k * rank + j]! + product[j]!;
        }
        loss = laneDot(rows, at, product, 0, rank);
      }
      for (let e = offsets[row]!; e < offsets[row + 1]!; e++) {
        const score = laneDot(others, indices[e]! * rank, rows, at, rank);
        loss = (weights[e]! * score - 2 * targets[e]!) * score + loss;
      }
      out[row] = loss;
    }
  },
  inputs: (size, random, flavour) => {
    const { scalars, buffers } = factorCase(size, random, flavour);
    return { scalars, buffers: { ...buffers, rows: realValues(scalars.rowCount * scalars.rank, random, flavour) } };
  },
  work: (s) => ({ elements: s.entryCount!, flops: 2 * s.entryCount! * s.rank! }),
});

export const factor_gram_f64 = defineKernel({
  name: 'factor_gram_f64',
  family: 'linear-algebra',
  summary: 'Σ x·xᵀ over rows of factors: symmetric, both halves written. The rows are added in their order.',
  arguments: [
    { name: 'rows', role: 'in', dtype: 'f64', length: (s) => s.rowCount! * s.rank!, meaning: 'the rows x' },
    { name: 'out', role: 'out', dtype: 'f64', length: (s) => s.rank! * s.rank!, meaning: 'the sum' },
    { name: 'rowCount', dtype: 'i32', meaning: 'rows' },
    rank,
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (rows, out, rowCount, rank) => {
    out.fill(0);
    for (let row = 0; row < rowCount; row++) {
      const x = rows.subarray(row * rank, (row + 1) * rank);
      for (let i = 0; i < rank; i++) {
        for (let j = i; j < rank; j++) out[i * rank + j] = x[i]! * x[j]! + out[i * rank + j]!;
      }
    }
    for (let i = 0; i < rank; i++) for (let j = 0; j < i; j++) out[i * rank + j] = out[j * rank + i]!;
  },
  inputs: (size, random, flavour) => {
    const rank = 1 + (size % 37);
    return { scalars: { rowCount: size, rank }, buffers: { rows: realValues(size * rank, random, flavour) } };
  },
  work: (s) => ({
    elements: s.rowCount! * s.rank!,
    flops: s.rowCount! * s.rank! * (s.rank! + 1),
    bytes: 8 * s.rowCount! * s.rank!,
  }),
});

export const bpr_update_f64 = defineKernel({
  name: 'bpr_update_f64',
  family: 'gradient-descent',
  summary:
    'Steps of Bayesian personalised ranking, one after the other: step t draws an entry (user, item) and another item of `blockItems` with block startIndex + t of the key; where the user has not seen that one, the three rows move so that the first item scores higher. counts receives how often it did already, and how many steps counted.',
  source: 'Rendle, Freudenthaler, Gantner, Schmidt-Thieme: BPR, UAI 2009',
  arguments: [
    { name: 'users', role: 'in', dtype: 'i32', length: (s) => s.entryCount!, meaning: 'user of each entry' },
    { name: 'items', role: 'in', dtype: 'i32', length: (s) => s.entryCount!, meaning: 'item of each entry' },
    {
      name: 'seenOffsets',
      role: 'in',
      dtype: 'i32',
      length: (s) => s.userCount! + 1,
      meaning: 'first seen item of each user',
    },
    {
      name: 'seenItems',
      role: 'in',
      dtype: 'i32',
      length: (s) => s.seenCount!,
      meaning: 'items, ascending for each user',
    },
    {
      name: 'blockItems',
      role: 'in',
      dtype: 'i32',
      length: (s) => s.blockItemCount!,
      meaning: 'items that the other one is drawn from',
    },
    {
      name: 'userFactors',
      role: 'inout',
      dtype: 'f64',
      length: (s) => s.userCount! * s.rank!,
      meaning: 'rows of the users',
    },
    {
      name: 'itemFactors',
      role: 'inout',
      dtype: 'f64',
      length: (s) => s.itemCount! * s.rank!,
      meaning: 'rows of the items',
    },
    { name: 'itemBiases', role: 'inout', dtype: 'f64', length: (s) => s.itemCount!, meaning: 'added to the scores' },
    { name: 'counts', role: 'out', dtype: 'i32', length: () => 2, meaning: 'ranked right before their step; steps' },
    { name: 'keyLow', dtype: 'i32', meaning: 'low 32 bits of the key' },
    { name: 'keyHigh', dtype: 'i32', meaning: 'high 32 bits of the key' },
    { name: 'startIndex', dtype: 'f64', meaning: 'block of the first step, an integer in [0, 2^53)' },
    { name: 'stepCount', dtype: 'i32', meaning: 'steps; none where there is no entry or no item to draw' },
    { name: 'entryCount', dtype: 'i32', meaning: 'entries' },
    { name: 'blockItemCount', dtype: 'i32', meaning: 'items to draw' },
    { name: 'userCount', dtype: 'i32', meaning: 'users' },
    { name: 'itemCount', dtype: 'i32', meaning: 'items' },
    { name: 'seenCount', dtype: 'i32', meaning: 'seen items in all' },
    rank,
    { name: 'learningRate', dtype: 'f64', meaning: 'length of a step' },
    { name: 'regularization', dtype: 'f64', meaning: 'pull towards 0' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (
    users,
    items,
    seenOffsets,
    seenItems,
    blockItems,
    userFactors,
    itemFactors,
    itemBiases,
    counts,
    keyLow,
    keyHigh,
    startIndex,
    stepCount,
    entryCount,
    blockItemCount,
    _userCount,
    _itemCount,
    _seenCount,
    rank,
    learningRate,
    regularization,
  ) => {
    counts.fill(0);
    const words = new Uint32Array(4);
    const lanes = new Float64Array(LANES);
    for (let step = 0; step < stepCount && entryCount > 0 && blockItemCount > 0; step++) {
      philoxBlock(words, keyLow, keyHigh, startIndex + step);
      const entry = Math.floor(uniformOfWords(words[0]!, words[1]!) * entryCount);
      const other = blockItems[Math.floor(uniformOfWords(words[2]!, words[3]!) * blockItemCount)]!;
      const [user, item] = [users[entry]!, items[entry]!];
      if (isSeen(seenItems, seenOffsets[user]!, seenOffsets[user + 1]!, other)) continue;
      const [u, i, o] = [user * rank, item * rank, other * rank];
      lanes.fill(0);
      for (let j = 0; j < rank; j++) {
        lanes[j % LANES] = userFactors[u + j]! * (itemFactors[i + j]! - itemFactors[o + j]!) + lanes[j % LANES]!;
      }
      const lead = itemBiases[item]! - itemBiases[other]! + foldEight(lanes);
      const z = sigmoid(-lead);
      counts[1]!++;
      if (lead > 0) counts[0]!++;
      for (let j = 0; j < rank; j++) {
        const [a, b, c] = [userFactors[u + j]!, itemFactors[i + j]!, itemFactors[o + j]!];
        userFactors[u + j] = a + learningRate * (z * (b - c) - regularization * a);
        itemFactors[i + j] = b + learningRate * (z * a - regularization * b);
        itemFactors[o + j] = c - learningRate * (z * a + regularization * c);
      }
      const [b, c] = [itemBiases[item]!, itemBiases[other]!];
      itemBiases[item] = b + learningRate * (z - regularization * b);
      itemBiases[other] = c - learningRate * (z + regularization * c);
    }
  },
  inputs: (size, random, flavour) => {
    const [userCount, itemCount, rank] = [1 + (size >> 2), 30, 1 + (size % 37)];
    const { seenOffsets, seenItems } = seenCase(userCount, itemCount, random, flavour === 'skewed' ? 28 : 6);
    const users = new Int32Array(seenItems.length);
    for (let user = 0; user < userCount; user++) users.fill(user, seenOffsets[user]!, seenOffsets[user + 1]!);
    const entries = flavour === 'nulls' ? 0 : users.length;
    const blockItems = Int32Array.from({ length: flavour === 'one-bin' ? 0 : itemCount }, (_, i) => itemCount - 1 - i);
    return {
      scalars: {
        keyLow: random.integer(4_294_967_296) | 0,
        keyHigh: random.integer(4_294_967_296) | 0,
        startIndex: random.integer(9) + [0, 4_294_967_290][random.integer(2)]!,
        stepCount: size,
        entryCount: entries,
        blockItemCount: blockItems.length,
        userCount,
        itemCount,
        seenCount: seenItems.length,
        rank,
        learningRate: 0.05,
        regularization: 0.01,
      },
      buffers: {
        users: users.slice(0, entries),
        items: seenItems.slice(0, entries),
        seenOffsets,
        seenItems,
        blockItems,
        userFactors: realValues(userCount * rank, random, flavour),
        itemFactors: realValues(itemCount * rank, random, flavour),
        itemBiases: realValues(itemCount, random, flavour),
      },
    };
  },
  work: (s) => ({ elements: s.stepCount!, flops: 16 * s.stepCount! * s.rank! }),
});

/** Is `item` among the ascending items [start, end)? */
export function isSeen(items: Int32Array, start: number, end: number, item: number): boolean {
  let [low, high] = [start, end];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (items[middle]! < item) low = middle + 1;
    else high = middle;
  }
  return low < end && items[low] === item;
}

/** Puts (score, item) into the list of n at `at`, the highest first, the lower item first among equals. */
export function offerScore(
  scores: Float64Array,
  items: Int32Array,
  at: number,
  n: number,
  score: number,
  item: number,
): void {
  const before = (place: number) => score > scores[place]! || (score === scores[place] && item < items[place]!);
  let place = at + n - 1;
  if (!before(place)) return;
  while (place > at && before(place - 1)) {
    scores[place] = scores[place - 1]!;
    items[place] = items[place - 1]!;
    place--;
  }
  scores[place] = score;
  items[place] = item;
}

export const factor_top_f64 = defineKernel({
  name: 'factor_top_f64',
  family: 'distance',
  summary:
    'The n items of the highest bias + x·y for each user, the highest first and the lower item first among equals; without those seen and those not allowed. Where fewer are left, −1 with −Infinity; items whose score is NaN or −Infinity are left out.',
  arguments: [
    { name: 'rows', role: 'in', dtype: 'f64', length: (s) => s.userCount! * s.rank!, meaning: 'rows x of the users' },
    {
      name: 'panels',
      role: 'in',
      dtype: 'f64',
      length: (s) => 8 * Math.ceil(s.itemCount! / 8) * s.rank!,
      meaning:
        'rows y of the items, eight side by side: factor j of item i stands at (i div 8 · rank + j) · 8 + i mod 8',
    },
    {
      name: 'biases',
      role: 'in',
      dtype: 'f64',
      length: (s) => 8 * Math.ceil(s.itemCount! / 8),
      meaning: 'bias of each item',
    },
    {
      name: 'seenOffsets',
      role: 'in',
      dtype: 'i32',
      length: (s) => s.userCount! + 1,
      meaning: 'first seen item of each user',
    },
    {
      name: 'seenItems',
      role: 'in',
      dtype: 'i32',
      length: (s) => s.seenCount!,
      meaning: 'items, ascending for each user',
    },
    {
      name: 'allowed',
      role: 'in',
      dtype: 'u8',
      length: (s) => s.itemCount!,
      meaning: '0: never offered; absent: all are',
      optional: true,
    },
    { name: 'scores', role: 'out', dtype: 'f64', length: (s) => s.userCount! * s.n!, meaning: 'the highest scores' },
    { name: 'items', role: 'out', dtype: 'i32', length: (s) => s.userCount! * s.n!, meaning: 'their items' },
    { name: 'userCount', dtype: 'i32', meaning: 'users' },
    { name: 'itemCount', dtype: 'i32', meaning: 'items' },
    { name: 'seenCount', dtype: 'i32', meaning: 'seen items in all' },
    rank,
    { name: 'n', dtype: 'i32', meaning: 'items wanted, ≥ 1' },
  ],
  returns: 'void',
  agreement: 'exact',
  reference: (
    rows,
    panels,
    biases,
    seenOffsets,
    seenItems,
    allowed,
    scores,
    items,
    userCount,
    itemCount,
    _seenCount,
    rank,
    n,
  ) => {
    scores.fill(Number.NEGATIVE_INFINITY);
    items.fill(-1);
    for (let user = 0; user < userCount; user++) {
      for (let item = 0; item < itemCount; item++) {
        const at = (item >> 3) * rank * ITEM_PANEL + (item & 7);
        let score = biases[item]!;
        for (let j = 0; j < rank; j++) score = rows[user * rank + j]! * panels[at + j * ITEM_PANEL]! + score;
        if (!(score > scores[user * n + n - 1]!)) continue;
        if (allowed && allowed[item] === 0) continue;
        if (isSeen(seenItems, seenOffsets[user]!, seenOffsets[user + 1]!, item)) continue;
        offerScore(scores, items, user * n, n, score, item);
      }
    }
  },
  inputs: (size, random, flavour) => {
    const [itemCount, rank, n] = [flavour === 'skewed' ? size : 1 + (size % 50), 1 + (size % 19), 1 + (size % 12)];
    const userCount = flavour === 'skewed' ? 3 : Math.min(size, 200);
    const { seenOffsets, seenItems } = seenCase(userCount, itemCount, random, 5);
    const padded = 8 * Math.ceil(itemCount / 8);
    return {
      scalars: { userCount, itemCount, seenCount: seenItems.length, rank, n },
      buffers: {
        rows: realValues(userCount * rank, random, flavour),
        panels: realValues(padded * rank, random, flavour),
        biases: realValues(padded, random, flavour),
        seenOffsets,
        seenItems,
        allowed: flavour === 'plain' ? null : Uint8Array.from({ length: itemCount }, () => random.integer(4) && 1),
      },
    };
  },
  work: (s) => ({
    elements: s.userCount! * s.itemCount!,
    flops: 2 * s.userCount! * s.itemCount! * s.rank!,
  }),
});

/** Rows of 0 … 9 entries among 40 rows of the other side; the first entry of the first row need not be entry 0. */
function factorCase(size: number, random: CaseRandom, flavour: Flavour) {
  const [otherCount, rank] = [40, 1 + (size % 37)];
  const offsets = new Int32Array(size + 1).fill(flavour === 'nulls' ? 3 : 0);
  for (let row = 0; row < size; row++) {
    const most = flavour === 'skewed' && row === 1 ? 200 : 10;
    offsets[row + 1] = offsets[row]! + random.integer(most);
  }
  const entryCount = offsets[size]!;
  const indices = Int32Array.from({ length: entryCount }, () => random.integer(otherCount));
  const weights = Float64Array.from(realValues(entryCount, random, flavour), (value) => value * value);
  const targets = realValues(entryCount, random, flavour);
  const others = realValues(otherCount * rank, random, flavour);
  return {
    scalars: { rowCount: size, entryCount, otherCount, rank },
    buffers: { offsets, indices, weights, targets, others, gram: gramCase(others, rank, flavour) },
  };
}

function gramCase(others: Float64Array, rank: number, flavour: Flavour): Float64Array | null {
  if (flavour === 'plain' || flavour === 'one-bin') return null;
  const out = new Float64Array(rank * rank);
  for (let at = 0; at < others.length; at += rank) {
    for (let i = 0; i < rank; i++) {
      for (let j = 0; j < rank; j++) out[i * rank + j] = out[i * rank + j]! + others[at + i]! * others[at + j]!;
    }
  }
  return out;
}

/** For each user some items, ascending and different. */
function seenCase(userCount: number, itemCount: number, random: CaseRandom, most: number) {
  const seenOffsets = new Int32Array(userCount + 1);
  const seen: number[] = [];
  for (let user = 0; user < userCount; user++) {
    const own = new Set(Array.from({ length: random.integer(most + 1) }, () => random.integer(Math.max(1, itemCount))));
    if (itemCount > 0) seen.push(...[...own].sort((a, b) => a - b));
    seenOffsets[user + 1] = seen.length;
  }
  return { seenOffsets, seenItems: Int32Array.from(seen) };
}
