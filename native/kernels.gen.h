// Derived from the kernel table by `npm run generate`; do not edit.
#ifndef LANEWISE_KERNELS_GEN_H
#define LANEWISE_KERNELS_GEN_H

#include <cstdint>

#define LANEWISE_KERNELS_HASH "c6bd0be3113d506f"

namespace lanewise {

/// Every kernel, as one instruction set's build offers it.
struct Kernels {
  void (*coordinate_correlations_f64)(const double* x, const double* residual, double* correlations, const int32_t* indices, int32_t rowCount, int32_t columnCount, int32_t columnStride, int32_t indexCount);
  int32_t (*coordinate_gram_f64)(const double* gram, double* correlations, double* coefficients, const double* l1, const double* l2, const int32_t* indices, int32_t columnCount, int32_t indexCount, int32_t positive, double limit, int32_t passCount);
  double (*coordinate_residual_f64)(const double* x, double* residual, double* coefficients, const double* l1, const double* l2, const double* squares, const int32_t* indices, int32_t rowCount, int32_t columnCount, int32_t columnStride, int32_t indexCount, int32_t positive);
  void (*l2_block_f32)(const float* queryRows, const float* panels, const float* queryLengths, const float* panelLengths, float* out, int32_t queryCount, int32_t pointCount, int32_t dimension);
  void (*nearest_points_f64)(const double* queries, const double* points, const float* queryRows, const float* panels, const double* queryBounds, const float* panelBounds, double* distances, int32_t* indices, float* limits, int32_t queryCount, int32_t pointCount, int32_t dimension, int32_t k, double unit);
  void (*cos_f64)(const double* x, double* out, int32_t rowCount);
  void (*exp_f64)(const double* x, double* out, int32_t rowCount);
  void (*expm1_f64)(const double* x, double* out, int32_t rowCount);
  void (*log1p_f64)(const double* x, double* out, int32_t rowCount);
  void (*log_f64)(const double* x, double* out, int32_t rowCount);
  void (*pow_f64)(const double* x, const double* y, double* out, int32_t rowCount);
  void (*sigmoid_f64)(const double* x, double* out, int32_t rowCount);
  void (*sin_f64)(const double* x, double* out, int32_t rowCount);
  void (*tanh_f64)(const double* x, double* out, int32_t rowCount);
  void (*bpr_update_f64)(const int32_t* users, const int32_t* items, const int32_t* seenOffsets, const int32_t* seenItems, const int32_t* blockItems, double* userFactors, double* itemFactors, double* itemBiases, int32_t* counts, int32_t keyLow, int32_t keyHigh, double startIndex, int32_t stepCount, int32_t entryCount, int32_t blockItemCount, int32_t userCount, int32_t itemCount, int32_t seenCount, int32_t rank, double learningRate, double regularization);
  void (*factor_conjugate_rows_f64)(const int32_t* offsets, const int32_t* indices, const double* weights, const double* targets, const double* others, const double* gram, double* rows, double* vectors, int32_t rowCount, int32_t entryCount, int32_t otherCount, int32_t rank, double ridge, double ridgePerEntry, int32_t steps);
  void (*factor_gram_f64)(const double* rows, double* out, int32_t rowCount, int32_t rank);
  void (*factor_losses_f64)(const int32_t* offsets, const int32_t* indices, const double* weights, const double* targets, const double* others, const double* gram, const double* rows, double* out, double* product, int32_t rowCount, int32_t entryCount, int32_t otherCount, int32_t rank);
  void (*factor_solve_rows_f64)(const int32_t* offsets, const int32_t* indices, const double* weights, const double* targets, const double* others, const double* gram, double* out, double* system, int32_t rowCount, int32_t entryCount, int32_t otherCount, int32_t rank, double ridge, double ridgePerEntry);
  void (*factor_top_f64)(const double* rows, const double* panels, const double* biases, const int32_t* seenOffsets, const int32_t* seenItems, const uint8_t* allowed, double* scores, int32_t* items, int32_t userCount, int32_t itemCount, int32_t seenCount, int32_t rank, int32_t n);
  void (*graph_attraction_f64)(const int32_t* offsets, const int32_t* indices, const double* values, const double* positions, double* forces, int32_t rowStart, int32_t rowCount, int32_t entryCount, int32_t pointCount, int32_t dimension);
  void (*layout_epoch_f64)(const int32_t* offsets, const int32_t* indices, const double* rates, const double* others, const double* table, double* positions, uint32_t* words, int32_t rowStart, int32_t rowCount, int32_t entryCount, int32_t pointCount, int32_t dimension, int32_t octaves, int32_t epoch, int32_t pulls, int32_t negatives, double step, int32_t keyLow, int32_t keyHigh);
  void (*perplexity_search_f64)(const double* squares, double* weights, int32_t rowCount, int32_t k, double perplexity);
  int32_t (*point_tree_f64)(const double* positions, int32_t* order, double* sorted, int32_t* ranges, double* masses, double* boxes, uint32_t* codes, int32_t* places, int32_t pointCount, int32_t dimension);
  void (*tree_repulsion_f64)(const int32_t* order, const double* sorted, const int32_t* ranges, const double* masses, double* forces, double* similarities, double* entries, int32_t groupStart, int32_t groupEnd, int32_t pointCount, int32_t nodeCount, int32_t dimension, double angle);
  void (*axpy_f64)(const double* x, double* y, double a, int32_t rowCount);
  double (*dot_f64)(const double* x, const double* y, int32_t rowCount);
  void (*linear_scores_f64)(const double* x, const double* coefficients, double* out, int32_t rowCount, int32_t columnCount, int32_t columnStride);
  void (*gram_f64)(const double* x, const double* weights, double* gram, double* panels, int32_t rowCount, int32_t columnCount, int32_t columnStride);
  void (*graph_connect_f32)(const float* vectors, const uint8_t* levels, const int32_t* upperOffsets, const int32_t* batch, int32_t* links, int32_t* upper, uint32_t* visited, int64_t* pool, int32_t* fresh, float* batchDistances, int32_t nodeCount, int32_t upperLength, int32_t batchCount, int32_t stride, int32_t m, int32_t metric, int32_t entry, int32_t topLevel, int32_t ef, int32_t rowStart, int32_t rowEnd);
  void (*graph_link_f32)(const float* vectors, int32_t* lists, const int32_t* targets, const int32_t* places, const int32_t* starts, const int32_t* sources, int64_t* pool, int32_t nodeCount, int32_t listsLength, int32_t targetCount, int32_t sourceCount, int32_t stride, int32_t metric, int32_t slots, int32_t rowStart, int32_t rowEnd);
  void (*graph_repair_f32)(const float* vectors, const uint8_t* levels, const int32_t* upperOffsets, const uint8_t* gone, int32_t* links, int32_t* upper, uint32_t* visited, int64_t* pool, int32_t* met, int32_t nodeCount, int32_t upperLength, int32_t stride, int32_t m, int32_t metric, int32_t capacity, int32_t rowStart, int32_t rowEnd);
  void (*graph_scan_f32)(const float* vectors, const int32_t* rows, const float* queries, float* distances, int32_t* nodes, int64_t* pool, int32_t nodeCount, int32_t rowCount, int32_t stride, int32_t metric, int32_t queryCount, int32_t k);
  void (*graph_search_f32)(const float* vectors, const int32_t* links, const int32_t* upperOffsets, const int32_t* upper, const float* queries, const uint8_t* allowed, float* distances, int32_t* nodes, uint32_t* visited, int64_t* pool, int32_t* fresh, int32_t nodeCount, int32_t upperLength, int32_t stride, int32_t m, int32_t metric, int32_t entry, int32_t topLevel, int32_t queryCount, int32_t k, int32_t ef, int32_t capacity);
  int32_t (*assign_elkan_f64)(const double* points, const double* centers, const float* rows, const double* rowBounds, const float* panels, const float* panelBounds, const float* moves, const float* halves, int32_t* labels, float* uppers, float* lowers, float* values, int32_t pointCount, int32_t centerCount, int32_t dimension, double unit);
  int32_t (*assign_hamerly_f64)(const double* points, const double* centers, const float* rows, const double* rowBounds, const float* panels, const float* panelBounds, const float* moves, const float* halves, int32_t* labels, float* uppers, float* lowers, float* values, int32_t pointCount, int32_t centerCount, int32_t dimension, double unit, double slack);
  void (*candidate_rows_f64)(const double* points, const double* center, float* rows, float* lengths, double* rowBounds, int32_t pointCount, int32_t dimension, double unit);
  void (*center_distances_f64)(const double* columns, const double* centers, double* distances, double* nearest, double* least, int32_t rowCount, int32_t centerCount, int32_t dimension);
  int32_t (*cluster_changes_i64)(const double* points, const double* weights, const int32_t* labels, int32_t* counted, const double* scales, int64_t* sums, int32_t pointCount, int32_t dimension, int32_t centerCount, double lowScale);
  void (*label_distances_f64)(const double* points, const double* centers, const int32_t* labels, double* distances, int32_t pointCount, int32_t centerCount, int32_t dimension);
  void (*point_extents_f64)(const double* points, const double* shifts, double* extents, int32_t pointCount, int32_t dimension);
  void (*seed_lower_f32)(const float* distances, float* nearest, int32_t pointCount, int32_t stride, int32_t chosen);
  void (*seed_potentials_f32)(const float* distances, const float* nearest, const double* weights, double* potentials, int32_t pointCount, int32_t drawnCount, int32_t stride);
  void (*sums_merge_i64)(int64_t* total, int64_t* parts, int32_t partCount, int32_t length);
  void (*kd_tree_count_f64)(const double* queries, const double* panels, const int32_t* order, const double* boxes, const int32_t* leaves, int32_t* counts, double* scratch, int32_t queryCount, int32_t panelCount, int32_t dimension, int32_t depth, int32_t metric, int32_t self, double limit, int32_t enough);
  void (*kd_tree_join_f64)(const double* panels, const int32_t* order, const double* boxes, const int32_t* leaves, int32_t* parents, int32_t* groups, double* scratch, int32_t pointCount, int32_t panelCount, int32_t dimension, int32_t depth, int32_t metric, double limit, int32_t leafStart, int32_t leafEnd);
  void (*kd_tree_lay_f64)(const double* values, int32_t* sorted, const int32_t* leaves, double* panels, int32_t* order, int32_t pointCount, int32_t dimension, int32_t depth, int32_t panelCount, int32_t leafStart, int32_t leafEnd);
  void (*kd_tree_nearest_f64)(const double* queries, const double* panels, const int32_t* order, const double* boxes, const int32_t* leaves, double* distances, int32_t* indices, double* scratch, int32_t queryCount, int32_t panelCount, int32_t dimension, int32_t depth, int32_t metric, int32_t self, int32_t k);
  void (*kd_tree_split_f64)(const double* values, int32_t* order, double* boxes, double* keys, int32_t pointCount, int32_t dimension, int32_t depth, int32_t nodeStart, int32_t nodeEnd);
  void (*kd_tree_within_f64)(const double* queries, const double* panels, const int32_t* order, const double* boxes, const int32_t* leaves, const int32_t* offsets, int32_t* indices, double* distances, double* scratch, int32_t queryCount, int32_t panelCount, int32_t dimension, int32_t depth, int32_t metric, int32_t self, double limit, int32_t found);
  void (*limit_multiply_add_f32)(float* values, double factor, double addend, int32_t rounds, int32_t count);
  void (*limit_multiply_add_f64)(double* values, double factor, double addend, int32_t rounds, int32_t count);
  double (*gradient_linear_f64)(const double* x, const double* target, const double* weights, const double* coefficients, double* gradient, double* curvature, double* scratch, int32_t loss, double a, double b, int32_t rowCount, int32_t columnCount, int32_t columnStride);
  double (*gradient_softmax_f64)(const double* x, const double* target, const double* weights, const double* coefficients, double* gradient, double* probabilities, double* scratch, int32_t rowCount, int32_t columnCount, int32_t columnStride, int32_t classCount);
  void (*hessian_linear_f64)(const double* x, const double* curvature, const double* direction, double* product, double* scratch, int32_t rowCount, int32_t columnCount, int32_t columnStride);
  void (*hessian_softmax_f64)(const double* x, const double* weights, const double* probabilities, const double* direction, double* product, double* scratch, int32_t rowCount, int32_t columnCount, int32_t columnStride, int32_t classCount);
  void (*condense_distances_f64)(const double* coordinates, double* distances, int32_t pointCount, int32_t dimension, int32_t metric, int32_t rowStart, int32_t rowEnd);
  int32_t (*grow_tree_f64)(const double* coordinates, const double* cores, double* reached, int32_t* sources, int32_t pointCount, int32_t dimension, int32_t metric, int32_t current, int32_t name, double core, double limit, int32_t rowStart, int32_t rowEnd);
  void (*merge_condensed_f64)(double* matrix, const int32_t* sizes, int32_t pointCount, int32_t first, int32_t second, int32_t linkage);
  int32_t (*nearest_condensed_f64)(const double* matrix, const int32_t* sizes, int32_t pointCount, int32_t row, int32_t previous);
  int32_t (*nearest_ward_f64)(const double* centers, const double* sizes, int32_t pointCount, int32_t dimension, int32_t row, int32_t previous);
  void (*matrix_product_f32)(const float* a, const float* b, float* c, float* panels, int32_t rows, int32_t columns, int32_t depth, int32_t aStride, int32_t bStride, int32_t cStride, int32_t form, int32_t update);
  void (*matrix_product_f64)(const double* a, const double* b, double* c, double* panels, int32_t rows, int32_t columns, int32_t depth, int32_t aStride, int32_t bStride, int32_t cStride, int32_t form, int32_t update);
  void (*metric_block_f64)(const double* queries, const double* panels, const double* queryLengths, const double* panelLengths, const double* columns, double* out, int32_t queryCount, int32_t pointCount, int32_t dimension, int32_t metric);
  void (*metric_count_f64)(const double* queries, const double* panels, const double* queryLengths, const double* panelLengths, const double* columns, int32_t* counts, double* values, int32_t queryCount, int32_t pointCount, int32_t dimension, int32_t metric, double limit, int32_t firstQuery);
  void (*metric_nearest_f64)(const double* queries, const double* panels, const double* queryLengths, const double* panelLengths, const double* columns, double* distances, int32_t* indices, double* values, int32_t queryCount, int32_t pointCount, int32_t dimension, int32_t metric, int32_t k, int32_t firstQuery);
  void (*metric_within_f64)(const double* queries, const double* panels, const double* queryLengths, const double* panelLengths, const double* columns, int32_t* places, int32_t* indices, double* distances, double* values, int32_t queryCount, int32_t pointCount, int32_t dimension, int32_t metric, double limit, int32_t firstQuery, int32_t found);
  void (*product_distances_f64)(const double* queries, const double* points, const double* queryLengths, const double* pointLengths, double* out, int32_t queryCount, int32_t pointCount, int32_t dimension, int32_t stride, int32_t metric);
  void (*gaussian_scores_f64)(const double* columns, const double* means, const double* factors, const double* offsets, double* scores, double* differences, int32_t rowCount, int32_t componentCount, int32_t dimension, int32_t full);
  void (*mixture_expect_f64)(const double* columns, const double* means, const double* factors, const double* offsets, double* shares, double* logs, double* differences, int32_t rowCount, int32_t componentCount, int32_t dimension, int32_t full);
  void (*mixture_moments_f64)(const double* columns, const double* shares, const double* weights, const double* centers, double* moments, double* scratch, int32_t rowCount, int32_t componentCount, int32_t dimension, int32_t kind);
  void (*batch_norm_backward_f32)(float* delta, const float* normalized, const float* gamma, const float* inverse, float* gammaGradient, double* sums, int32_t rowCount, int32_t unitCount);
  void (*batch_norm_forward_f32)(float* values, float* normalized, const float* gamma, float* inverse, float* runningMean, float* runningVariance, double* sums, double kept, double epsilon, int32_t rowCount, int32_t unitCount);
  void (*dropout_f32)(float* values, uint32_t* words, int32_t keyLow, int32_t keyHigh, double startIndex, double bound, double factor, int32_t count);
  void (*gather_rows_f32)(const float* source, const uint32_t* indices, float* out, int32_t rowCount, int32_t columnCount, int32_t sourceRows);
  void (*layer_backward_f32)(const float* sums, const float* outputs, float* delta, int32_t activation, int32_t rowCount, int32_t unitCount);
  void (*layer_forward_f32)(float* sums, const float* bias, float* out, int32_t activation, int32_t rowCount, int32_t unitCount);
  double (*logistic_loss_f32)(float* scores, const float* target, const float* weights, double* losses, double scale, int32_t rowCount);
  double (*softmax_loss_f32)(float* scores, const float* target, const float* weights, double* losses, double* parts, double scale, int32_t rowCount, int32_t unitCount);
  double (*squared_loss_f32)(float* scores, const float* target, const float* weights, double* losses, double scale, int32_t rowCount);
  double (*sum_of_squares_f32)(const float* values, double* lanes, int32_t count);
  void (*update_adagrad_f32)(float* parameters, const float* gradient, float* square, double rate, double epsilon, double gradientScale, double gradientLimit, double decay, int32_t count);
  void (*update_adagrad_f64)(double* parameters, const double* gradient, double* square, double rate, double epsilon, double gradientScale, double gradientLimit, double decay, int32_t count);
  void (*update_adam_f32)(float* parameters, const float* gradient, float* mean, float* square, double rate, double beta1, double beta2, double epsilon, double rootScale, double shrink, double gradientScale, double gradientLimit, double decay, int32_t count);
  void (*update_adam_f64)(double* parameters, const double* gradient, double* mean, double* square, double rate, double beta1, double beta2, double epsilon, double rootScale, double shrink, double gradientScale, double gradientLimit, double decay, int32_t count);
  void (*update_rmsprop_f32)(float* parameters, const float* gradient, float* square, double rate, double rho, double epsilon, double gradientScale, double gradientLimit, double decay, int32_t count);
  void (*update_rmsprop_f64)(double* parameters, const double* gradient, double* square, double rate, double rho, double epsilon, double gradientScale, double gradientLimit, double decay, int32_t count);
  void (*update_sgd_f32)(float* parameters, const float* gradient, float* velocity, double rate, double momentum, int32_t nesterov, double gradientScale, double gradientLimit, double decay, int32_t count);
  void (*update_sgd_f64)(double* parameters, const double* gradient, double* velocity, double rate, double momentum, int32_t nesterov, double gradientScale, double gradientLimit, double decay, int32_t count);
  void (*count_codes_i16)(const double* queries, const double* points, const int16_t* queryCodes, const int32_t* queryStarts, const double* queryErrors, const int16_t* panels, const int32_t* panelStarts, int32_t* counts, int32_t* scratch, int32_t queryCount, int32_t pointCount, int32_t dimension, double scale, double error, double limit, int32_t self);
  void (*nearest_codes_i16)(const double* queries, const double* points, const int16_t* queryCodes, const int32_t* queryStarts, const double* queryErrors, const int16_t* panels, const int32_t* panelStarts, double* distances, int32_t* indices, int32_t* scratch, int32_t queryCount, int32_t pointCount, int32_t dimension, int32_t k, double scale, double error);
  void (*nearest_codes_i8)(const double* queries, const double* points, const uint8_t* queryCodes, const int32_t* queryStarts, const double* queryErrors, const uint8_t* panels, const int32_t* panelStarts, double* distances, int32_t* indices, int32_t* scratch, int32_t queryCount, int32_t pointCount, int32_t dimension, int32_t k, double scale, double error);
  void (*quantize_points_i16)(const double* points, const double* center, int16_t* codes, int32_t* starts, double* errors, int32_t pointCount, int32_t dimension, int32_t panel, double scale, double largest);
  void (*quantize_points_i8)(const double* points, const double* center, uint8_t* codes, int32_t* starts, double* errors, int32_t pointCount, int32_t dimension, int32_t panel, double scale);
  void (*within_codes_i16)(const double* queries, const double* points, const int16_t* queryCodes, const int32_t* queryStarts, const double* queryErrors, const int16_t* panels, const int32_t* panelStarts, const int32_t* offsets, int32_t* indices, double* distances, int32_t* scratch, int32_t queryCount, int32_t pointCount, int32_t dimension, double scale, double error, double limit, int32_t self, int32_t found);
  void (*random_uniform_f64)(double* out, int32_t keyLow, int32_t keyHigh, double startIndex, int32_t count);
  void (*random_words_u32)(uint32_t* out, int32_t keyLow, int32_t keyHigh, double startIndex, int32_t count);
  int32_t (*jacobi_rows_f64)(double* a, double* v, double tolerance, int32_t count, int32_t length, int32_t from, int32_t to);
  void (*rotate_rows_f64)(double* matrix, const double* rotations, int32_t rows, int32_t columns, int32_t stride, int32_t first, int32_t step, int32_t count);
  void (*sparse_moments_f64)(const int32_t* offsets, const double* values, double* sums, double* squares, int32_t rowCount, int32_t entryCount);
  void (*sparse_multiply_f64)(const int32_t* offsets, const int32_t* indices, const double* values, const double* dense, double* out, int32_t rowCount, int32_t entryCount, int32_t columnCount, int32_t outputCount);
  void (*sparse_similar_rows_f64)(const int32_t* offsets, const int32_t* indices, const double* values, const int32_t* otherOffsets, const int32_t* otherIndices, const double* otherValues, const double* norms, double* scores, int32_t* neighbors, double* sums, int32_t* counts, int32_t* touched, int32_t rowCount, int32_t entryCount, int32_t innerCount, int32_t otherEntryCount, int32_t columnCount, int32_t firstRow, int32_t k, double shrinkage);
  void (*sparse_top_f64)(const int32_t* offsets, const int32_t* indices, const double* values, const int32_t* otherOffsets, const int32_t* otherIndices, const double* otherValues, const int32_t* seenOffsets, const int32_t* seenItems, const uint8_t* allowed, double* scores, int32_t* items, double* sums, int32_t* counts, int32_t* touched, int32_t rowCount, int32_t entryCount, int32_t innerCount, int32_t otherEntryCount, int32_t columnCount, int32_t seenCount, int32_t n);
  void (*column_moments_f64)(const double* x, const double* weights, double* moments, double* terms, int32_t rowCount);
  void (*column_standardize_f64)(double* x, double shift, double scale, int32_t rowCount);
  void (*values_sort_f64)(double* values, double* weights, double* scratch, int32_t count);
  void (*kernel_expand_f64)(const double* panels, const double* supports, const double* coefficients, const double* intercepts, double* out, double* values, int32_t pointCount, int32_t supportCount, int32_t dimension, int32_t outputCount, int32_t kind, double gamma, double coef0, int32_t degree);
  void (*kernel_rows_f64)(const double* panels, const double* queries, double* out, int32_t pointCount, int32_t queryCount, int32_t dimension, int32_t outStride, int32_t kind, double gamma, double coef0, int32_t degree);
  int32_t (*smo_steps_f64)(const double* rows, const int32_t* slots, int32_t* stamps, const double* diagonal, const double* lower, const double* upper, double* beta, double* scores, double* raise, double* fall, double* state, int32_t count, int32_t stride, int32_t slotCount, int32_t maxIterations, double epsilon, double tolerance);
  int32_t (*dual_coordinate_steps_f64)(const double* x, const double* target, const double* upper, const double* diagonal, const double* squares, int32_t* order, double* duals, double* coefficients, double* largest, int32_t width, int32_t rowCount, int32_t orderCount, double epsilon, int32_t oneSided, double threshold);
  void (*sgd_steps_f64)(const double* x, const double* target, const double* weights, const int32_t* order, const double* rates, double* state, double* updates, int32_t width, int32_t rowCount, int32_t orderCount, int32_t batchSize, int32_t loss, double parameter, int32_t positive, double l1, double l2, int32_t averageFrom, int32_t intercept);
  void (*shap_background_f64)(const double* inputs, const double* background, const double* weights, const int32_t* trees, const int32_t* feature, const double* threshold, const uint8_t* missingGoesLeft, const int32_t* categoryOffset, const int32_t* categoryWords, const uint32_t* categories, const int32_t* right, const int32_t* leaf, const double* leafValues, const double* coalitions, double* contributions, double* sides, int32_t inputCount, int32_t backgroundCount, int32_t treeCount, int32_t nodeCount, int32_t wordCount, int32_t leafCount, int32_t leafWidth, int32_t outputCount, int32_t mostInputs, int32_t stride, int32_t firstRow, int32_t endRow);
  int32_t (*bin_edges_f64)(const double* values, const double* weights, double* edges, double* scratch, int32_t maxBins, int32_t count);
  void (*bins_encode_f64)(const double* values, const double* edges, const int32_t* edgeCounts, const int32_t* slots, uint8_t* bins, uint8_t* scratch, int32_t columnCount, int32_t stride, int32_t rowBytes, int32_t rowCount);
  double (*absolute_largest_f32)(const float* values, int32_t length);
  void (*gradients_quantise_f32)(const float* gradients, const float* hessians, int32_t* packed, double gradientScale, double hessianScale, int32_t keyLow, int32_t keyHigh, int32_t firstRow, int32_t rowCount);
  void (*histogram_add_f64)(double* sum, const double* part, const int32_t* binCounts, int32_t featureCount);
  void (*histogram_build_u8)(const uint8_t* bins, const int32_t* packed, const uint32_t* rows, const int32_t* ranges, double* histogram, const int32_t* binCounts, uint8_t* scratch, int32_t dataRows, int32_t rowBytes, int32_t groupBytes, int32_t groupFeatures, int32_t featureCount, int32_t rangeCount, int32_t fresh);
  void (*histogram_subtract_f64)(const double* parent, const double* child, double* sibling, const int32_t* binCounts, int32_t featureCount);
  void (*leaf_add_f64)(const uint32_t* rows, const int32_t* ranges, const int32_t* slots, const double* values, double* predictions, int32_t dataRows, int32_t slotLength, int32_t slotCount, int32_t firstRange, int32_t rangeCount, int32_t leafCount);
  void (*leaf_sums_f32)(const uint32_t* rows, const int32_t* ranges, const int32_t* slots, const float* gradients, const float* hessians, double* sums, int32_t dataRows, int32_t slotLength, int32_t slotCount, int32_t firstRange, int32_t rangeCount, int32_t leafCount);
  int32_t (*rows_partition_u8)(const uint8_t* bins, const uint8_t* goesLeft, uint32_t* rows, const int32_t* ranges, int32_t* left, int32_t* right, uint32_t* scratch, int32_t dataRows, int32_t rowBytes, int32_t slot, int32_t longest, int32_t rangeCount);
  void (*codes_encode_u16)(const double* values, const double* edges, uint16_t* codes, int32_t edgeCount, int32_t rowCount);
  void (*codes_encode_u8)(const double* values, const double* edges, uint8_t* codes, int32_t edgeCount, int32_t rowCount);
  int32_t (*forest_grow_u16)(const uint16_t* codes, const int32_t* offsets, const double* lows, const double* highs, const uint8_t* categorical, const double* targets, const double* weights, int32_t* state, uint32_t* rows, double* bagWeights, int32_t* open, int32_t* feature, int32_t* split, double* threshold, uint32_t* categories, int32_t* child, double* values, double* cover, int32_t* samples, double* gain, double* nodeTargets, double* nodeWeights, uint32_t* order, int32_t* runs, double* sums, double* work, int32_t* features, int32_t dataRows, int32_t featureCount, int32_t codeCount, int32_t targetCount, int32_t classCount, int32_t logarithmic, int32_t randomSplits, int32_t hasCategories, int32_t bootstrap, int32_t sampleCount, int32_t balanced, int32_t bagKeyLow, int32_t bagKeyHigh, int32_t featureKeyLow, int32_t featureKeyHigh, int32_t maxFeatures, int32_t maxDepth, int32_t minSamplesSplit, int32_t minSamplesLeaf, double minWeightFraction, double minGain, int32_t maxLeafNodes, int32_t maxNodes, int32_t maxRuns, int32_t budget);
  int32_t (*forest_grow_u8)(const uint8_t* codes, const int32_t* offsets, const double* lows, const double* highs, const uint8_t* categorical, const double* targets, const double* weights, int32_t* state, uint32_t* rows, double* bagWeights, int32_t* open, int32_t* feature, int32_t* split, double* threshold, uint32_t* categories, int32_t* child, double* values, double* cover, int32_t* samples, double* gain, double* nodeTargets, double* nodeWeights, uint32_t* order, int32_t* runs, double* sums, double* work, int32_t* features, int32_t dataRows, int32_t featureCount, int32_t codeCount, int32_t targetCount, int32_t classCount, int32_t logarithmic, int32_t randomSplits, int32_t hasCategories, int32_t bootstrap, int32_t sampleCount, int32_t balanced, int32_t bagKeyLow, int32_t bagKeyHigh, int32_t featureKeyLow, int32_t featureKeyHigh, int32_t maxFeatures, int32_t maxDepth, int32_t minSamplesSplit, int32_t minSamplesLeaf, double minWeightFraction, double minGain, int32_t maxLeafNodes, int32_t maxNodes, int32_t maxRuns, int32_t budget);
  int32_t (*tree_grow_u8)(const uint8_t* bins, const int32_t* packed, uint32_t* rows, int32_t* ranges, double* histograms, double* nodes, uint32_t* sets, int32_t* state, int32_t* team, const int32_t* liveBins, const int32_t* binCounts, const int32_t* categoryCounts, const uint8_t* allowed, const int32_t* bundles, double* partials, double* gains, int32_t* splits, uint32_t* foundSets, uint8_t* scratch, uint32_t* parted, double gradientUnit, double hessianUnit, double l1, double l2, double maxDeltaStep, double minHessian, double minSamples, double minGain, double smooth, double setL2, double maxThreshold, double minPerGroup, double maxToOnehot, double maxDepth, double budget, int32_t maxLeaves, int32_t depthwise, int32_t follows, int32_t everyRow, int32_t dataRows, int32_t rowBytes, int32_t groupBytes, int32_t groupFeatures, int32_t columnCount, int32_t featureCount, int32_t segments, int32_t segmentRows, int32_t maxNodes, int32_t histogramCount, int32_t member, int32_t members, int32_t waits);
  void (*derivatives_logistic_f32)(const double* raw, const double* target, const double* weights, float* gradients, float* hessians, double gradientScale, double hessianScale, int32_t rowCount);
  void (*derivatives_robust_f32)(const double* raw, const double* target, const double* weights, float* gradients, float* hessians, double delta, double low, double high, double gradientScale, double hessianScale, int32_t rowCount);
  void (*derivatives_softmax_f32)(const double* raw, const double* normalizers, const double* target, const double* weights, float* gradients, float* hessians, double classIndex, double gradientScale, double hessianScale, int32_t rowCount);
  void (*derivatives_squared_f32)(const double* raw, const double* target, const double* weights, float* gradients, float* hessians, double gradientScale, double hessianScale, int32_t rowCount);
  void (*derivatives_tweedie_f32)(const double* raw, const double* target, const double* weights, float* gradients, float* hessians, double power, double gradientScale, double hessianScale, int32_t rowCount);
  double (*loss_logistic_f64)(const double* raw, const double* target, const double* weights, double* tile, int32_t rowCount);
  double (*loss_robust_f64)(const double* raw, const double* target, const double* weights, double* tile, double delta, double low, double high, int32_t rowCount);
  double (*loss_softmax_f64)(const double* raw, const double* target, const double* weights, double* tile, int32_t classCount, int32_t classStride, int32_t rowCount);
  double (*loss_squared_f64)(const double* raw, const double* target, const double* weights, double* tile, int32_t rowCount);
  double (*loss_tweedie_f64)(const double* raw, const double* target, const double* weights, double* tile, double power, int32_t rowCount);
  void (*softmax_normalizers_f64)(const double* raw, double* normalizers, int32_t classCount, int32_t classStride, int32_t rowCount);
  void (*derivatives_lambdarank_f32)(const double* raw, const double* gains, const double* weights, const uint32_t* rows, const int32_t* ends, const double* inverseIdeal, const double* discounts, float* gradients, float* hessians, double* scratch, int32_t truncation, int32_t normalise, double steepness, double gradientScale, double hessianScale, int32_t longest, int32_t listCount, int32_t listRows, int32_t dataRows);
  double (*ndcg_sum_f64)(const double* raw, const double* gains, const double* listWeights, const uint32_t* rows, const int32_t* ends, const double* inverseIdeal, const double* discounts, double* scratch, int32_t places, int32_t longest, int32_t listCount, int32_t listRows, int32_t dataRows);
  void (*codes_encode_f64)(const double* values, int8_t* bytes, int8_t* bits, int32_t firstCode, int32_t codeCount, int32_t rowCount);
  void (*ranks_encode_f64)(const double* values, const double* edges, const uint8_t* cells, int8_t* ranks, int8_t* others, int32_t edgeCount, int32_t cellCount, double low, double scale, int32_t probes, int32_t missing, int32_t rowCount);
  double (*clipped_mean_f64)(const double* values, const double* weights, double* tile, double center, double delta, int32_t rowCount);
  void (*derivatives_clear_f32)(const uint32_t* rows, float* gradients, float* hessians, int32_t dataRows, int32_t rowCount);
  double (*quantile_select_f64)(const double* values, const double* weights, double* scratch, double level, int32_t rowCount);
  void (*values_gather_f64)(const double* values, const double* minuend, const uint32_t* rows, double* out, int32_t absolute, int32_t dataRows, int32_t rowCount);
  void (*gradient_sizes_count_f32)(const float* gradients, const float* hessians, const uint32_t* rows, int32_t* counts, int32_t shift, int32_t firstRow, int32_t dataRows, int32_t rowCount);
  int32_t (*rows_sample_u32)(const uint32_t* words, float* gradients, float* hessians, uint32_t* rows, uint32_t* scratch, double limit, int32_t shift, int32_t bucket, double factor, int32_t firstRow, int32_t dataRows, int32_t rowCount);
  void (*ensemble_leaves_i8)(const int8_t* ranks, const int32_t* trees, const uint32_t* tests, const int32_t* nodes, const int32_t* targets, const uint8_t* sets, int32_t* leaves, uint8_t* scratch, int32_t planeCount, int32_t rankStride, int32_t treeCount, int32_t testWords, int32_t nodeCount, int32_t setCount, int32_t rowCount);
  void (*ensemble_score_i8)(const int8_t* ranks, const int32_t* trees, const uint32_t* tests, const int32_t* nodes, const int32_t* targets, const uint8_t* sets, const double* base, const double* leafValues, double* sums, uint8_t* scratch, int32_t planeCount, int32_t rankStride, int32_t treeCount, int32_t testWords, int32_t nodeCount, int32_t setCount, int32_t rowCount, int32_t outputCount, int32_t leafCount, int32_t leafWidth, int32_t average);
  void (*shap_interactions_f64)(const double* inputs, const int32_t* trees, const int32_t* feature, const double* threshold, const uint8_t* missingGoesLeft, const int32_t* categoryOffset, const int32_t* categoryWords, const uint32_t* categories, const int32_t* edges, const double* share, const double* ratio, const int32_t* leaf, const double* leafValues, const double* quadrature, const int32_t* pairStart, const int32_t* pairs, double* interactions, double* scratch, int32_t inputCount, int32_t treeCount, int32_t nodeCount, int32_t wordCount, int32_t leafCount, int32_t leafWidth, int32_t outputCount, int32_t quadratureCount, int32_t mostNodes, int32_t mostDepth, int32_t mostPoints, int32_t stride, int32_t firstRow, int32_t endRow, int32_t pairCount);
  void (*shap_values_f64)(const double* inputs, const int32_t* trees, const int32_t* feature, const double* threshold, const uint8_t* missingGoesLeft, const int32_t* categoryOffset, const int32_t* categoryWords, const uint32_t* categories, const int32_t* edges, const double* share, const double* ratio, const int32_t* leaf, const double* leafValues, const double* quadrature, double* contributions, double* scratch, int32_t inputCount, int32_t treeCount, int32_t nodeCount, int32_t wordCount, int32_t leafCount, int32_t leafWidth, int32_t outputCount, int32_t quadratureCount, int32_t mostNodes, int32_t mostDepth, int32_t mostPoints, int32_t stride, int32_t firstRow, int32_t endRow);
  void (*category_scan_f64)(const double* histogram, const int32_t* binCounts, const uint8_t* allowed, double* gains, uint32_t* sets, double* scratch, double gradientUnit, double hessianUnit, double l1, double l2, double maxDeltaStep, double minHessian, double minSamples, double lower, double upper, double smooth, double setL2, double maxThreshold, double minPerGroup, double maxToOnehot, int32_t featureCount);
  void (*split_scan_f64)(const double* histogram, const int32_t* binCounts, const uint8_t* allowed, const int8_t* monotone, double* gains, int32_t* splits, double gradientUnit, double hessianUnit, double l1, double l2, double maxDeltaStep, double minHessian, double minSamples, double lower, double upper, int32_t featureCount);
};

}  // namespace lanewise

