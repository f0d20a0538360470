// Every kernel that has a fast build, on the fast WebAssembly kernels, against its reference: prints a line of JSON. A process
// of its own, because some hosts run relaxed SIMD only behind a flag.
import { checkCase, conformanceCases, prepareCase } from '../../dist/engine/conformance.js';
import { createEngine } from '../../dist/engine/engine.js';
import { kernels } from '../../dist/kernels/table.js';

const fast = await createEngine({ backend: 'wasm', numerics: 'fast', threads: 1 });
const plain = await createEngine({ backend: 'wasm', threads: 1 });
const { variant, passedOver } = fast.describe();
const wrong = [];
let [checked, otherBits] = [0, 0];
if (variant.endsWith('-fast')) {
  for (const kernel of kernels.filter((one) => one.fast)) {
    for (const key of conformanceCases(0, true)) {
      const prepared = prepareCase(kernel, key);
      const found = checkCase(prepared, fast);
      if (found) wrong.push(found);
      // Held to the exact bits it must fail somewhere, or nothing was fused.
      const held = { arena: fast.arena, kernels: fast.kernels, describe: () => plain.describe() };
      if (checkCase(prepared, held)) otherBits++;
      checked++;
    }
  }
}
console.log(JSON.stringify({ variant, passedOver, checked, otherBits, wrong: wrong.slice(0, 5) }));
process.exit(0);
