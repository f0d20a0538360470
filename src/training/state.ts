import { LanewiseError } from '../errors.js';
import type { TrainingState } from '../table/interfaces.js';

/** Numbers as text that JSON keeps to the last bit: base64 of their little-endian bytes. */
export function packState(
  values: TrainingState['values'],
  arrays: Readonly<Record<string, Float64Array>>,
): TrainingState {
  const packed = Object.entries(arrays).map(([name, array]) => [name, packNumbers(array)] as const);
  return { values, arrays: Object.fromEntries(packed) };
}

/**
 * One array of a state, of the length that is expected.
 * @throws LanewiseError `artefact` where it is not there or of another length.
 */
export function unpackState({ arrays }: TrainingState, name: string, length: number): Float64Array {
  const text: unknown = arrays[name];
  const numbers = typeof text === 'string' ? unpackNumbers(text) : undefined;
  if (numbers?.length === length) return numbers;
  const received = numbers ? `${numbers.length}` : 'none that can be read';
  throw new LanewiseError(
    'artefact',
    `Expected ${length} numbers "${name}" in the model's training state but received ${received}`,
    { hint: 'Fit anew, or go on from the model as it was saved.' },
  );
}

function packNumbers(array: Float64Array): string {
  const bytes = new Uint8Array(8 * array.length);
  const view = new DataView(bytes.buffer);
  array.forEach((value, i) => {
    view.setFloat64(8 * i, value, true);
  });
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

function unpackNumbers(text: string): Float64Array | undefined {
  try {
    const binary = atob(text);
    const view = new DataView(Uint8Array.from(binary, (letter) => letter.charCodeAt(0)).buffer);
    return Float64Array.from({ length: binary.length >> 3 }, (_, i) => view.getFloat64(8 * i, true));
  } catch {
    return undefined;
  }
}