#ifdef LANEWISE_ISA
// Hidden, so that a declared kernel without a definition fails the link instead of the first load.
#pragma GCC visibility push(hidden)
namespace lanewise::LANEWISE_ISA {

/// correlations[j] = x[j]·residual of the listed columns; the others stay.
/// x[(columnCount === 0 ? 0 : (columnCount - 1) * columnStride + rowCount)] in; residual[rowCount] in; correlations[columnCount] inout; indices[indexCount] in
void coordinate_correlations_f64(const double* x, const double* residual, double* correlations, const int32_t* indices, int32_t rowCount, int32_t columnCount, int32_t columnStride, int32_t indexCount);
/// Passes over the listed columns on xᵀ·x, until no gram·change² exceeds the limit. Returns the passes made.
/// gram[columnCount * columnCount] in; correlations[columnCount] inout; coefficients[columnCount] inout; l1[columnCount] in; l2[columnCount] in; indices[indexCount] in
int32_t coordinate_gram_f64(const double* gram, double* correlations, double* coefficients, const double* l1, const double* l2, const int32_t* indices, int32_t columnCount, int32_t indexCount, int32_t positive, double limit, int32_t passCount);
/// One visit of each listed column; the residual y − x·u follows. Returns the largest squares·change².
/// x[(columnCount === 0 ? 0 : (columnCount - 1) * columnStride + rowCount)] in; residual[rowCount] inout; coefficients[columnCount] inout; l1[columnCount] in; l2[columnCount] in; squares[columnCount] in; indices[indexCount] in
double coordinate_residual_f64(const double* x, double* residual, double* coefficients, const double* l1, const double* l2, const double* squares, const int32_t* indices, int32_t rowCount, int32_t columnCount, int32_t columnStride, int32_t indexCount, int32_t positive);
/// Squared distances of every query to every point in the expanded form: (|q|² + |p|²) − 2·q·p, in f32.
/// queryRows[s[count] * dimension] in; panels[Math.ceil(pointCount / 8) * 8 * dimension] in; queryLengths[queryCount] in; panelLengths[Math.ceil(pointCount / 8) * 8] in; out[queryCount * Math.ceil(pointCount / 8) * 8] out
void l2_block_f32(const float* queryRows, const float* panels, const float* queryLengths, const float* panelLengths, float* out, int32_t queryCount, int32_t pointCount, int32_t dimension);
/// The k nearest points of every query by squared L2 distance, nearest first, the lower index first among equals.
/// queries[queryCount * dimension] in; points[pointCount * dimension] in; queryRows[queryCount * dimension] in; panels[Math.ceil(pointCount / 8) * 8 * dimension] in; queryBounds[queryCount] in; panelBounds[Math.ceil(pointCount / 8) * 8] in; distances[queryCount * k] out; indices[queryCount * k] out; limits[queryCount + 8] scratch
void nearest_points_f64(const double* queries, const double* points, const float* queryRows, const float* panels, const double* queryBounds, const float* panelBounds, double* distances, int32_t* indices, float* limits, int32_t queryCount, int32_t pointCount, int32_t dimension, int32_t k, double unit);
/// Cosine of a column of angles in radians.
/// x[rowCount] in; out[rowCount] out
void cos_f64(const double* x, double* out, int32_t rowCount);
/// e^x of a column.
/// x[rowCount] in; out[rowCount] out
void exp_f64(const double* x, double* out, int32_t rowCount);
/// e^x − 1 of a column.
/// x[rowCount] in; out[rowCount] out
void expm1_f64(const double* x, double* out, int32_t rowCount);
/// log(1 + x) of a column.
/// x[rowCount] in; out[rowCount] out
void log1p_f64(const double* x, double* out, int32_t rowCount);
/// Natural logarithm of a column.
/// x[rowCount] in; out[rowCount] out
void log_f64(const double* x, double* out, int32_t rowCount);
/// x^y of two columns.
/// x[rowCount] in; y[rowCount] in; out[rowCount] out
void pow_f64(const double* x, const double* y, double* out, int32_t rowCount);
/// 1/(1 + e^−x) of a column.
/// x[rowCount] in; out[rowCount] out
void sigmoid_f64(const double* x, double* out, int32_t rowCount);
/// Sine of a column of angles in radians.
/// x[rowCount] in; out[rowCount] out
void sin_f64(const double* x, double* out, int32_t rowCount);
/// Hyperbolic tangent of a column.
/// x[rowCount] in; out[rowCount] out
void tanh_f64(const double* x, double* out, int32_t rowCount);
/// Steps of Bayesian personalised ranking, one after the other: step t draws an entry (user, item) and another item of `blockItems` with block startIndex + t of the key; where the user has not seen that one, the three rows move so that the first item scores higher. counts receives how often it did already, and how many steps counted.
/// users[entryCount] in; items[entryCount] in; seenOffsets[userCount + 1] in; seenItems[seenCount] in; blockItems[blockItemCount] in; userFactors[userCount * rank] inout; itemFactors[itemCount * rank] inout; itemBiases[itemCount] inout; counts[2] out
void bpr_update_f64(const int32_t* users, const int32_t* items, const int32_t* seenOffsets, const int32_t* seenItems, const int32_t* blockItems, double* userFactors, double* itemFactors, double* itemBiases, int32_t* counts, int32_t keyLow, int32_t keyHigh, double startIndex, int32_t stepCount, int32_t entryCount, int32_t blockItemCount, int32_t userCount, int32_t itemCount, int32_t seenCount, int32_t rank, double learningRate, double regularization);
/// As factor_solve_rows_f64, by a few steps of conjugate gradients from the rows as they are. A row without entries becomes 0.
/// offsets[rowCount + 1] in; indices[entryCount] in; weights[entryCount] in; targets[entryCount] in; others[otherCount * rank] in; gram[rank * rank] in, may be null; rows[rowCount * rank] inout; vectors[3 * rank] scratch
void factor_conjugate_rows_f64(const int32_t* offsets, const int32_t* indices, const double* weights, const double* targets, const double* others, const double* gram, double* rows, double* vectors, int32_t rowCount, int32_t entryCount, int32_t otherCount, int32_t rank, double ridge, double ridgePerEntry, int32_t steps);
/// Σ x·xᵀ over rows of factors: symmetric, both halves written. The rows are added in their order.
/// rows[rowCount * rank] in; out[rank * rank] out
void factor_gram_f64(const double* rows, double* out, int32_t rowCount, int32_t rank);
/// By row: xᵀGx + Σ (w·(x·y) − 2t)·(x·y), the squared error of a factorisation but for what does not depend on it (Σ t²/w).
/// offsets[rowCount + 1] in; indices[entryCount] in; weights[entryCount] in; targets[entryCount] in; others[otherCount * rank] in; gram[rank * rank] in, may be null; rows[rowCount * rank] in; out[rowCount] out; product[rank] scratch
void factor_losses_f64(const int32_t* offsets, const int32_t* indices, const double* weights, const double* targets, const double* others, const double* gram, const double* rows, double* out, double* product, int32_t rowCount, int32_t entryCount, int32_t otherCount, int32_t rank);
/// Rows x of one side of a factorisation, the other being given: (G + Σ w·y·yᵀ + ridge) x = Σ t·y over the entries of the row, by Cholesky. A row without entries is 0, and so is a factor whose pivot is not above 0.
/// offsets[rowCount + 1] in; indices[entryCount] in; weights[entryCount] in; targets[entryCount] in; others[otherCount * rank] in; gram[rank * rank] in, may be null; out[rowCount * rank] out; system[rank * (rank + 2)] scratch
void factor_solve_rows_f64(const int32_t* offsets, const int32_t* indices, const double* weights, const double* targets, const double* others, const double* gram, double* out, double* system, int32_t rowCount, int32_t entryCount, int32_t otherCount, int32_t rank, double ridge, double ridgePerEntry);
/// The n items of the highest bias + x·y for each user, the highest first and the lower item first among equals; without those seen and those not allowed. Where fewer are left, −1 with −Infinity; items whose score is NaN or −Infinity are left out.
/// rows[userCount * rank] in; panels[8 * Math.ceil(itemCount / 8) * rank] in; biases[8 * Math.ceil(itemCount / 8)] in; seenOffsets[userCount + 1] in; seenItems[seenCount] in; allowed[itemCount] in, may be null; scores[userCount * n] out; items[userCount * n] out
void factor_top_f64(const double* rows, const double* panels, const double* biases, const int32_t* seenOffsets, const int32_t* seenItems, const uint8_t* allowed, double* scores, int32_t* items, int32_t userCount, int32_t itemCount, int32_t seenCount, int32_t rank, int32_t n);
/// What pulls the points of rows together in t-SNE: Σ p·(y − y′)/(1 + d²) over a row’s entries.
/// offsets[rowCount + 1] in; indices[entryCount] in; values[entryCount] in; positions[pointCount * dimension] in; forces[rowCount * dimension] out
void graph_attraction_f64(const int32_t* offsets, const int32_t* indices, const double* values, const double* positions, double* forces, int32_t rowStart, int32_t rowCount, int32_t entryCount, int32_t pointCount, int32_t dimension);
/// An epoch of UMAP’s layout for some rows: each point walks along its entries that are due, drawn to the neighbour and pushed off points at random, the others standing where they were.
/// offsets[rowCount + 1] in; indices[entryCount] in; rates[entryCount] in; others[pointCount * dimension] in; table[2 * (128 * octaves + 1)] in; positions[rowCount * dimension] inout; words[WORDS] scratch
void layout_epoch_f64(const int32_t* offsets, const int32_t* indices, const double* rates, const double* others, const double* table, double* positions, uint32_t* words, int32_t rowStart, int32_t rowCount, int32_t entryCount, int32_t pointCount, int32_t dimension, int32_t octaves, int32_t epoch, int32_t pulls, int32_t negatives, double step, int32_t keyLow, int32_t keyHigh);
/// Gaussian weights of each row’s neighbours, of the width at which their perplexity is the one wanted.
/// squares[rowCount * k] in; weights[rowCount * k] out
void perplexity_search_f64(const double* squares, double* weights, int32_t rowCount, int32_t k, double perplexity);
/// The quadtree or octree of points: their Morton order, and nodes in preorder with centres of mass.
/// positions[pointCount * dimension] in; order[pointCount] out; sorted[pointCount * dimension] out; ranges[6 * pointCount] inout; masses[2 * (dimension + 1) * pointCount] inout; boxes[4 * dimension * pointCount] scratch; codes[2 * pointCount] scratch; places[pointCount] scratch
int32_t point_tree_f64(const double* positions, int32_t* order, double* sorted, int32_t* ranges, double* masses, double* boxes, uint32_t* codes, int32_t* places, int32_t pointCount, int32_t dimension);
/// What pushes the points of groups apart in t-SNE, by the tree: Σ q²·(y − y′) and Σ q, where q = 1/(1 + d²).
/// order[pointCount] in; sorted[pointCount * dimension] in; ranges[3 * nodeCount] in; masses[(dimension + 1) * nodeCount] in; forces[pointCount * dimension] inout; similarities[pointCount] inout; entries[4160] scratch
void tree_repulsion_f64(const int32_t* order, const double* sorted, const int32_t* ranges, const double* masses, double* forces, double* similarities, double* entries, int32_t groupStart, int32_t groupEnd, int32_t pointCount, int32_t nodeCount, int32_t dimension, double angle);
/// y ← a·x + y.
/// x[rowCount] in; y[rowCount] inout
void axpy_f64(const double* x, double* y, double a, int32_t rowCount);
/// Inner product of two columns.
/// x[rowCount] in; y[rowCount] in
double dot_f64(const double* x, const double* y, int32_t rowCount);
/// out = intercept + x·coefficients, added in the order of the columns.
/// x[(columnCount === 0 ? 0 : (columnCount - 1) * columnStride + rowCount)] in; coefficients[columnCount + 1] in; out[rowCount] out
void linear_scores_f64(const double* x, const double* coefficients, double* out, int32_t rowCount, int32_t columnCount, int32_t columnStride);
/// xᵀ·W·x, symmetric; sums in ascending order, in blocks of 256 rows.
/// x[(columnCount === 0 ? 0 : (columnCount - 1) * columnStride + rowCount)] in; weights[rowCount] in, may be null; gram[columnCount * columnCount] out; panels[productScratch(columnCount, 256)] scratch
void gram_f64(const double* x, const double* weights, double* gram, double* panels, int32_t rowCount, int32_t columnCount, int32_t columnStride);
/// Chooses the neighbours of nodes rowStart … rowEnd − 1 of a batch on each of their levels, and writes them into their own lists.
/// vectors[nodeCount * stride] in; levels[nodeCount] in; upperOffsets[nodeCount] in; batch[batchCount] in; links[nodeCount * 2 * m] inout; upper[upperLength] inout; visited[Math.ceil(nodeCount / 32)] scratch; pool[ef + 1] scratch; fresh[2 * m + 4] scratch; batchDistances[batchCount + 4] scratch
void graph_connect_f32(const float* vectors, const uint8_t* levels, const int32_t* upperOffsets, const int32_t* batch, int32_t* links, int32_t* upper, uint32_t* visited, int64_t* pool, int32_t* fresh, float* batchDistances, int32_t nodeCount, int32_t upperLength, int32_t batchCount, int32_t stride, int32_t m, int32_t metric, int32_t entry, int32_t topLevel, int32_t ef, int32_t rowStart, int32_t rowEnd);
/// Takes new nodes into the lists of targets rowStart … rowEnd − 1: behind what is there while there is room, else the best of both are chosen anew.
/// vectors[nodeCount * stride] in; lists[listsLength] inout; targets[targetCount] in; places[targetCount] in; starts[targetCount + 1] in; sources[sourceCount] in; pool[slots + sourceCount + 1] scratch
void graph_link_f32(const float* vectors, int32_t* lists, const int32_t* targets, const int32_t* places, const int32_t* starts, const int32_t* sources, int64_t* pool, int32_t nodeCount, int32_t listsLength, int32_t targetCount, int32_t sourceCount, int32_t stride, int32_t metric, int32_t slots, int32_t rowStart, int32_t rowEnd);
/// Nodes rowStart … rowEnd − 1 that link to nodes which are gone choose anew: among what is left of their lists, and what can be reached through those that are gone.
/// vectors[nodeCount * stride] in; levels[nodeCount] in; upperOffsets[nodeCount] in; gone[Math.ceil(nodeCount / 8)] in; links[nodeCount * 2 * m] inout; upper[upperLength] inout; visited[Math.ceil(nodeCount / 32)] scratch; pool[capacity + 1] scratch; met[capacity] scratch
void graph_repair_f32(const float* vectors, const uint8_t* levels, const int32_t* upperOffsets, const uint8_t* gone, int32_t* links, int32_t* upper, uint32_t* visited, int64_t* pool, int32_t* met, int32_t nodeCount, int32_t upperLength, int32_t stride, int32_t m, int32_t metric, int32_t capacity, int32_t rowStart, int32_t rowEnd);
/// The k nearest of some rows of a graph, one by one without its links: for filters that leave few.
/// vectors[nodeCount * stride] in; rows[rowCount] in; queries[queryCount * stride] in; distances[queryCount * k] out; nodes[queryCount * k] out; pool[k + 1] scratch
void graph_scan_f32(const float* vectors, const int32_t* rows, const float* queries, float* distances, int32_t* nodes, int64_t* pool, int32_t nodeCount, int32_t rowCount, int32_t stride, int32_t metric, int32_t queryCount, int32_t k);
/// The k nearest of the nodes that a beam search of width ef meets, for a block of queries; nodes that are not allowed lead the way and are no answers.
/// vectors[nodeCount * stride] in; links[nodeCount * 2 * m] in; upperOffsets[nodeCount] in; upper[upperLength] in; queries[queryCount * stride] in; allowed[Math.ceil(nodeCount / 8)] in, may be null; distances[queryCount * k] out; nodes[queryCount * k] out; visited[Math.ceil(nodeCount / 32)] scratch; pool[capacity + 1] scratch; fresh[2 * m + 4] scratch
void graph_search_f32(const float* vectors, const int32_t* links, const int32_t* upperOffsets, const int32_t* upper, const float* queries, const uint8_t* allowed, float* distances, int32_t* nodes, uint32_t* visited, int64_t* pool, int32_t* fresh, int32_t nodeCount, int32_t upperLength, int32_t stride, int32_t m, int32_t metric, int32_t entry, int32_t topLevel, int32_t queryCount, int32_t k, int32_t ef, int32_t capacity);
/// The nearest centre of every point, with a bound for every centre: whole panels whose bounds rule them out are not looked at. Returns how many were.
/// points[pointCount * dimension] in; centers[centerCount * dimension] in; rows[pointCount * dimension] in; rowBounds[pointCount] in; panels[Math.ceil(centerCount / 16) * 16 * dimension] in; panelBounds[Math.ceil(centerCount / 16) * 16] in; moves[Math.ceil(centerCount / 16) * 16] in; halves[centerCount] in; labels[pointCount] inout; uppers[pointCount] inout; lowers[pointCount * Math.ceil(centerCount / 16) * 16] inout; values[Math.ceil(centerCount / 16) * 16] scratch
int32_t assign_elkan_f64(const double* points, const double* centers, const float* rows, const double* rowBounds, const float* panels, const float* panelBounds, const float* moves, const float* halves, int32_t* labels, float* uppers, float* lowers, float* values, int32_t pointCount, int32_t centerCount, int32_t dimension, double unit);
/// The nearest centre of every point whose bounds do not show that it is the one it had, the first of equals. Returns how many were looked at.
/// points[pointCount * dimension] in; centers[centerCount * dimension] in; rows[pointCount * dimension] in; rowBounds[pointCount] in; panels[Math.ceil(centerCount / 16) * 16 * dimension] in; panelBounds[Math.ceil(centerCount / 16) * 16] in; moves[Math.ceil(centerCount / 16) * 16] in; halves[centerCount] in; labels[pointCount] inout; uppers[pointCount] inout; lowers[pointCount] inout; values[8 * Math.ceil(centerCount / 16) * 16] scratch
int32_t assign_hamerly_f64(const double* points, const double* centers, const float* rows, const double* rowBounds, const float* panels, const float* panelBounds, const float* moves, const float* halves, int32_t* labels, float* uppers, float* lowers, float* values, int32_t pointCount, int32_t centerCount, int32_t dimension, double unit, double slack);
/// Points in a frame, where candidates are found: less its centre, times its unit, in f32, with their lengths.
/// points[pointCount * dimension] in; center[dimension] in; rows[pointCount * dimension] out; lengths[pointCount] out; rowBounds[pointCount] out
void candidate_rows_f64(const double* points, const double* center, float* rows, float* lengths, double* rowBounds, int32_t pointCount, int32_t dimension, double unit);
/// L2 distances of rows, given by columns, to every centre, and the nearest centre, the first of equals.
/// columns[rowCount * dimension] in; centers[centerCount * dimension] in; distances[centerCount * rowCount] out; nearest[rowCount] out; least[rowCount] scratch
void center_distances_f64(const double* columns, const double* centers, double* distances, double* nearest, double* least, int32_t rowCount, int32_t centerCount, int32_t dimension);
/// Moves the points whose label has changed from the sum of their old cluster to that of the new one, in whole numbers. Returns how many.
/// points[pointCount * dimension] in; weights[pointCount] in, may be null; labels[pointCount] in; counted[pointCount] inout; scales[dimension + 1] in; sums[2 * centerCount * (dimension + 1)] inout
int32_t cluster_changes_i64(const double* points, const double* weights, const int32_t* labels, int32_t* counted, const double* scales, int64_t* sums, int32_t pointCount, int32_t dimension, int32_t centerCount, double lowScale);
/// The squared L2 distance of every point to the centre of its label; Infinity where it has none.
/// points[pointCount * dimension] in; centers[centerCount * dimension] in; labels[pointCount] in; distances[pointCount] out
void label_distances_f64(const double* points, const double* centers, const int32_t* labels, double* distances, int32_t pointCount, int32_t centerCount, int32_t dimension);
/// By coordinate of some points: the least, the greatest, Σ(x − shift) and Σ(x − shift)², in the order of points.
/// points[pointCount * dimension] in; shifts[dimension] in; extents[4 * dimension] out
void point_extents_f64(const double* points, const double* shifts, double* extents, int32_t pointCount, int32_t dimension);
/// k-means++: squared distances to the nearest centre, lowered by those to one that was drawn.
/// distances[pointCount * stride] in; nearest[pointCount] inout
void seed_lower_f32(const float* distances, float* nearest, int32_t pointCount, int32_t stride, int32_t chosen);
/// k-means++: by drawn point, Σ weight·squared distance to the nearest centre, were that point one; in the order of points.
/// distances[pointCount * stride] in; nearest[pointCount] in; weights[pointCount] in, may be null; potentials[drawnCount] out
void seed_potentials_f32(const float* distances, const float* nearest, const double* weights, double* potentials, int32_t pointCount, int32_t drawnCount, int32_t stride);
/// Adds parts, one behind the other, to a total, in whole numbers, and empties them.
/// total[length] inout; parts[partCount * length] inout
void sums_merge_i64(int64_t* total, int64_t* parts, int32_t partCount, int32_t length);
/// How many points lie within a radius of every query, by a k-d tree.
/// queries[queryCount * dimension] in; panels[panelCount * 8 * dimension] in; order[panelCount * 8] in; boxes[(2 ** (depth + 1) - 1) * 2 * dimension] in; leaves[2 ** depth + 1] in; counts[queryCount] out; scratch[72] scratch
void kd_tree_count_f64(const double* queries, const double* panels, const int32_t* order, const double* boxes, const int32_t* leaves, int32_t* counts, double* scratch, int32_t queryCount, int32_t panelCount, int32_t dimension, int32_t depth, int32_t metric, int32_t self, double limit, int32_t enough);
/// Joins the dense points of some leaves with all dense points within a radius of them; nodes that are of one set already are passed over.
/// panels[panelCount * 8 * dimension] in; order[panelCount * 8] in; boxes[(2 ** (depth + 1) - 1) * 2 * dimension] in; leaves[2 ** depth + 1] in; parents[pointCount] inout; groups[2 ** (depth + 1) - 1] scratch; scratch[72 + dimension] scratch
void kd_tree_join_f64(const double* panels, const int32_t* order, const double* boxes, const int32_t* leaves, int32_t* parents, int32_t* groups, double* scratch, int32_t pointCount, int32_t panelCount, int32_t dimension, int32_t depth, int32_t metric, double limit, int32_t leafStart, int32_t leafEnd);
/// Some leaves of a k-d tree laid out: their points by index, in panels of eight.
/// values[pointCount * dimension] in; sorted[pointCount] inout; leaves[2 ** depth + 1] in; panels[panelCount * 8 * dimension] inout; order[panelCount * 8] inout
void kd_tree_lay_f64(const double* values, int32_t* sorted, const int32_t* leaves, double* panels, int32_t* order, int32_t pointCount, int32_t dimension, int32_t depth, int32_t panelCount, int32_t leafStart, int32_t leafEnd);
/// The k nearest points of every query, nearest first, the lower index first among equals, by a k-d tree.
/// queries[queryCount * dimension] in; panels[panelCount * 8 * dimension] in; order[panelCount * 8] in; boxes[(2 ** (depth + 1) - 1) * 2 * dimension] in; leaves[2 ** depth + 1] in; distances[queryCount * k] out; indices[queryCount * k] out; scratch[72] scratch
void kd_tree_nearest_f64(const double* queries, const double* panels, const int32_t* order, const double* boxes, const int32_t* leaves, double* distances, int32_t* indices, double* scratch, int32_t queryCount, int32_t panelCount, int32_t dimension, int32_t depth, int32_t metric, int32_t self, int32_t k);
/// The boxes of some nodes of a k-d tree; those above the leaves have their points halved at the median of the widest coordinate.
/// values[pointCount * dimension] in; order[pointCount] inout; boxes[(2 ** (depth + 1) - 1) * 2 * dimension] inout; keys[pointCount] scratch
void kd_tree_split_f64(const double* values, int32_t* order, double* boxes, double* keys, int32_t pointCount, int32_t dimension, int32_t depth, int32_t nodeStart, int32_t nodeEnd);
/// The points within a radius of every query, their indices ascending, by a k-d tree; counted before.
/// queries[queryCount * dimension] in; panels[panelCount * 8 * dimension] in; order[panelCount * 8] in; boxes[(2 ** (depth + 1) - 1) * 2 * dimension] in; leaves[2 ** depth + 1] in; offsets[queryCount] in; indices[found] out; distances[found] out; scratch[72] scratch
void kd_tree_within_f64(const double* queries, const double* panels, const int32_t* order, const double* boxes, const int32_t* leaves, const int32_t* offsets, int32_t* indices, double* distances, double* scratch, int32_t queryCount, int32_t panelCount, int32_t dimension, int32_t depth, int32_t metric, int32_t self, double limit, int32_t found);
/// values ← values·factor + addend, over and over: the most multiplications and additions in f32.
/// values[count] inout
void limit_multiply_add_f32(float* values, double factor, double addend, int32_t rounds, int32_t count);
/// values ← values·factor + addend, over and over: the most multiplications and additions in f64.
/// values[count] inout
void limit_multiply_add_f64(double* values, double factor, double addend, int32_t rounds, int32_t count);
/// Σ w·loss(margin, target) of a linear model, its gradient, and w·(second derivative by the margin) a row.
/// x[(columnCount === 0 ? 0 : (columnCount - 1) * columnStride + rowCount)] in; target[rowCount] in; weights[rowCount] in, may be null; coefficients[columnCount + 1] in; gradient[columnCount + 1] out; curvature[rowCount] out, may be null; scratch[640 + 32 * columnCount] scratch
double gradient_linear_f64(const double* x, const double* target, const double* weights, const double* coefficients, double* gradient, double* curvature, double* scratch, int32_t loss, double a, double b, int32_t rowCount, int32_t columnCount, int32_t columnStride);
/// Multinomial loss −Σ w·log p(class of the row) of a linear model with softmax, its gradient, and p.
/// x[(columnCount === 0 ? 0 : (columnCount - 1) * columnStride + rowCount)] in; target[rowCount] in; weights[rowCount] in, may be null; coefficients[classCount * (columnCount + 1)] in; gradient[classCount * (columnCount + 1)] out; probabilities[classCount * rowCount] out, may be null; scratch[(classCount + 1) * 256 + 32 * (classCount * (columnCount + 1) + 1)] scratch
double gradient_softmax_f64(const double* x, const double* target, const double* weights, const double* coefficients, double* gradient, double* probabilities, double* scratch, int32_t rowCount, int32_t columnCount, int32_t columnStride, int32_t classCount);
/// The Hessian of a linear model times a vector, without the Hessian: xᵀ·(curvature ∘ x·direction).
/// x[(columnCount === 0 ? 0 : (columnCount - 1) * columnStride + rowCount)] in; curvature[rowCount] in; direction[columnCount + 1] in; product[columnCount + 1] out; scratch[640 + 32 * columnCount] scratch
void hessian_linear_f64(const double* x, const double* curvature, const double* direction, double* product, double* scratch, int32_t rowCount, int32_t columnCount, int32_t columnStride);
/// The Hessian of the multinomial loss times a vector, without the Hessian.
/// x[(columnCount === 0 ? 0 : (columnCount - 1) * columnStride + rowCount)] in; weights[rowCount] in, may be null; probabilities[classCount * rowCount] in; direction[classCount * (columnCount + 1)] in; product[classCount * (columnCount + 1)] out; scratch[(classCount + 1) * 256 + 32 * (classCount * (columnCount + 1) + 1)] scratch
void hessian_softmax_f64(const double* x, const double* weights, const double* probabilities, const double* direction, double* product, double* scratch, int32_t rowCount, int32_t columnCount, int32_t columnStride, int32_t classCount);
/// Rows of the condensed matrix of all distances between points.
/// coordinates[dimension * pointCount] in; distances[((rowEnd - rowStart) * (2 * pointCount - rowStart - rowEnd - 1)) / 2] out
void condense_distances_f64(const double* coordinates, double* distances, int32_t pointCount, int32_t dimension, int32_t metric, int32_t rowStart, int32_t rowEnd);
/// A step of a spanning tree: what lies within `limit` of a point is reached over it where that is nearer; gives the first of the nearest points outside, −1 where none is at a finite distance.
/// coordinates[dimension * pointCount] in; cores[pointCount] in, may be null; reached[pointCount] inout; sources[pointCount] inout
int32_t grow_tree_f64(const double* coordinates, const double* cores, double* reached, int32_t* sources, int32_t pointCount, int32_t dimension, int32_t metric, int32_t current, int32_t name, double core, double limit, int32_t rowStart, int32_t rowEnd);
/// Distances of all living clusters to the union of two, in the place of the second (Lance and Williams, 1967).
/// matrix[(pointCount * (pointCount - 1)) / 2] inout; sizes[pointCount] in
void merge_condensed_f64(double* matrix, const int32_t* sizes, int32_t pointCount, int32_t first, int32_t second, int32_t linkage);
/// The nearest living cluster of one: `previous` where it is among the nearest, else the first of them; −1 where none lies at a finite distance.
/// matrix[(pointCount * (pointCount - 1)) / 2] in; sizes[pointCount] in
int32_t nearest_condensed_f64(const double* matrix, const int32_t* sizes, int32_t pointCount, int32_t row, int32_t previous);
/// The cluster nearest to one by Ward’s linkage, from centres and sizes: `previous` where it is among the nearest, else the first of them; −1 where none lies at a finite distance.
/// centers[dimension * pointCount] in; sizes[pointCount] in
int32_t nearest_ward_f64(const double* centers, const double* sizes, int32_t pointCount, int32_t dimension, int32_t row, int32_t previous);
/// As matrix_product_f64, in f32: every product and every sum is rounded.
/// a[form === 1 ? extent(depth, rows, aStride) : extent(rows, depth, aStride)] in; b[form === 2 ? extent(columns, depth, bStride) : extent(depth, columns, bStride)] in; c[extent(rows, columns, cStride)] inout; panels[productScratch(columns, depth)] scratch
void matrix_product_f32(const float* a, const float* b, float* c, float* panels, int32_t rows, int32_t columns, int32_t depth, int32_t aStride, int32_t bStride, int32_t cStride, int32_t form, int32_t update);
/// c ← a·b, aᵀ·b or a·bᵀ, overwritten, added or taken away; sums in ascending order, in blocks of 256 terms.
/// a[form === 1 ? extent(depth, rows, aStride) : extent(rows, depth, aStride)] in; b[form === 2 ? extent(columns, depth, bStride) : extent(depth, columns, bStride)] in; c[extent(rows, columns, cStride)] inout; panels[productScratch(columns, depth)] scratch
void matrix_product_f64(const double* a, const double* b, double* c, double* panels, int32_t rows, int32_t columns, int32_t depth, int32_t aStride, int32_t bStride, int32_t cStride, int32_t form, int32_t update);
/// Distances of every query to every point, by any metric.
/// queries[queryCount * dimension] in; panels[Math.ceil(pointCount / 8) * 8 * dimension] in; queryLengths[queryCount] in, may be null; panelLengths[Math.ceil(pointCount / 8) * 8] in, may be null; columns[2 * dimension] in, may be null; out[queryCount * Math.ceil(pointCount / 8) * 8] out
void metric_block_f64(const double* queries, const double* panels, const double* queryLengths, const double* panelLengths, const double* columns, double* out, int32_t queryCount, int32_t pointCount, int32_t dimension, int32_t metric);
/// How many points lie within a distance of every query, by any metric.
/// queries[queryCount * dimension] in; panels[Math.ceil(pointCount / 8) * 8 * dimension] in; queryLengths[queryCount] in, may be null; panelLengths[Math.ceil(pointCount / 8) * 8] in, may be null; columns[2 * dimension] in, may be null; counts[queryCount] out; values[2048] scratch
void metric_count_f64(const double* queries, const double* panels, const double* queryLengths, const double* panelLengths, const double* columns, int32_t* counts, double* values, int32_t queryCount, int32_t pointCount, int32_t dimension, int32_t metric, double limit, int32_t firstQuery);
/// The k nearest points of every query by any metric, nearest first, the lower index first among equals.
/// queries[queryCount * dimension] in; panels[Math.ceil(pointCount / 8) * 8 * dimension] in; queryLengths[queryCount] in, may be null; panelLengths[Math.ceil(pointCount / 8) * 8] in, may be null; columns[2 * dimension] in, may be null; distances[queryCount * k] out; indices[queryCount * k] out; values[2048] scratch
void metric_nearest_f64(const double* queries, const double* panels, const double* queryLengths, const double* panelLengths, const double* columns, double* distances, int32_t* indices, double* values, int32_t queryCount, int32_t pointCount, int32_t dimension, int32_t metric, int32_t k, int32_t firstQuery);
/// The points within a distance of every query and how far they are, by any metric, in the order of the points.
/// queries[queryCount * dimension] in; panels[Math.ceil(pointCount / 8) * 8 * dimension] in; queryLengths[queryCount] in, may be null; panelLengths[Math.ceil(pointCount / 8) * 8] in, may be null; columns[2 * dimension] in, may be null; places[queryCount] inout; indices[found] out; distances[found] out; values[2048] scratch
void metric_within_f64(const double* queries, const double* panels, const double* queryLengths, const double* panelLengths, const double* columns, int32_t* places, int32_t* indices, double* distances, double* values, int32_t queryCount, int32_t pointCount, int32_t dimension, int32_t metric, double limit, int32_t firstQuery, int32_t found);
/// Distances of products: |q|² + |p|² − 2·q·p (or its root), where that is more than a 1024th of |q|² + |p|², direct differences where not; 1 − q·p/√(|q|²·|p|²); −q·p.
/// queries[queryCount * dimension] in, may be null; points[pointCount * dimension] in, may be null; queryLengths[queryCount] in, may be null; pointLengths[pointCount] in, may be null; out[(queryCount === 0 ? 0 : (queryCount - 1) * stride + pointCount)] inout
void product_distances_f64(const double* queries, const double* points, const double* queryLengths, const double* pointLengths, double* out, int32_t queryCount, int32_t pointCount, int32_t dimension, int32_t stride, int32_t metric);
/// Of rows, offset − ½·|W·(row − mean)|² by component: the gaussian operation of scoring programs.
/// columns[rowCount * dimension] in; means[componentCount * dimension] in; factors[componentCount * dimension * (full ? dimension : 1)] in; offsets[componentCount] in; scores[componentCount * rowCount] out; differences[16 * dimension] scratch
void gaussian_scores_f64(const double* columns, const double* means, const double* factors, const double* offsets, double* scores, double* differences, int32_t rowCount, int32_t componentCount, int32_t dimension, int32_t full);
/// Of rows, the log of their density in a mixture of normal densities, and the share that each component has in it.
/// columns[rowCount * dimension] in; means[componentCount * dimension] in; factors[componentCount * dimension * (full ? dimension : 1)] in; offsets[componentCount] in; shares[componentCount * rowCount] out; logs[rowCount] out; differences[16 * dimension] scratch
void mixture_expect_f64(const double* columns, const double* means, const double* factors, const double* offsets, double* shares, double* logs, double* differences, int32_t rowCount, int32_t componentCount, int32_t dimension, int32_t full);
/// By component: sums of rows and shares, or squares or products of rows about a centre, by the shares.
/// columns[rowCount * dimension] in; shares[componentCount * rowCount] in; weights[rowCount] in, may be null; centers[componentCount * dimension] in, may be null; moments[componentCount * (kind === 0 ? dimension + 1 : kind === 1 ? dimension : dimension * dimension)] out; scratch[256 * (2 * dimension + 1)] scratch
void mixture_moments_f64(const double* columns, const double* shares, const double* weights, const double* centers, double* moments, double* scratch, int32_t rowCount, int32_t componentCount, int32_t dimension, int32_t kind);
/// Derivatives by what batch_norm_forward_f32 received, and by gamma, from those by what it gave.
/// delta[rowCount * unitCount] inout; normalized[rowCount * unitCount] in; gamma[unitCount] in; inverse[unitCount] in; gammaGradient[unitCount] out; sums[2 * unitCount] scratch
void batch_norm_backward_f32(float* delta, const float* normalized, const float* gamma, const float* inverse, float* gammaGradient, double* sums, int32_t rowCount, int32_t unitCount);
/// A batch with mean 0 and variance 1 a unit, times gamma; running mean and variance follow.
/// values[rowCount * unitCount] inout; normalized[rowCount * unitCount] out; gamma[unitCount] in; inverse[unitCount] out; runningMean[unitCount] inout; runningVariance[unitCount] inout; sums[2 * unitCount] scratch
void batch_norm_forward_f32(float* values, float* normalized, const float* gamma, float* inverse, float* runningMean, float* runningVariance, double* sums, double kept, double epsilon, int32_t rowCount, int32_t unitCount);
/// Value i ← 0 where word startIndex + i of the key is below `bound`, else factor·value.
/// values[count] inout; words[64] scratch
void dropout_f32(float* values, uint32_t* words, int32_t keyLow, int32_t keyHigh, double startIndex, double bound, double factor, int32_t count);
/// Some rows of a row-major matrix, in the order of their indices: a batch.
/// source[sourceRows * columnCount] in; indices[rowCount] in; out[rowCount * columnCount] out
void gather_rows_f32(const float* source, const uint32_t* indices, float* out, int32_t rowCount, int32_t columnCount, int32_t sourceRows);
/// delta ← delta·activation′: derivatives by the sums, from those by the activations.
/// sums[rowCount * unitCount] in; outputs[rowCount * unitCount] in; delta[rowCount * unitCount] inout
void layer_backward_f32(const float* sums, const float* outputs, float* delta, int32_t activation, int32_t rowCount, int32_t unitCount);
/// sums ← sums + bias; out = activation(sums).
/// sums[rowCount * unitCount] inout; bias[unitCount] in; out[rowCount * unitCount] out
void layer_forward_f32(float* sums, const float* bias, float* out, int32_t activation, int32_t rowCount, int32_t unitCount);
/// Logistic loss Σ weight·(log(1 + e^score) − target·score); scores ← its derivatives, scaled.
/// scores[rowCount] inout; target[rowCount] in; weights[rowCount] in, may be null; losses[rowCount] out
double logistic_loss_f32(float* scores, const float* target, const float* weights, double* losses, double scale, int32_t rowCount);
/// Cross-entropy of softmax: Σ weight·(log Σ e^score − score of the class); scores ← its derivatives, scaled.
/// scores[rowCount * unitCount] inout; target[rowCount] in; weights[rowCount] in, may be null; losses[rowCount] out; parts[unitCount + 8] scratch
double softmax_loss_f32(float* scores, const float* target, const float* weights, double* losses, double* parts, double scale, int32_t rowCount, int32_t unitCount);
/// Squared loss ½·Σ weight·(score − target)²; scores ← its derivatives, scaled.
/// scores[rowCount] inout; target[rowCount] in; weights[rowCount] in, may be null; losses[rowCount] out
double squared_loss_f32(float* scores, const float* target, const float* weights, double* losses, double scale, int32_t rowCount);
/// The sum of squares of f32 numbers, in f64.
/// values[count] in; lanes[32] scratch
double sum_of_squares_f32(const float* values, double* lanes, int32_t count);
/// AdaGrad: squares of the slope are added up; parameter − rate·slope/(√square + ε).
/// parameters[count] inout; gradient[count] in; square[count] inout
void update_adagrad_f32(float* parameters, const float* gradient, float* square, double rate, double epsilon, double gradientScale, double gradientLimit, double decay, int32_t count);
/// AdaGrad: squares of the slope are added up; parameter − rate·slope/(√square + ε).
/// parameters[count] inout; gradient[count] in; square[count] inout
void update_adagrad_f64(double* parameters, const double* gradient, double* square, double rate, double epsilon, double gradientScale, double gradientLimit, double decay, int32_t count);
/// Adam and AdamW: running means of slope and squared slope; shrink·parameter − rate·mean/(√square·rootScale + ε).
/// parameters[count] inout; gradient[count] in; mean[count] inout; square[count] inout
void update_adam_f32(float* parameters, const float* gradient, float* mean, float* square, double rate, double beta1, double beta2, double epsilon, double rootScale, double shrink, double gradientScale, double gradientLimit, double decay, int32_t count);
/// Adam and AdamW: running means of slope and squared slope; shrink·parameter − rate·mean/(√square·rootScale + ε).
/// parameters[count] inout; gradient[count] in; mean[count] inout; square[count] inout
void update_adam_f64(double* parameters, const double* gradient, double* mean, double* square, double rate, double beta1, double beta2, double epsilon, double rootScale, double shrink, double gradientScale, double gradientLimit, double decay, int32_t count);
/// RMSProp: running mean of the squared slope; parameter − rate·slope/(√square + ε).
/// parameters[count] inout; gradient[count] in; square[count] inout
void update_rmsprop_f32(float* parameters, const float* gradient, float* square, double rate, double rho, double epsilon, double gradientScale, double gradientLimit, double decay, int32_t count);
/// RMSProp: running mean of the squared slope; parameter − rate·slope/(√square + ε).
/// parameters[count] inout; gradient[count] in; square[count] inout
void update_rmsprop_f64(double* parameters, const double* gradient, double* square, double rate, double rho, double epsilon, double gradientScale, double gradientLimit, double decay, int32_t count);
/// Stochastic gradient descent: v ← momentum·v − rate·slope; parameter + v, or + momentum·v − rate·slope.
/// parameters[count] inout; gradient[count] in; velocity[count] inout, may be null
void update_sgd_f32(float* parameters, const float* gradient, float* velocity, double rate, double momentum, int32_t nesterov, double gradientScale, double gradientLimit, double decay, int32_t count);
/// Stochastic gradient descent: v ← momentum·v − rate·slope; parameter + v, or + momentum·v − rate·slope.
/// parameters[count] inout; gradient[count] in; velocity[count] inout, may be null
void update_sgd_f64(double* parameters, const double* gradient, double* velocity, double rate, double momentum, int32_t nesterov, double gradientScale, double gradientLimit, double decay, int32_t count);
/// How many points lie within a radius of every query, by codes where these tell, else by direct differences.
/// queries[queryCount * dimension] in; points[pointCount * dimension] in; queryCodes[queryCount * Math.ceil(dimension / 2) * 2] in; queryStarts[queryCount] in; queryErrors[queryCount] in; panels[Math.ceil(pointCount / 16) * 16 * Math.ceil(dimension / 2) * 2] in; panelStarts[Math.ceil(pointCount / 16) * 16] in; counts[queryCount] out; scratch[3 * queryCount + 16] scratch
void count_codes_i16(const double* queries, const double* points, const int16_t* queryCodes, const int32_t* queryStarts, const double* queryErrors, const int16_t* panels, const int32_t* panelStarts, int32_t* counts, int32_t* scratch, int32_t queryCount, int32_t pointCount, int32_t dimension, double scale, double error, double limit, int32_t self);
/// The k nearest points of every query, as nearest_points_f64 gives them, with candidates found in products of integers.
/// queries[queryCount * dimension] in; points[pointCount * dimension] in; queryCodes[queryCount * Math.ceil(dimension / 2) * 2] in; queryStarts[queryCount] in; queryErrors[queryCount] in; panels[Math.ceil(pointCount / 16) * 16 * Math.ceil(dimension / 2) * 2] in; panelStarts[Math.ceil(pointCount / 16) * 16] in; distances[queryCount * k] out; indices[queryCount * k] out; scratch[queryCount * (3 + 32 * (Math.floor(k / 4) + 5))] scratch
void nearest_codes_i16(const double* queries, const double* points, const int16_t* queryCodes, const int32_t* queryStarts, const double* queryErrors, const int16_t* panels, const int32_t* panelStarts, double* distances, int32_t* indices, int32_t* scratch, int32_t queryCount, int32_t pointCount, int32_t dimension, int32_t k, double scale, double error);
/// As nearest_codes_i16, with codes of eight bits, for at most 16,384 coordinates.
/// queries[queryCount * dimension] in; points[pointCount * dimension] in; queryCodes[queryCount * Math.ceil(dimension / 4) * 4] in; queryStarts[queryCount] in; queryErrors[queryCount] in; panels[Math.ceil(pointCount / 16) * 16 * Math.ceil(dimension / 4) * 4] in; panelStarts[Math.ceil(pointCount / 16) * 16] in; distances[queryCount * k] out; indices[queryCount * k] out; scratch[queryCount * (3 + 32 * (Math.floor(k / 4) + 5))] scratch
void nearest_codes_i8(const double* queries, const double* points, const uint8_t* queryCodes, const int32_t* queryStarts, const double* queryErrors, const uint8_t* panels, const int32_t* panelStarts, double* distances, int32_t* indices, int32_t* scratch, int32_t queryCount, int32_t pointCount, int32_t dimension, int32_t k, double scale, double error);
/// Codes of points: round((p − centre)·scale), cut off at ±largest, in panels, with what that took away.
/// points[pointCount * dimension] in; center[dimension] in; codes[Math.ceil(pointCount / panel) * panel * Math.ceil(dimension / 2) * 2] out; starts[Math.ceil(pointCount / panel) * panel] out; errors[pointCount] out
void quantize_points_i16(const double* points, const double* center, int16_t* codes, int32_t* starts, double* errors, int32_t pointCount, int32_t dimension, int32_t panel, double scale, double largest);
/// Codes of eight bits: round((p − centre)·scale), cut off at −128 and 127, in panels (queries: in rows), with what that took away.
/// points[pointCount * dimension] in; center[dimension] in; codes[Math.ceil(pointCount / panel) * panel * Math.ceil(dimension / 4) * 4] out; starts[Math.ceil(pointCount / panel) * panel] out; errors[pointCount] out
void quantize_points_i8(const double* points, const double* center, uint8_t* codes, int32_t* starts, double* errors, int32_t pointCount, int32_t dimension, int32_t panel, double scale);
/// The points within a radius of every query, their indices ascending, found by codes; counted before.
/// queries[queryCount * dimension] in; points[pointCount * dimension] in; queryCodes[queryCount * Math.ceil(dimension / 2) * 2] in; queryStarts[queryCount] in; queryErrors[queryCount] in; panels[Math.ceil(pointCount / 16) * 16 * Math.ceil(dimension / 2) * 2] in; panelStarts[Math.ceil(pointCount / 16) * 16] in; offsets[queryCount] in; indices[found] out; distances[found] out; scratch[3 * queryCount + 16] scratch
void within_codes_i16(const double* queries, const double* points, const int16_t* queryCodes, const int32_t* queryStarts, const double* queryErrors, const int16_t* panels, const int32_t* panelStarts, const int32_t* offsets, int32_t* indices, double* distances, int32_t* scratch, int32_t queryCount, int32_t pointCount, int32_t dimension, double scale, double error, double limit, int32_t self, int32_t found);
/// Uniform numbers in [0, 1), 53 bits each: values startIndex … startIndex + count − 1 of a key.
/// out[count] out
void random_uniform_f64(double* out, int32_t keyLow, int32_t keyHigh, double startIndex, int32_t count);
/// Random 32-bit words startIndex … startIndex + count − 1 of a key.
/// out[count] out
void random_words_u32(uint32_t* out, int32_t keyLow, int32_t keyHigh, double startIndex, int32_t count);
/// One-sided Jacobi: rotates rows p of a range with all rows behind them until they are orthogonal. Returns how many.
/// a[count * length] inout; v[count * count] inout
int32_t jacobi_rows_f64(double* a, double* v, double tolerance, int32_t count, int32_t length, int32_t from, int32_t to);
/// Rotations of neighbouring rows, one after the other: rotation k of rows first + k·step and the one behind it.
/// matrix[(rows === 0 || columns === 0 ? 0 : (rows - 1) * stride + columns)] inout; rotations[2 * count] in
void rotate_rows_f64(double* matrix, const double* rotations, int32_t rows, int32_t columns, int32_t stride, int32_t first, int32_t step, int32_t count);
/// The sum and the sum of squares of each row of a sparse matrix.
/// offsets[rowCount + 1] in; values[entryCount] in; sums[rowCount] out; squares[rowCount] out
void sparse_moments_f64(const int32_t* offsets, const double* values, double* sums, double* squares, int32_t rowCount, int32_t entryCount);
/// Rows of a sparse matrix times a dense matrix.
/// offsets[rowCount + 1] in; indices[entryCount] in; values[entryCount] in; dense[columnCount * outputCount] in; out[rowCount * outputCount] out
void sparse_multiply_f64(const int32_t* offsets, const int32_t* indices, const double* values, const double* dense, double* out, int32_t rowCount, int32_t entryCount, int32_t columnCount, int32_t outputCount);
/// The k most alike rows of each row of a sparse matrix, by cosine times c / (c + shrinkage), c being the columns that both have; only those above 0, the most alike first, the lower row first among equals, −1 with 0 where there are fewer.
/// offsets[rowCount + 1] in; indices[entryCount] in; values[entryCount] in; otherOffsets[innerCount + 1] in; otherIndices[otherEntryCount] in; otherValues[otherEntryCount] in; norms[columnCount] in; scores[rowCount * k] out; neighbors[rowCount * k] out; sums[columnCount] scratch; counts[columnCount] scratch; touched[columnCount] scratch
void sparse_similar_rows_f64(const int32_t* offsets, const int32_t* indices, const double* values, const int32_t* otherOffsets, const int32_t* otherIndices, const double* otherValues, const double* norms, double* scores, int32_t* neighbors, double* sums, int32_t* counts, int32_t* touched, int32_t rowCount, int32_t entryCount, int32_t innerCount, int32_t otherEntryCount, int32_t columnCount, int32_t firstRow, int32_t k, double shrinkage);
/// The n largest numbers above 0 of each row of the product of two sparse matrices, and their columns: the largest first, the lower column first among equals; without those seen and those not allowed. Where fewer are left, −1 with −Infinity.
/// offsets[rowCount + 1] in; indices[entryCount] in; values[entryCount] in; otherOffsets[innerCount + 1] in; otherIndices[otherEntryCount] in; otherValues[otherEntryCount] in; seenOffsets[rowCount + 1] in; seenItems[seenCount] in; allowed[columnCount] in, may be null; scores[rowCount * n] out; items[rowCount * n] out; sums[columnCount] scratch; counts[columnCount] scratch; touched[columnCount] scratch
void sparse_top_f64(const int32_t* offsets, const int32_t* indices, const double* values, const int32_t* otherOffsets, const int32_t* otherIndices, const double* otherValues, const int32_t* seenOffsets, const int32_t* seenItems, const uint8_t* allowed, double* scores, int32_t* items, double* sums, int32_t* counts, int32_t* touched, int32_t rowCount, int32_t entryCount, int32_t innerCount, int32_t otherEntryCount, int32_t columnCount, int32_t seenCount, int32_t n);
/// Total weight, weighted mean, and weighted sum of squared deviations from that mean, of a block of a column.
/// x[rowCount] in; weights[rowCount] in, may be null; moments[3] out; terms[256] scratch
void column_moments_f64(const double* x, const double* weights, double* moments, double* terms, int32_t rowCount);
/// x ← (x − shift)/scale.
/// x[rowCount] inout
void column_standardize_f64(double* x, double shift, double scale, int32_t rowCount);
/// Sorts a column ascending, −0 before 0, equal values in their old order, and moves a second column along.
/// values[count] inout; weights[count] inout, may be null; scratch[2 * count + 1024] scratch
void values_sort_f64(double* values, double* weights, double* scratch, int32_t count);
/// Kernel expansions: out = intercept, + coefficient·K(point, support) for each support in order.
/// panels[Math.ceil(pointCount / 8) * 8 * dimension] in; supports[supportCount * dimension] in; coefficients[outputCount * supportCount] in; intercepts[outputCount] in; out[outputCount * Math.ceil(pointCount / 8) * 8] out; values[2048] scratch
void kernel_expand_f64(const double* panels, const double* supports, const double* coefficients, const double* intercepts, double* out, double* values, int32_t pointCount, int32_t supportCount, int32_t dimension, int32_t outputCount, int32_t kind, double gamma, double coef0, int32_t degree);
/// Rows of a kernel matrix: K(query, point) of every query and every point.
/// panels[Math.ceil(pointCount / 8) * 8 * dimension] in; queries[queryCount * dimension] in; out[(queryCount === 0 ? 0 : (queryCount - 1) * outStride + Math.ceil(pointCount / 8) * 8)] out
void kernel_rows_f64(const double* panels, const double* queries, double* out, int32_t pointCount, int32_t queryCount, int32_t dimension, int32_t outStride, int32_t kind, double gamma, double coef0, int32_t degree);
/// Sequential minimal optimisation of ½·βᵀKβ − pᵀβ + epsilon·Σ|β|, lower ≤ β ≤ upper, Σβ constant: pairs by second order, until the largest violation is at most the tolerance, the iterations are used up, or a row of K is missing.
/// rows[slotCount * stride] in; slots[count] in; stamps[slotCount] inout; diagonal[count] in; lower[count] in; upper[count] in; beta[count] inout; scores[count] inout; raise[count] scratch; fall[count] scratch; state[8] inout
int32_t smo_steps_f64(const double* rows, const int32_t* slots, int32_t* stamps, const double* diagonal, const double* lower, const double* upper, double* beta, double* scores, double* raise, double* fall, double* state, int32_t count, int32_t stride, int32_t slotCount, int32_t maxIterations, double epsilon, double tolerance);
/// One pass of dual coordinate descent of a linear support vector machine over the listed rows. Rows that stay at a bound are taken from the list. Returns how many are left.
/// x[rowCount * width] in; target[rowCount] in; upper[rowCount] in; diagonal[rowCount] in; squares[rowCount] in; order[orderCount] inout; duals[rowCount] inout; coefficients[width] inout; largest[1] out
int32_t dual_coordinate_steps_f64(const double* x, const double* target, const double* upper, const double* diagonal, const double* squares, int32_t* order, double* duals, double* coefficients, double* largest, int32_t width, int32_t rowCount, int32_t orderCount, double epsilon, int32_t oneSided, double threshold);
/// Stochastic gradient steps of a linear model over rows in a given order, a batch a step.
/// x[rowCount * width] in; target[rowCount] in; weights[rowCount] in, may be null; order[orderCount] in; rates[Math.ceil(orderCount / batchSize)] in; state[3 * width + 8] inout; updates[batchSize] scratch
void sgd_steps_f64(const double* x, const double* target, const double* weights, const int32_t* order, const double* rates, double* state, double* updates, int32_t width, int32_t rowCount, int32_t orderCount, int32_t batchSize, int32_t loss, double parameter, int32_t positive, double l1, double l2, int32_t averageFrom, int32_t intercept);
/// Adds to the Shapley value of every input of every row what trees give it against background rows (interventional).
/// inputs[inputCount * stride] in; background[inputCount * backgroundCount] in; weights[backgroundCount] in; trees[4 * treeCount] in; feature[nodeCount] in; threshold[nodeCount] in; missingGoesLeft[nodeCount] in; categoryOffset[nodeCount] in; categoryWords[nodeCount] in; categories[wordCount] in; right[nodeCount] in; leaf[nodeCount] in; leafValues[leafCount * leafWidth] in; coalitions[(mostInputs + 1) * (mostInputs + 1)] in; contributions[outputCount * inputCount * stride] inout; sides[inputCount + 1] scratch
void shap_background_f64(const double* inputs, const double* background, const double* weights, const int32_t* trees, const int32_t* feature, const double* threshold, const uint8_t* missingGoesLeft, const int32_t* categoryOffset, const int32_t* categoryWords, const uint32_t* categories, const int32_t* right, const int32_t* leaf, const double* leafValues, const double* coalitions, double* contributions, double* sides, int32_t inputCount, int32_t backgroundCount, int32_t treeCount, int32_t nodeCount, int32_t wordCount, int32_t leafCount, int32_t leafWidth, int32_t outputCount, int32_t mostInputs, int32_t stride, int32_t firstRow, int32_t endRow);
/// Finds edges that part values into bins of about equal weight, and returns how many there are.
/// values[count] in; weights[count] in, may be null; edges[maxBins] out; scratch[4 * count + 9224] scratch
int32_t bin_edges_f64(const double* values, const double* weights, double* edges, double* scratch, int32_t maxBins, int32_t count);
/// Writes the bin of every value of some columns (the number of edges below it) into their slots of a group.
/// values[columnCount * stride] in; edges[256 * columnCount] in; edgeCounts[columnCount] in; slots[columnCount] in; bins[rowBytes * rowCount] inout; scratch[8256 * columnCount] scratch
void bins_encode_f64(const double* values, const double* edges, const int32_t* edgeCounts, const int32_t* slots, uint8_t* bins, uint8_t* scratch, int32_t columnCount, int32_t stride, int32_t rowBytes, int32_t rowCount);
/// The largest absolute value, which sets the scale of a quantisation; 0 where there is none.
/// values[length] in
double absolute_largest_f32(const float* values, int32_t length);
/// Rounds gradients and hessians stochastically to whole numbers, keyed by the row, and packs them.
/// gradients[rowCount] in; hessians[rowCount] in; packed[2 * rowCount] out
void gradients_quantise_f32(const float* gradients, const float* hessians, int32_t* packed, double gradientScale, double hessianScale, int32_t keyLow, int32_t keyHigh, int32_t firstRow, int32_t rowCount);
/// Merges the histograms of two sets of rows: sum ← sum + part.
/// sum[768 * featureCount] inout; part[768 * featureCount] in; binCounts[featureCount] in
void histogram_add_f64(double* sum, const double* part, const int32_t* binCounts, int32_t featureCount);
/// Sums the quantised gradients, hessians and counts of some rows by bin, for each feature.
/// bins[groupBytes * Math.ceil(featureCount / groupFeatures)] in; packed[2 * dataRows] in; rows[dataRows] in, may be null; ranges[2 * rangeCount] in; histogram[768 * featureCount] inout; binCounts[featureCount] in; scratch[127872] scratch
void histogram_build_u8(const uint8_t* bins, const int32_t* packed, const uint32_t* rows, const int32_t* ranges, double* histogram, const int32_t* binCounts, uint8_t* scratch, int32_t dataRows, int32_t rowBytes, int32_t groupBytes, int32_t groupFeatures, int32_t featureCount, int32_t rangeCount, int32_t fresh);
/// The sibling: parent − child.
/// parent[768 * featureCount] in; child[768 * featureCount] in; sibling[768 * featureCount] inout; binCounts[featureCount] in
void histogram_subtract_f64(const double* parent, const double* child, double* sibling, const int32_t* binCounts, int32_t featureCount);
/// Adds the value of each leaf to the raw predictions of its rows.
/// rows[dataRows] in; ranges[slotLength * slotCount] in; slots[leafCount] in; values[leafCount] in; predictions[dataRows] inout
void leaf_add_f64(const uint32_t* rows, const int32_t* ranges, const int32_t* slots, const double* values, double* predictions, int32_t dataRows, int32_t slotLength, int32_t slotCount, int32_t firstRange, int32_t rangeCount, int32_t leafCount);
/// Adds up gradients and hessians over the rows of each leaf, by blocks of 16,384 of the row index, in 8 lanes each.
/// rows[dataRows] in; ranges[slotLength * slotCount] in; slots[leafCount] in; gradients[dataRows] in; hessians[dataRows] in; sums[2 * leafCount] inout
void leaf_sums_f32(const uint32_t* rows, const int32_t* ranges, const int32_t* slots, const float* gradients, const float* hessians, double* sums, int32_t dataRows, int32_t slotLength, int32_t slotCount, int32_t firstRange, int32_t rangeCount, int32_t leafCount);
/// In each range, puts the rows that go left before those that go right, each side in its old order; returns how many go left.
/// bins[rowBytes * dataRows] in; goesLeft[256] in; rows[dataRows] inout; ranges[2 * rangeCount] in; left[2 * rangeCount] out; right[2 * rangeCount] out; scratch[longest + 16] scratch
int32_t rows_partition_u8(const uint8_t* bins, const uint8_t* goesLeft, uint32_t* rows, const int32_t* ranges, int32_t* left, int32_t* right, uint32_t* scratch, int32_t dataRows, int32_t rowBytes, int32_t slot, int32_t longest, int32_t rangeCount);
/// The number of edges below each value; 65,535 where it is missing.
/// values[rowCount] in; edges[edgeCount] in; codes[rowCount] out
void codes_encode_u16(const double* values, const double* edges, uint16_t* codes, int32_t edgeCount, int32_t rowCount);
/// The number of edges below each value; 255 where it is missing.
/// values[rowCount] in; edges[edgeCount] in; codes[rowCount] out
void codes_encode_u8(const double* values, const double* edges, uint8_t* codes, int32_t edgeCount, int32_t rowCount);
/// forest_grow_u8 for up to 65,535 codes a feature: rows are sorted by code, not counted out.
/// codes[featureCount * dataRows] in; offsets[featureCount + 1] in; lows[codeCount] in; highs[codeCount] in; categorical[featureCount] in; targets[targetCount * dataRows] in; weights[dataRows] in, may be null; state[8] inout; rows[dataRows] inout; bagWeights[dataRows] inout; open[4 * Math.max(64, maxLeafNodes)] inout; feature[maxNodes] inout; split[maxNodes] inout; threshold[maxNodes] inout; categories[8 * hasCategories * maxNodes] inout; child[maxNodes] inout; values[maxNodes * Math.max(classCount, targetCount)] inout; cover[maxNodes] inout; samples[maxNodes] inout; gain[maxNodes] inout; nodeTargets[targetCount * dataRows] scratch; nodeWeights[dataRows] scratch; order[2 * dataRows] scratch; runs[4 * maxRuns] scratch; sums[maxRuns * (2 + Math.max(classCount, targetCount))] scratch; work[640 + 8 * Math.max(classCount, targetCount)] scratch; features[featureCount + 8] scratch
int32_t forest_grow_u16(const uint16_t* codes, const int32_t* offsets, const double* lows, const double* highs, const uint8_t* categorical, const double* targets, const double* weights, int32_t* state, uint32_t* rows, double* bagWeights, int32_t* open, int32_t* feature, int32_t* split, double* threshold, uint32_t* categories, int32_t* child, double* values, double* cover, int32_t* samples, double* gain, double* nodeTargets, double* nodeWeights, uint32_t* order, int32_t* runs, double* sums, double* work, int32_t* features, int32_t dataRows, int32_t featureCount, int32_t codeCount, int32_t targetCount, int32_t classCount, int32_t logarithmic, int32_t randomSplits, int32_t hasCategories, int32_t bootstrap, int32_t sampleCount, int32_t balanced, int32_t bagKeyLow, int32_t bagKeyHigh, int32_t featureKeyLow, int32_t featureKeyHigh, int32_t maxFeatures, int32_t maxDepth, int32_t minSamplesSplit, int32_t minSamplesLeaf, double minWeightFraction, double minGain, int32_t maxLeafNodes, int32_t maxNodes, int32_t maxRuns, int32_t budget);
/// Grows one decision tree, or goes on growing it: returns 1 while nodes are open and the budget is spent, 0 when done.
/// codes[featureCount * dataRows] in; offsets[featureCount + 1] in; lows[codeCount] in; highs[codeCount] in; categorical[featureCount] in; targets[targetCount * dataRows] in; weights[dataRows] in, may be null; state[8] inout; rows[dataRows] inout; bagWeights[dataRows] inout; open[4 * Math.max(64, maxLeafNodes)] inout; feature[maxNodes] inout; split[maxNodes] inout; threshold[maxNodes] inout; categories[8 * hasCategories * maxNodes] inout; child[maxNodes] inout; values[maxNodes * Math.max(classCount, targetCount)] inout; cover[maxNodes] inout; samples[maxNodes] inout; gain[maxNodes] inout; nodeTargets[targetCount * dataRows] scratch; nodeWeights[dataRows] scratch; order[2 * dataRows] scratch; runs[4 * maxRuns] scratch; sums[maxRuns * (2 + Math.max(classCount, targetCount))] scratch; work[640 + 8 * Math.max(classCount, targetCount)] scratch; features[featureCount + 8] scratch
int32_t forest_grow_u8(const uint8_t* codes, const int32_t* offsets, const double* lows, const double* highs, const uint8_t* categorical, const double* targets, const double* weights, int32_t* state, uint32_t* rows, double* bagWeights, int32_t* open, int32_t* feature, int32_t* split, double* threshold, uint32_t* categories, int32_t* child, double* values, double* cover, int32_t* samples, double* gain, double* nodeTargets, double* nodeWeights, uint32_t* order, int32_t* runs, double* sums, double* work, int32_t* features, int32_t dataRows, int32_t featureCount, int32_t codeCount, int32_t targetCount, int32_t classCount, int32_t logarithmic, int32_t randomSplits, int32_t hasCategories, int32_t bootstrap, int32_t sampleCount, int32_t balanced, int32_t bagKeyLow, int32_t bagKeyHigh, int32_t featureKeyLow, int32_t featureKeyHigh, int32_t maxFeatures, int32_t maxDepth, int32_t minSamplesSplit, int32_t minSamplesLeaf, double minWeightFraction, double minGain, int32_t maxLeafNodes, int32_t maxNodes, int32_t maxRuns, int32_t budget);
/// Grows a boosted tree from the binned rows of its root; returns 0 when it is done, 1 where the budget is spent.
/// bins[groupBytes * Math.ceil(columnCount / groupFeatures)] in; packed[2 * dataRows] in; rows[dataRows] inout; ranges[4 * segments * maxNodes] inout; histograms[768 * columnCount * histogramCount] inout; nodes[10 * maxNodes] inout; sets[8 * maxNodes] inout; state[8 + histogramCount] inout; team[128] inout; liveBins[columnCount] in; binCounts[featureCount] in; categoryCounts[featureCount] in, may be null; allowed[featureCount] in, may be null; bundles[4 * featureCount] in, may be null; partials[768 * columnCount * (members - 1)] scratch; gains[4 * featureCount] scratch; splits[2 * featureCount] scratch; foundSets[16 * featureCount] scratch; scratch[138368 * members] scratch; parted[(segmentRows + 16) * members] scratch
int32_t tree_grow_u8(const uint8_t* bins, const int32_t* packed, uint32_t* rows, int32_t* ranges, double* histograms, double* nodes, uint32_t* sets, int32_t* state, int32_t* team, const int32_t* liveBins, const int32_t* binCounts, const int32_t* categoryCounts, const uint8_t* allowed, const int32_t* bundles, double* partials, double* gains, int32_t* splits, uint32_t* foundSets, uint8_t* scratch, uint32_t* parted, double gradientUnit, double hessianUnit, double l1, double l2, double maxDeltaStep, double minHessian, double minSamples, double minGain, double smooth, double setL2, double maxThreshold, double minPerGroup, double maxToOnehot, double maxDepth, double budget, int32_t maxLeaves, int32_t depthwise, int32_t follows, int32_t everyRow, int32_t dataRows, int32_t rowBytes, int32_t groupBytes, int32_t groupFeatures, int32_t columnCount, int32_t featureCount, int32_t segments, int32_t segmentRows, int32_t maxNodes, int32_t histogramCount, int32_t member, int32_t members, int32_t waits);
/// Log loss of two classes (targets 0 and 1): gradient p − target, hessian p·(1 − p), p the sigmoid of raw.
/// raw[rowCount] in; target[rowCount] in; weights[rowCount] in, may be null; gradients[rowCount] out; hessians[rowCount] out
void derivatives_logistic_f32(const double* raw, const double* target, const double* weights, float* gradients, float* hessians, double gradientScale, double hessianScale, int32_t rowCount);
/// Absolute, quantile and Huber losses: the gradient is the residual within ±delta, a constant slope beyond; hessian 1.
/// raw[rowCount] in; target[rowCount] in; weights[rowCount] in, may be null; gradients[rowCount] out; hessians[rowCount] out
void derivatives_robust_f32(const double* raw, const double* target, const double* weights, float* gradients, float* hessians, double delta, double low, double high, double gradientScale, double hessianScale, int32_t rowCount);
/// Log loss of several classes, by the raw prediction of one: gradient p − [target is it], hessian p·(1 − p).
/// raw[rowCount] in; normalizers[rowCount] in; target[rowCount] in; weights[rowCount] in, may be null; gradients[rowCount] out; hessians[rowCount] out
void derivatives_softmax_f32(const double* raw, const double* normalizers, const double* target, const double* weights, float* gradients, float* hessians, double classIndex, double gradientScale, double hessianScale, int32_t rowCount);
/// Half the squared error: gradient raw − target, hessian 1.
/// raw[rowCount] in; target[rowCount] in; weights[rowCount] in, may be null; gradients[rowCount] out; hessians[rowCount] out
void derivatives_squared_f32(const double* raw, const double* target, const double* weights, float* gradients, float* hessians, double gradientScale, double hessianScale, int32_t rowCount);
/// Half the Tweedie deviance under the log link: Poisson (power 1), Gamma (2) and what lies between.
/// raw[rowCount] in; target[rowCount] in; weights[rowCount] in, may be null; gradients[rowCount] out; hessians[rowCount] out
void derivatives_tweedie_f32(const double* raw, const double* target, const double* weights, float* gradients, float* hessians, double power, double gradientScale, double hessianScale, int32_t rowCount);
/// Sum of the log losses of two classes, w·(log(1 + e^raw) − target·raw).
/// raw[rowCount] in; target[rowCount] in; weights[rowCount] in, may be null; tile[256] scratch
double loss_logistic_f64(const double* raw, const double* target, const double* weights, double* tile, int32_t rowCount);
/// Sum of absolute, quantile or Huber losses: w·½e² within ±delta, w·(slope·e − ½·delta²) beyond.
/// raw[rowCount] in; target[rowCount] in; weights[rowCount] in, may be null; tile[256] scratch
double loss_robust_f64(const double* raw, const double* target, const double* weights, double* tile, double delta, double low, double high, int32_t rowCount);
/// Sum of the log losses of several classes, w·(log Σ e^raw − raw of the target).
/// raw[(classCount - 1) * classStride + rowCount] in; target[rowCount] in; weights[rowCount] in, may be null; tile[256] scratch
double loss_softmax_f64(const double* raw, const double* target, const double* weights, double* tile, int32_t classCount, int32_t classStride, int32_t rowCount);
/// Sum of the squared errors, w·(raw − target)².
/// raw[rowCount] in; target[rowCount] in; weights[rowCount] in, may be null; tile[256] scratch
double loss_squared_f64(const double* raw, const double* target, const double* weights, double* tile, int32_t rowCount);
/// Sum of half the Tweedie deviances, less what no prediction changes; `power` as in derivatives_tweedie_f32.
/// raw[rowCount] in; target[rowCount] in; weights[rowCount] in, may be null; tile[256] scratch
double loss_tweedie_f64(const double* raw, const double* target, const double* weights, double* tile, double power, int32_t rowCount);
/// log Σ e^raw of each row over the classes, with which a probability is e^(raw − normalizer).
/// raw[(classCount - 1) * classStride + rowCount] in; normalizers[rowCount] out
void softmax_normalizers_f64(const double* raw, double* normalizers, int32_t classCount, int32_t classStride, int32_t rowCount);
/// LambdaRank: each pair of a list’s rows whose gains differ pulls apart, by the NDCG that swapping them would change; pairs with neither row among the first `truncation` are left out.
/// raw[dataRows] in; gains[dataRows] in; weights[dataRows] in, may be null; rows[listRows] in; ends[listCount + 1] in; inverseIdeal[listCount] in; discounts[longest] in; gradients[dataRows] inout; hessians[dataRows] inout; scratch[8 * longest + 8] scratch
void derivatives_lambdarank_f32(const double* raw, const double* gains, const double* weights, const uint32_t* rows, const int32_t* ends, const double* inverseIdeal, const double* discounts, float* gradients, float* hessians, double* scratch, int32_t truncation, int32_t normalise, double steepness, double gradientScale, double hessianScale, int32_t longest, int32_t listCount, int32_t listRows, int32_t dataRows);
/// Sum of the weighted NDCG of lists, list after list; rows of one score share the mean of their places.
/// raw[dataRows] in; gains[dataRows] in; listWeights[listCount] in, may be null; rows[listRows] in; ends[listCount + 1] in; inverseIdeal[listCount] in; discounts[longest] in; scratch[2 * longest] scratch
double ndcg_sum_f64(const double* raw, const double* gains, const double* listWeights, const uint32_t* rows, const int32_t* ends, const double* inverseIdeal, const double* discounts, double* scratch, int32_t places, int32_t longest, int32_t listCount, int32_t listRows, int32_t dataRows);
/// Writes where the bit of every category of a column lies in a set of 256 categories.
/// values[rowCount] in; bytes[rowCount] out; bits[rowCount] out
void codes_encode_f64(const double* values, int8_t* bytes, int8_t* bits, int32_t firstCode, int32_t codeCount, int32_t rowCount);
/// Writes the number of edges below every value of a column, less 128.
/// values[rowCount] in; edges[260] in; cells[cellCount] in; ranks[rowCount] out; others[rowCount] out, may be null
void ranks_encode_f64(const double* values, const double* edges, const uint8_t* cells, int8_t* ranks, int8_t* others, int32_t edgeCount, int32_t cellCount, double low, double scale, int32_t probes, int32_t missing, int32_t rowCount);
/// center + the weighted mean of value − center, held to ±delta: the step of the Huber loss from a median.
/// values[rowCount] in; weights[rowCount] in, may be null; tile[Math.min(256, rowCount + (rowCount % 2))] scratch
double clipped_mean_f64(const double* values, const double* weights, double* tile, double center, double delta, int32_t rowCount);
/// Takes rows out of training: their gradients and hessians become 0.
/// rows[rowCount] in; gradients[dataRows] inout; hessians[dataRows] inout
void derivatives_clear_f32(const uint32_t* rows, float* gradients, float* hessians, int32_t dataRows, int32_t rowCount);
/// The weighted quantile: the least value at which the weights so far reach level · their sum; where they meet it exactly, the middle between it and the next.
/// values[rowCount] in; weights[rowCount] in, may be null; scratch[rowCount] scratch
double quantile_select_f64(const double* values, const double* weights, double* scratch, double level, int32_t rowCount);
/// The values of some rows, or how far they lie from `minuend`: values[row], or minuend[row] − values[row].
/// values[dataRows] in; minuend[dataRows] in, may be null; rows[rowCount] in; out[rowCount] out
void values_gather_f64(const double* values, const double* minuend, const uint32_t* rows, double* out, int32_t absolute, int32_t dataRows, int32_t rowCount);
/// Counts rows by the size of gradient times hessian, in buckets of equal ratio.
/// gradients[dataRows] in; hessians[dataRows] in; rows[rowCount] in; counts[2 ** (31 - shift)] inout
void gradient_sizes_count_f32(const float* gradients, const float* hessians, const uint32_t* rows, int32_t* counts, int32_t shift, int32_t firstRow, int32_t dataRows, int32_t rowCount);
/// Puts the rows that are drawn before those that are not, each side in its old order, and returns how many are drawn.
/// words[dataRows] in; gradients[dataRows] inout, may be null; hessians[dataRows] inout, may be null; rows[rowCount] inout; scratch[rowCount] scratch
int32_t rows_sample_u32(const uint32_t* words, float* gradients, float* hessians, uint32_t* rows, uint32_t* scratch, double limit, int32_t shift, int32_t bucket, double factor, int32_t firstRow, int32_t dataRows, int32_t rowCount);
/// Finds the leaves that rows reach in the trees of an ensemble.
/// ranks[planeCount * rankStride] in; trees[4 * treeCount] in; tests[testWords] in; nodes[2 * nodeCount] in; targets[nodeCount] in; sets[32 * setCount] in; leaves[treeCount * rowCount] out; scratch[512] scratch
void ensemble_leaves_i8(const int8_t* ranks, const int32_t* trees, const uint32_t* tests, const int32_t* nodes, const int32_t* targets, const uint8_t* sets, int32_t* leaves, uint8_t* scratch, int32_t planeCount, int32_t rankStride, int32_t treeCount, int32_t testWords, int32_t nodeCount, int32_t setCount, int32_t rowCount);
/// Adds up the leaves that rows reach in the trees of an ensemble.
/// ranks[planeCount * rankStride] in; trees[4 * treeCount] in; tests[testWords] in; nodes[2 * nodeCount] in; targets[nodeCount] in; sets[32 * setCount] in; base[outputCount] in; leafValues[leafCount * leafWidth] in; sums[outputCount * rowCount] out; scratch[512] scratch
void ensemble_score_i8(const int8_t* ranks, const int32_t* trees, const uint32_t* tests, const int32_t* nodes, const int32_t* targets, const uint8_t* sets, const double* base, const double* leafValues, double* sums, uint8_t* scratch, int32_t planeCount, int32_t rankStride, int32_t treeCount, int32_t testWords, int32_t nodeCount, int32_t setCount, int32_t rowCount, int32_t outputCount, int32_t leafCount, int32_t leafWidth, int32_t average);
/// Adds to the Shapley interaction value of every two inputs of every row what the trees of an ensemble give it.
/// inputs[inputCount * stride] in; trees[4 * treeCount] in; feature[nodeCount] in; threshold[nodeCount] in; missingGoesLeft[nodeCount] in; categoryOffset[nodeCount] in; categoryWords[nodeCount] in; categories[wordCount] in; edges[4 * nodeCount] in; share[nodeCount] in; ratio[nodeCount] in; leaf[nodeCount] in; leafValues[leafCount * leafWidth] in; quadrature[quadratureCount] in; pairStart[nodeCount + 1] in; pairs[pairCount] in; interactions[(outputCount * stride * inputCount * (inputCount - 1)) / 2] inout; scratch[64 + 5 * mostNodes * mostPoints + 8 * (mostDepth + 1) * (3 * mostPoints + 4)] scratch
void shap_interactions_f64(const double* inputs, const int32_t* trees, const int32_t* feature, const double* threshold, const uint8_t* missingGoesLeft, const int32_t* categoryOffset, const int32_t* categoryWords, const uint32_t* categories, const int32_t* edges, const double* share, const double* ratio, const int32_t* leaf, const double* leafValues, const double* quadrature, const int32_t* pairStart, const int32_t* pairs, double* interactions, double* scratch, int32_t inputCount, int32_t treeCount, int32_t nodeCount, int32_t wordCount, int32_t leafCount, int32_t leafWidth, int32_t outputCount, int32_t quadratureCount, int32_t mostNodes, int32_t mostDepth, int32_t mostPoints, int32_t stride, int32_t firstRow, int32_t endRow, int32_t pairCount);
/// Adds to the Shapley value of every input of every row what the trees of an ensemble give it (path-dependent).
/// inputs[inputCount * stride] in; trees[4 * treeCount] in; feature[nodeCount] in; threshold[nodeCount] in; missingGoesLeft[nodeCount] in; categoryOffset[nodeCount] in; categoryWords[nodeCount] in; categories[wordCount] in; edges[4 * nodeCount] in; share[nodeCount] in; ratio[nodeCount] in; leaf[nodeCount] in; leafValues[leafCount * leafWidth] in; quadrature[quadratureCount] in; contributions[outputCount * inputCount * stride] inout; scratch[64 + 5 * mostNodes * mostPoints + 8 * (mostDepth + 1) * (3 * mostPoints + 4)] scratch
void shap_values_f64(const double* inputs, const int32_t* trees, const int32_t* feature, const double* threshold, const uint8_t* missingGoesLeft, const int32_t* categoryOffset, const int32_t* categoryWords, const uint32_t* categories, const int32_t* edges, const double* share, const double* ratio, const int32_t* leaf, const double* leafValues, const double* quadrature, double* contributions, double* scratch, int32_t inputCount, int32_t treeCount, int32_t nodeCount, int32_t wordCount, int32_t leafCount, int32_t leafWidth, int32_t outputCount, int32_t quadratureCount, int32_t mostNodes, int32_t mostDepth, int32_t mostPoints, int32_t stride, int32_t firstRow, int32_t endRow);
/// The best set of categories to go left, of each categorical feature.
/// histogram[768 * featureCount] in; binCounts[featureCount] in; allowed[featureCount] in, may be null; gains[featureCount] out; sets[8 * featureCount] out; scratch[512] scratch
void category_scan_f64(const double* histogram, const int32_t* binCounts, const uint8_t* allowed, double* gains, uint32_t* sets, double* scratch, double gradientUnit, double hessianUnit, double l1, double l2, double maxDeltaStep, double minHessian, double minSamples, double lower, double upper, double smooth, double setL2, double maxThreshold, double minPerGroup, double maxToOnehot, int32_t featureCount);
/// The best threshold of each numeric feature: the largest gain, the lowest bin among equals.
/// histogram[768 * featureCount] in; binCounts[featureCount] in; allowed[featureCount] in, may be null; monotone[featureCount] in, may be null; gains[featureCount] out; splits[featureCount] out
void split_scan_f64(const double* histogram, const int32_t* binCounts, const uint8_t* allowed, const int8_t* monotone, double* gains, int32_t* splits, double gradientUnit, double hessianUnit, double l1, double l2, double maxDeltaStep, double minHessian, double minSamples, double lower, double upper, int32_t featureCount);

inline constexpr Kernels all_kernels{
    coordinate_correlations_f64,
    coordinate_gram_f64,
    coordinate_residual_f64,
    l2_block_f32,
    nearest_points_f64,
    cos_f64,
    exp_f64,
    expm1_f64,
    log1p_f64,
    log_f64,
    pow_f64,
    sigmoid_f64,
    sin_f64,
    tanh_f64,
    bpr_update_f64,
    factor_conjugate_rows_f64,
    factor_gram_f64,
    factor_losses_f64,
    factor_solve_rows_f64,
    factor_top_f64,
    graph_attraction_f64,
    layout_epoch_f64,
    perplexity_search_f64,
    point_tree_f64,
    tree_repulsion_f64,
    axpy_f64,
    dot_f64,
    linear_scores_f64,
    gram_f64,
    graph_connect_f32,
    graph_link_f32,
    graph_repair_f32,
    graph_scan_f32,
    graph_search_f32,
    assign_elkan_f64,
    assign_hamerly_f64,
    candidate_rows_f64,
    center_distances_f64,
    cluster_changes_i64,
    label_distances_f64,
    point_extents_f64,
    seed_lower_f32,
    seed_potentials_f32,
    sums_merge_i64,
    kd_tree_count_f64,
    kd_tree_join_f64,
    kd_tree_lay_f64,
    kd_tree_nearest_f64,
    kd_tree_split_f64,
    kd_tree_within_f64,
    limit_multiply_add_f32,
    limit_multiply_add_f64,
    gradient_linear_f64,
    gradient_softmax_f64,
    hessian_linear_f64,
    hessian_softmax_f64,
    condense_distances_f64,
    grow_tree_f64,
    merge_condensed_f64,
    nearest_condensed_f64,
    nearest_ward_f64,
    matrix_product_f32,
    matrix_product_f64,
    metric_block_f64,
    metric_count_f64,
    metric_nearest_f64,
    metric_within_f64,
    product_distances_f64,
    gaussian_scores_f64,
    mixture_expect_f64,
    mixture_moments_f64,
    batch_norm_backward_f32,
    batch_norm_forward_f32,
    dropout_f32,
    gather_rows_f32,
    layer_backward_f32,
    layer_forward_f32,
    logistic_loss_f32,
    softmax_loss_f32,
    squared_loss_f32,
    sum_of_squares_f32,
    update_adagrad_f32,
    update_adagrad_f64,
    update_adam_f32,
    update_adam_f64,
    update_rmsprop_f32,
    update_rmsprop_f64,
    update_sgd_f32,
    update_sgd_f64,
    count_codes_i16,
    nearest_codes_i16,
    nearest_codes_i8,
    quantize_points_i16,
    quantize_points_i8,
    within_codes_i16,
    random_uniform_f64,
    random_words_u32,
    jacobi_rows_f64,
    rotate_rows_f64,
    sparse_moments_f64,
    sparse_multiply_f64,
    sparse_similar_rows_f64,
    sparse_top_f64,
    column_moments_f64,
    column_standardize_f64,
    values_sort_f64,
    kernel_expand_f64,
    kernel_rows_f64,
    smo_steps_f64,
    dual_coordinate_steps_f64,
    sgd_steps_f64,
    shap_background_f64,
    bin_edges_f64,
    bins_encode_f64,
    absolute_largest_f32,
    gradients_quantise_f32,
    histogram_add_f64,
    histogram_build_u8,
    histogram_subtract_f64,
    leaf_add_f64,
    leaf_sums_f32,
    rows_partition_u8,
    codes_encode_u16,
    codes_encode_u8,
    forest_grow_u16,
    forest_grow_u8,
    tree_grow_u8,
    derivatives_logistic_f32,
    derivatives_robust_f32,
    derivatives_softmax_f32,
    derivatives_squared_f32,
    derivatives_tweedie_f32,
    loss_logistic_f64,
    loss_robust_f64,
    loss_softmax_f64,
    loss_squared_f64,
    loss_tweedie_f64,
    softmax_normalizers_f64,
    derivatives_lambdarank_f32,
    ndcg_sum_f64,
    codes_encode_f64,
    ranks_encode_f64,
    clipped_mean_f64,
    derivatives_clear_f32,
    quantile_select_f64,
    values_gather_f64,
    gradient_sizes_count_f32,
    rows_sample_u32,
    ensemble_leaves_i8,
    ensemble_score_i8,
    shap_interactions_f64,
    shap_values_f64,
    category_scan_f64,
    split_scan_f64,
};

}  // namespace lanewise::LANEWISE_ISA
#pragma GCC visibility pop
#endif

#endif
