// The kernel table for people (docs/kernels.gen.md) and for other languages (bindings/kernels.gen.json).
import { isBuffer, lengthText } from '../dist/kernels/contract.js';

const agreementText = ({ agreement }) =>
  agreement === 'exact' ? 'the same bits' : `within ${agreement.relative} (${agreement.reason})`;

function describeArgument(argument) {
  const { name, dtype, meaning } = argument;
  if (!isBuffer(argument)) return { name, kind: 'scalar', dtype, meaning };
  const { role, optional = false } = argument;
  return { name, kind: 'buffer', dtype, role, length: lengthText(argument), optional, meaning };
}

/** Every kernel with its arguments, as JSON. */
export function kernelsJson(kernels, head) {
  const entries = kernels.map((kernel) => ({
    name: kernel.name,
    family: kernel.family,
    summary: kernel.summary,
    source: kernel.source,
    returns: kernel.returns,
    agreement: kernel.agreement,
    ...(kernel.fast && { fast: kernel.fast }),
    arguments: kernel.arguments.map(describeArgument),
  }));
  return `${JSON.stringify({ note: head, version: 1, kernels: entries }, undefined, 2)}\n`;
}

/** A section a family, a table of arguments a kernel. */
export function kernelsMarkdown(kernels, head) {
  const families = [...new Set(kernels.map((kernel) => kernel.family))];
  const sections = families.map((family) => {
    const members = kernels.filter((kernel) => kernel.family === family);
    return `## ${family[0].toUpperCase()}${family.slice(1).replaceAll('-', ' ')}\n\n${members.map(section).join('\n')}`;
  });
  return `<!-- ${head} -->

# Kernels

${kernels.length} kernels, each in TypeScript (the readable law), WebAssembly and C++ under one name. A buffer is passed as its byte offset in
the engine's memory, a scalar as itself; lengths are in elements. *out* is wholly overwritten, *inout* read and changed, *scratch*
garbage before and after; an optional buffer may be absent (offset 0).

${sections.join('\n')}`;
}

function section(kernel) {
  const rows = kernel.arguments.map((argument) => {
    const { name, kind, dtype, role, length, optional, meaning } = describeArgument(argument);
    const form = kind === 'scalar' ? dtype : `${dtype}[${length}]`;
    return `| \`${name}\` | \`${cell(form)}\` | ${role ?? 'scalar'}${optional ? ', optional' : ''} | ${cell(meaning)} |`;
  });
  const facts = [
    `Returns ${kernel.returns === 'void' ? 'nothing' : kernel.returns}`,
    `backends agree: ${agreementText(kernel)}`,
    ...(kernel.fast ? [`fast: products and sums fused, within ${kernel.fast.relative} of the largest result`] : []),
    ...(kernel.source ? [`source: ${kernel.source}`] : []),
  ];
  return `### \`${kernel.name}\`

${kernel.summary} ${facts.join('; ')}.

| argument | form | role | meaning |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}

const cell = (text) => text.replaceAll('|', '\\|');
