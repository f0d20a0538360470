// The program's binary form, as src/scoring/embed.ts writes it: a header, then inputs, outputs, operations and arrays.
// All offsets in it count from PROGRAM. An operation is opcode i32, bytes of the record i32, then 8 bytes a field:
// a register, count, flag or choice as i32; a number as f64; a list as offset i32, length i32.

// @ts-ignore: decorator
@inline
export const PROGRAM: usize = 64;
/** Rows scored at once; a register holds this many. */
// @ts-ignore: decorator
@inline
export const BLOCK_ROWS: i32 = 64;

let registers: usize = 0;

export function setRegisters(at: usize): void {
  registers = at;
}

// @ts-ignore: decorator
@inline
export function heapStart(): usize {
  return load<u32>(PROGRAM, 4);
}

// @ts-ignore: decorator
@inline
export function inputCount(): i32 {
  return load<i32>(PROGRAM, 8);
}

// @ts-ignore: decorator
@inline
export function outputCount(): i32 {
  return load<i32>(PROGRAM, 12);
}

// @ts-ignore: decorator
@inline
export function operationCount(): i32 {
  return load<i32>(PROGRAM, 20);
}

/** Registers and, behind them, what one operation needs for itself. */
// @ts-ignore: decorator
@inline
export function scratchBytes(): u32 {
  return load<u32>(PROGRAM, 36);
}

/** Behind the registers. */
// @ts-ignore: decorator
@inline
export function scratch(): usize {
  return column(load<i32>(PROGRAM, 16));
}

// @ts-ignore: decorator
@inline
export function operationsAt(): usize {
  return PROGRAM + load<u32>(PROGRAM, 32);
}

// @ts-ignore: decorator
@inline
export function inputType(index: i32): i32 {
  return load<i32>(PROGRAM + load<u32>(PROGRAM, 24) + (<usize>index << 3));
}

// @ts-ignore: decorator
@inline
export function inputLabels(index: i32): i32 {
  return load<i32>(PROGRAM + load<u32>(PROGRAM, 24) + (<usize>index << 3), 4);
}

// @ts-ignore: decorator
@inline
export function outputRegister(index: i32): i32 {
  return load<i32>(PROGRAM + load<u32>(PROGRAM, 28) + (<usize>index << 2));
}

/** Where a register's rows lie. */
// @ts-ignore: decorator
@inline
export function column(register: i32): usize {
  return registers + <usize>register * (<usize>BLOCK_ROWS << 3);
}

/** The rows of the register that a field names. */
// @ts-ignore: decorator
@inline
export function columnOf(at: usize, field: i32): usize {
  return column(count(at, field));
}

/** The rows of one register of a list of registers. */
// @ts-ignore: decorator
@inline
export function columnIn(list: usize, index: i32): usize {
  return column(load<i32>(list + (<usize>index << 2)));
}

// @ts-ignore: decorator
@inline
export function count(at: usize, field: i32): i32 {
  return load<i32>(at + (<usize>field << 3));
}

// @ts-ignore: decorator
@inline
export function number(at: usize, field: i32): f64 {
  return load<f64>(at + (<usize>field << 3));
}

// @ts-ignore: decorator
@inline
export function list(at: usize, field: i32): usize {
  return PROGRAM + load<u32>(at + (<usize>field << 3));
}

// @ts-ignore: decorator
@inline
export function length(at: usize, field: i32): i32 {
  return load<i32>(at + (<usize>field << 3), 4);
}

// @ts-ignore: decorator
@inline
export function value(column: usize, row: i32): f64 {
  return load<f64>(column + (<usize>row << 3));
}

// @ts-ignore: decorator
@inline
export function write(column: usize, row: i32, result: f64): void {
  store<f64>(column + (<usize>row << 3), result);
}
