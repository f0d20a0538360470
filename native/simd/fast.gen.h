// Derived from the kernel table by `npm run generate`; do not edit.
#include "../gram.cpp"
#include "../matrix-product.cpp"

#define LANEWISE_FASTEN(kernels) \
  kernels.gram_f64 = gram_f64; \
  kernels.matrix_product_f32 = matrix_product_f32; \
  kernels.matrix_product_f64 = matrix_product_f64;
