/** Elementary functions with the same bits in TypeScript, WebAssembly and C++. `Math.` transcendentals are linted out elsewhere. */
export const exp = (x: number): number => Math.exp(x);
export const expm1 = (x: number): number => Math.expm1(x);
export const log = (x: number): number => Math.log(x);
export const log1p = (x: number): number => Math.log1p(x);
export const sin = (x: number): number => Math.sin(x);
export const cos = (x: number): number => Math.cos(x);
export const tanh = (x: number): number => Math.tanh(x);
export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
export const pow = (x: number, y: number): number => x ** y;
