// Derived from the kernel table by `npm run generate`; do not edit.
export * from './gram';
export * from './matrix-product';
