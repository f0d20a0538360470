import type { Program } from './program.js';
import { encodeProgram } from './serialize.js';

/** What a program takes when it is saved, in bytes: its JSON and its buffers. */
export function programBytes(program: Program): number {
  const { program: json, buffers } = encodeProgram(program);
  return new TextEncoder().encode(JSON.stringify(json)).length + buffers.length;
}
