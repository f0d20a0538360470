// The C++ files that derive from the kernel table: the header with every kernel's prototype, and the list from which the
// Node-API wrapper is made. A kernel without a native twin, or with another signature, fails to link.
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { isBuffer, lengthText } from '../dist/kernels/contract.js';

const types = {
  u8: 'uint8_t',
  i8: 'int8_t',
  u16: 'uint16_t',
  i16: 'int16_t',
  u32: 'uint32_t',
  i32: 'int32_t',
  f32: 'float',
  f64: 'double',
  i64: 'int64_t',
};
const results = { void: 'void', i32: 'int32_t', f64: 'double' };

/** What an addon and a table must share to work together: names, the order, types and roles of arguments, results. */
export function kernelsHash(kernels) {
  const shape = kernels.map(({ name, returns, arguments: list }) => [
    name,
    returns,
    list.map((argument) => [argument.dtype, argument.role ?? 'scalar', argument.optional === true]),
  ]);
  return createHash('sha256').update(JSON.stringify(shape)).digest('hex').slice(0, 16);
}

function parameter(argument) {
  const type = types[argument.dtype];
  if (!isBuffer(argument)) return `${type} ${argument.name}`;
  return `${argument.role === 'in' ? 'const ' : ''}${type}* ${argument.name}`;
}

function comment(kernel) {
  const buffers = kernel.arguments.filter(isBuffer).map((argument) => {
    const optional = argument.optional ? ', may be null' : '';
    return `${argument.name}[${lengthText(argument)}] ${argument.role}${optional}`;
  });
  return [kernel.summary, buffers.join('; ')].map((line) => `/// ${line.replaceAll(/\s+/g, ' ')}`);
}

/** native/kernels.gen.h. Included by an instruction set's build, which defines LANEWISE_ISA, it also declares the kernels. */
export function nativeHeader(kernels, head) {
  const parameters = (kernel) => kernel.arguments.map(parameter).join(', ');
  const members = kernels.map((kernel) => `  ${results[kernel.returns]} (*${kernel.name})(${parameters(kernel)});`);
  const prototypes = kernels.flatMap((kernel) => [
    ...comment(kernel),
    `${results[kernel.returns]} ${kernel.name}(${parameters(kernel)});`,
  ]);
  return `// ${head}
#ifndef LANEWISE_KERNELS_GEN_H
#define LANEWISE_KERNELS_GEN_H

#include <cstdint>

#define LANEWISE_KERNELS_HASH "${kernelsHash(kernels)}"

namespace lanewise {

/// Every kernel, as one instruction set's build offers it.
struct Kernels {
${members.join('\n')}
};

}  // namespace lanewise

#ifdef LANEWISE_ISA
// Hidden, so that a declared kernel without a definition fails the link instead of the first load.
#pragma GCC visibility push(hidden)
namespace lanewise::LANEWISE_ISA {

${prototypes.join('\n')}

inline constexpr Kernels all_kernels{
${kernels.map((kernel) => `    ${kernel.name},`).join('\n')}
};

}  // namespace lanewise::LANEWISE_ISA
#pragma GCC visibility pop
#endif

#endif
`;
}

/** native/binding/kernels.gen.inc: name, and a bit for each argument that may be absent. */
export function nativeList(kernels, head) {
  const lines = kernels.map((kernel) => {
    const mask = kernel.arguments.reduce((sum, argument, index) => sum + (argument.optional ? 2 ** index : 0), 0);
    return `LANEWISE_KERNEL(${kernel.name}, ${mask})`;
  });
  return `// ${head}\n// LANEWISE_KERNEL(name, bit i set = argument i may be absent)\n${lines.join('\n')}\n`;
}

/**
 * native/simd/sources.gen.h and fast.gen.h: the kernels' sources, by stem, which every instruction set's build includes; and
 * those with kernels for `numerics: 'fast'`.
 */
export async function nativeSources(head) {
  const folder = new URL('../src/kernels/', import.meta.url);
  const stems = readdirSync(folder).map((file) => file.replace(/\.ts$/, ''));
  const [withKernels, fastStems, fastNames] = [[], [], []];
  for (const stem of stems.sort()) {
    const entries = Object.values(await import(new URL(`../dist/kernels/${stem}.js`, import.meta.url).href));
    const found = entries.filter((entry) => typeof entry?.reference === 'function');
    if (found.length > 0) withKernels.push(stem);
    const fast = found.filter((entry) => entry.fast);
    if (fast.length > 0) fastStems.push(stem);
    fastNames.push(...fast.map(({ name }) => name));
  }
  const includes = (list) => list.map((stem) => `#include "../${stem}.cpp"`).join('\n');
  const fasten = fastNames.map((name) => `  kernels.${name} = ${name};`).join(' \\\n');
  return {
    sources: `// ${head}\n${includes(withKernels)}\n`,
    fast: `// ${head}\n${includes(fastStems)}\n\n#define LANEWISE_FASTEN(kernels) \\\n${fasten}\n`,
    fastStems,
  };
}
