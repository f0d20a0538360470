// The law is src/kernels/tree-background.ts. Two rows walk down a tree together, and apart from where they part on.
//
// sides, 8 bytes each: by input, 1 the explained row is followed, 2 the other; behind them what `visit` returns for the other.

function goesLeft(
  node: usize, value: f64, threshold: usize, missingGoesLeft: usize, categoryOffset: usize, categoryWords: usize, categories: usize,
): bool {
  if (value != value) return load<u8>(missingGoesLeft + node) == 1;
  const offset = load<i32>(categoryOffset + (node << 2));
  if (offset < 0) return value <= load<f64>(threshold + (node << 3));
  const known = value >= 0 && value < <f64>(32 * load<i32>(categoryWords + (node << 2))) && Math.trunc(value) == value;
  if (!known) return load<u8>(missingGoesLeft + node) == 1;
  const category = <i32>value;
  return ((load<u32>(categories + (<usize>(offset + (category >>> 5)) << 2)) >> (category & 31)) & 1) == 1;
}

// The values of the leaves below a node as the explained row's inputs weigh them; as the other's, to `second`.
function visit(
  node: usize, fromRow: usize, fromOther: usize, row: usize, other: usize, weight: f64, to: usize, stride: usize, otherStride: usize,
  feature: usize, threshold: usize, missingGoesLeft: usize, categoryOffset: usize, categoryWords: usize, categories: usize,
  right: usize, leaf: usize, values: usize, leafBytes: usize, coalitions: usize, width: usize, sides: usize, second: usize,
): f64 {
  let split = load<i32>(feature + (node << 2));
  while (split >= 0) {
    const input = <usize>split;
    const rowLeft = goesLeft(node, load<f64>(row + input * stride), threshold, missingGoesLeft, categoryOffset, categoryWords, categories);
    const otherLeft = goesLeft(node, load<f64>(other + input * otherStride), threshold, missingGoesLeft, categoryOffset, categoryWords, categories);
    const rightChild = <usize>load<u32>(right + (node << 2));
    const ofRow = rowLeft ? node + 1 : rightChild, ofOther = otherLeft ? node + 1 : rightChild;
    const side = load<f64>(sides + (input << 3));
    if (side == 1 || (side == 0 && ofRow == ofOther)) node = ofRow;
    else if (side == 2) node = ofOther;
    else {
      store<f64>(sides + (input << 3), 1);
      const gain = visit(
        ofRow, fromRow + 1, fromOther, row, other, weight, to, stride, otherStride, feature, threshold, missingGoesLeft,
        categoryOffset, categoryWords, categories, right, leaf, values, leafBytes, coalitions, width, sides, second,
      );
      const rest = load<f64>(second);
      store<f64>(sides + (input << 3), 2);
      const more = visit(
        ofOther, fromRow, fromOther + 1, row, other, weight, to, stride, otherStride, feature, threshold, missingGoesLeft,
        categoryOffset, categoryWords, categories, right, leaf, values, leafBytes, coalitions, width, sides, second,
      );
      const loss = load<f64>(second);
      store<f64>(sides + (input << 3), 0);
      const at = to + input * stride;
      store<f64>(at, load<f64>(at) + weight * (gain - loss));
      store<f64>(second, rest + loss);
      return gain + more;
    }
    split = load<i32>(feature + (node << 2));
  }
  const value = load<f64>(values + <usize>load<u32>(leaf + (node << 2)) * leafBytes);
  store<f64>(second, fromOther > 0 ? value * load<f64>(coalitions + ((fromRow * width + fromOther - 1) << 3)) : 0);
  return fromRow > 0 ? value * load<f64>(coalitions + (((fromRow - 1) * width + fromOther) << 3)) : 0;
}

export function shap_background_f64(
  inputs: usize, background: usize, weights: usize, trees: usize, feature: usize, threshold: usize, missingGoesLeft: usize,
  categoryOffset: usize, categoryWords: usize, categories: usize, right: usize, leaf: usize, leafValues: usize,
  coalitions: usize, contributions: usize, sides: usize, inputCount: i32, backgroundCount: i32, treeCount: i32, nodeCount: i32,
  wordCount: i32, leafCount: i32, leafWidth: i32, outputCount: i32, mostInputs: i32, stride: i32, firstRow: i32, endRow: i32,
): void {
  const second = sides + (<usize>inputCount << 3);
  memory.fill(sides, 0, <usize>inputCount << 3);
  const rowBytes = <usize>stride << 3, otherBytes = <usize>backgroundCount << 3, leafBytes = <usize>leafWidth << 3;
  const width = <usize>mostInputs + 1;
  for (let tree = 0; tree < treeCount; tree++) {
    const entry = trees + (<usize>tree << 4);
    const root = <usize>load<u32>(entry);
    for (let column = 0; column < leafWidth; column++) {
      const output = contributions + <usize>(load<i32>(entry, 12) + column) * <usize>inputCount * rowBytes;
      const values = leafValues + (<usize>column << 3);
      for (let row = firstRow; row < endRow; row++) {
        const at = <usize>row << 3;
        for (let other: usize = 0; other < otherBytes; other += 8) {
          visit(
            root, 0, 0, inputs + at, background + other, load<f64>(weights + other), output + at, rowBytes, otherBytes, feature,
            threshold, missingGoesLeft, categoryOffset, categoryWords, categories, right, leaf, values, leafBytes, coalitions,
            width, sides, second,
          );
        }
      }
    }
  }
}
