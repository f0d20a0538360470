import { LanewiseError } from '../errors.js';
import { exactJson } from './json.js';
import type { Tensor } from './protocol.js';

/**
 * The Open Inference Protocol's extension for binary tensors: a body is JSON, whose length the HTTP header
 * `Inference-Header-Content-Length` tells, then the tensors' bytes in the order of the JSON, little-endian. A BYTES element is
 * its length as u32, then its UTF-8; it cannot be missing, so a missing label is the empty text. FP64 keeps every bit.
 */
export const LENGTH_HEADER = 'inference-header-content-length';

type Reader = (view: DataView, at: number) => number | boolean;
interface Fixed {
  readonly bytes: number;
  readonly read: Reader;
}

const fixed: Readonly<Record<string, Fixed>> = {
  FP64: { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  FP32: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  INT64: { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
  UINT64: { bytes: 8, read: (view, at) => Number(view.getBigUint64(at, true)) },
  INT32: { bytes: 4, read: (view, at) => view.getInt32(at, true) },
  UINT32: { bytes: 4, read: (view, at) => view.getUint32(at, true) },
  INT16: { bytes: 2, read: (view, at) => view.getInt16(at, true) },
  UINT16: { bytes: 2, read: (view, at) => view.getUint16(at, true) },
  INT8: { bytes: 1, read: (view, at) => view.getInt8(at) },
  UINT8: { bytes: 1, read: (view, at) => view.getUint8(at) },
  BOOL: { bytes: 1, read: (view, at) => view.getUint8(at) !== 0 },
};

/** An inference request with its binary tensors turned into `data`, as JSON would have them. @throws LanewiseError `data`. */
export function readBinaryRequest(body: Uint8Array, headerLength: unknown): Record<string, unknown> {
  const length = Number(headerLength);
  if (!Number.isSafeInteger(length) || length < 0 || length > body.length) {
    throw refused(
      `Expected at most ${body.length}, the bytes of the body, for ${LENGTH_HEADER} but received ${String(headerLength)}`,
    );
  }
  const request = parse(body.subarray(0, length));
  const { inputs } = request;
  if (!Array.isArray(inputs)) return request;
  let at = length;
  const decoded = inputs.map((tensor) => {
    const size = tensor?.parameters?.binary_data_size;
    if (size === undefined) return tensor;
    const name = String(tensor.name);
    if (!Number.isSafeInteger(size) || size < 0 || at + size > body.length) {
      const left = body.length - at;
      throw refused(
        `Expected at most ${left}, the bytes that are left, for binary_data_size of column "${name}"`,
        name,
      );
    }
    const data = readData(String(tensor.datatype), body.subarray(at, at + size), name);
    at += size;
    return { ...tensor, data };
  });
  if (at !== body.length) throw refused(`Expected ${at} bytes for header and tensors but received ${body.length}`);
  return { ...request, inputs: decoded };
}

/** Which of the outputs the request wants in binary: all of them, or those that say so. */
export function isBinaryWanted(request: Readonly<Record<string, unknown>>, name: string): boolean {
  const asked = Array.isArray(request['outputs'])
    ? request['outputs'].find((output) => output?.name === name)
    : undefined;
  const whole = (request['parameters'] as Record<string, unknown> | undefined)?.['binary_data_output'];
  return asked?.parameters?.binary_data ?? whole === true;
}

/** A response with some tensors in binary: the body, and how much of it is JSON. */
export function writeBinaryResponse(
  head: Readonly<Record<string, unknown>>,
  outputs: readonly Tensor[],
  isBinary: (name: string) => boolean,
): { readonly body: Buffer; readonly headerLength: number } {
  const parts: Buffer[] = [];
  const described = outputs.map((tensor) => {
    if (!isBinary(tensor.name)) return tensor;
    const bytes = writeData(tensor);
    parts.push(bytes);
    const { data: _, ...rest } = tensor;
    return { ...rest, parameters: { binary_data_size: bytes.length } };
  });
  const json = Buffer.from(exactJson({ ...head, outputs: described }));
  return { body: Buffer.concat([json, ...parts]), headerLength: json.length };
}

function parse(bytes: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw refused(`Expected JSON in the first ${bytes.length} bytes of the body`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw refused('Expected a JSON object in front of the tensors');
}

function readData(datatype: string, bytes: Uint8Array, name: string): unknown[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (datatype === 'BYTES') return readTexts(view, bytes, name);
  const type = Object.hasOwn(fixed, datatype) ? fixed[datatype] : undefined;
  if (!type)
    throw refused(`Expected a datatype that has a binary form for column "${name}" but received ${datatype}`, name);
  if (bytes.length % type.bytes !== 0) {
    throw refused(
      `Expected a multiple of ${type.bytes} bytes of ${datatype} for column "${name}" but received ${bytes.length}`,
      name,
    );
  }
  return Array.from({ length: bytes.length / type.bytes }, (_, row) => type.read(view, row * type.bytes));
}

function readTexts(view: DataView, bytes: Uint8Array, name: string): (string | null)[] {
  const texts: (string | null)[] = [];
  let at = 0;
  while (at < bytes.length) {
    const end = at + 4 <= bytes.length ? at + 4 + view.getUint32(at, true) : Number.POSITIVE_INFINITY;
    if (end > bytes.length)
      throw refused(`Expected a length and as many bytes for row ${texts.length + 1} of column "${name}"`, name);
    texts.push(new TextDecoder().decode(bytes.subarray(at + 4, end)) || null);
    at = end;
  }
  return texts;
}

function writeData({ datatype, data }: Tensor): Buffer {
  if (data instanceof Float64Array) {
    const bytes = Buffer.alloc(data.length * 8);
    data.forEach((value, row) => bytes.writeDoubleLE(value, row * 8));
    return bytes;
  }
  if (datatype === 'BOOL') return Buffer.from(data.map((value) => (value === true ? 1 : 0)));
  if (datatype === 'INT64') {
    const bytes = Buffer.alloc(data.length * 8);
    data.forEach((value, row) => bytes.writeBigInt64LE(BigInt((value as number | null) ?? 0), row * 8));
    return bytes;
  }
  return Buffer.concat(
    data.flatMap((value) => {
      const text = Buffer.from((value as string | null) ?? '');
      const length = Buffer.alloc(4);
      length.writeUInt32LE(text.length);
      return [length, text];
    }),
  );
}

function refused(message: string, column?: string): LanewiseError {
  return new LanewiseError('data', message, { column });
}
