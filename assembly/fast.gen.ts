// Derived from the kernel table by `npm run generate`; do not edit.
export * from './matrix-product';
