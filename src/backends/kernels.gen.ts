// Derived from the kernel table by `npm run generate`; do not edit.

/** The kernels, as every backend offers them. */
export interface KernelFunctions {
  /** correlations[j] = x[j]·residual of the listed columns; the others stay. */
  coordinate_correlations_f64(xOffset: number, residualOffset: number, correlationsOffset: number, indicesOffset: number, rowCount: number, columnCount: number, columnStride: number, indexCount: number): void;
  /** Passes over the listed columns on xᵀ·x, until no gram·change² exceeds the limit. Returns the passes made. */
  coordinate_gram_f64(gramOffset: number, correlationsOffset: number, coefficientsOffset: number, l1Offset: number, l2Offset: number, indicesOffset: number, columnCount: number, indexCount: number, positive: number, limit: number, passCount: number): number;
  /** One visit of each listed column; the residual y − x·u follows. Returns the largest squares·change². */
  coordinate_residual_f64(xOffset: number, residualOffset: number, coefficientsOffset: number, l1Offset: number, l2Offset: number, squaresOffset: number, indicesOffset: number, rowCount: number, columnCount: number, columnStride: number, indexCount: number, positive: number): number;
  /** Squared distances of every query to every point in the expanded form: (|q|² + |p|²) − 2·q·p, in f32. */
  l2_block_f32(queryRowsOffset: number, panelsOffset: number, queryLengthsOffset: number, panelLengthsOffset: number, outOffset: number, queryCount: number, pointCount: number, dimension: number): void;
  /** The k nearest points of every query by squared L2 distance, nearest first, the lower index first among equals. */
  nearest_points_f64(queriesOffset: number, pointsOffset: number, queryRowsOffset: number, panelsOffset: number, queryBoundsOffset: number, panelBoundsOffset: number, distancesOffset: number, indicesOffset: number, limitsOffset: number, queryCount: number, pointCount: number, dimension: number, k: number, unit: number): void;
  /** Cosine of a column of angles in radians. */
  cos_f64(xOffset: number, outOffset: number, rowCount: number): void;
  /** e^x of a column. */
  exp_f64(xOffset: number, outOffset: number, rowCount: number): void;
  /** e^x − 1 of a column. */
  expm1_f64(xOffset: number, outOffset: number, rowCount: number): void;
  /** log(1 + x) of a column. */
  log1p_f64(xOffset: number, outOffset: number, rowCount: number): void;
  /** Natural logarithm of a column. */
  log_f64(xOffset: number, outOffset: number, rowCount: number): void;
  /** x^y of two columns. */
  pow_f64(xOffset: number, yOffset: number, outOffset: number, rowCount: number): void;
  /** 1/(1 + e^−x) of a column. */
  sigmoid_f64(xOffset: number, outOffset: number, rowCount: number): void;
  /** Sine of a column of angles in radians. */
  sin_f64(xOffset: number, outOffset: number, rowCount: number): void;
  /** Hyperbolic tangent of a column. */
  tanh_f64(xOffset: number, outOffset: number, rowCount: number): void;
  /** Steps of Bayesian personalised ranking, one after the other: step t draws an entry (user, item) and another item of `blockItems` with block startIndex + t of the key; where the user has not seen that one, the three rows move so that the first item scores higher. counts receives how often it did already, and how many steps counted. */
  bpr_update_f64(usersOffset: number, itemsOffset: number, seenOffsetsOffset: number, seenItemsOffset: number, blockItemsOffset: number, userFactorsOffset: number, itemFactorsOffset: number, itemBiasesOffset: number, countsOffset: number, keyLow: number, keyHigh: number, startIndex: number, stepCount: number, entryCount: number, blockItemCount: number, userCount: number, itemCount: number, seenCount: number, rank: number, learningRate: number, regularization: number): void;
  /** As factor_solve_rows_f64, by a few steps of conjugate gradients from the rows as they are. A row without entries becomes 0. */
  factor_conjugate_rows_f64(offsetsOffset: number, indicesOffset: number, weightsOffset: number, targetsOffset: number, othersOffset: number, gramOffset: number, rowsOffset: number, vectorsOffset: number, rowCount: number, entryCount: number, otherCount: number, rank: number, ridge: number, ridgePerEntry: number, steps: number): void;
  /** Σ x·xᵀ over rows of factors: symmetric, both halves written. The rows are added in their order. */
  factor_gram_f64(rowsOffset: number, outOffset: number, rowCount: number, rank: number): void;
  /** By row: xᵀGx + Σ (w·(x·y) − 2t)·(x·y), the squared error of a factorisation but for what does not depend on it (Σ t²/w). */
  factor_losses_f64(offsetsOffset: number, indicesOffset: number, weightsOffset: number, targetsOffset: number, othersOffset: number, gramOffset: number, rowsOffset: number, outOffset: number, productOffset: number, rowCount: number, entryCount: number, otherCount: number, rank: number): void;
  /** Rows x of one side of a factorisation, the other being given: (G + Σ w·y·yᵀ + ridge) x = Σ t·y over the entries of the row, by Cholesky. A row without entries is 0, and so is a factor whose pivot is not above 0. */
  factor_solve_rows_f64(offsetsOffset: number, indicesOffset: number, weightsOffset: number, targetsOffset: number, othersOffset: number, gramOffset: number, outOffset: number, systemOffset: number, rowCount: number, entryCount: number, otherCount: number, rank: number, ridge: number, ridgePerEntry: number): void;
  /** The n items of the highest bias + x·y for each user, the highest first and the lower item first among equals; without those seen and those not allowed. Where fewer are left, −1 with −Infinity; items whose score is NaN or −Infinity are left out. */
  factor_top_f64(rowsOffset: number, panelsOffset: number, biasesOffset: number, seenOffsetsOffset: number, seenItemsOffset: number, allowedOffset: number, scoresOffset: number, itemsOffset: number, userCount: number, itemCount: number, seenCount: number, rank: number, n: number): void;
  /** What pulls the points of rows together in t-SNE: Σ p·(y − y′)/(1 + d²) over a row’s entries. */
  graph_attraction_f64(offsetsOffset: number, indicesOffset: number, valuesOffset: number, positionsOffset: number, forcesOffset: number, rowStart: number, rowCount: number, entryCount: number, pointCount: number, dimension: number): void;
  /** An epoch of UMAP’s layout for some rows: each point walks along its entries that are due, drawn to the neighbour and pushed off points at random, the others standing where they were. */
  layout_epoch_f64(offsetsOffset: number, indicesOffset: number, ratesOffset: number, othersOffset: number, tableOffset: number, positionsOffset: number, wordsOffset: number, rowStart: number, rowCount: number, entryCount: number, pointCount: number, dimension: number, octaves: number, epoch: number, pulls: number, negatives: number, step: number, keyLow: number, keyHigh: number): void;
  /** Gaussian weights of each row’s neighbours, of the width at which their perplexity is the one wanted. */
  perplexity_search_f64(squaresOffset: number, weightsOffset: number, rowCount: number, k: number, perplexity: number): void;
  /** The quadtree or octree of points: their Morton order, and nodes in preorder with centres of mass. */
  point_tree_f64(positionsOffset: number, orderOffset: number, sortedOffset: number, rangesOffset: number, massesOffset: number, boxesOffset: number, codesOffset: number, placesOffset: number, pointCount: number, dimension: number): number;
  /** What pushes the points of groups apart in t-SNE, by the tree: Σ q²·(y − y′) and Σ q, where q = 1/(1 + d²). */
  tree_repulsion_f64(orderOffset: number, sortedOffset: number, rangesOffset: number, massesOffset: number, forcesOffset: number, similaritiesOffset: number, entriesOffset: number, groupStart: number, groupEnd: number, pointCount: number, nodeCount: number, dimension: number, angle: number): void;
  /** y ← a·x + y. */
  axpy_f64(xOffset: number, yOffset: number, a: number, rowCount: number): void;
  /** Inner product of two columns. */
  dot_f64(xOffset: number, yOffset: number, rowCount: number): number;
  /** out = intercept + x·coefficients, added in the order of the columns. */
  linear_scores_f64(xOffset: number, coefficientsOffset: number, outOffset: number, rowCount: number, columnCount: number, columnStride: number): void;
  /** xᵀ·W·x, symmetric; sums in ascending order, in blocks of 256 rows. */
  gram_f64(xOffset: number, weightsOffset: number, gramOffset: number, panelsOffset: number, rowCount: number, columnCount: number, columnStride: number): void;
  /** Chooses the neighbours of nodes rowStart … rowEnd − 1 of a batch on each of their levels, and writes them into their own lists. */
  graph_connect_f32(vectorsOffset: number, levelsOffset: number, upperOffsetsOffset: number, batchOffset: number, linksOffset: number, upperOffset: number, visitedOffset: number, poolOffset: number, freshOffset: number, batchDistancesOffset: number, nodeCount: number, upperLength: number, batchCount: number, stride: number, m: number, metric: number, entry: number, topLevel: number, ef: number, rowStart: number, rowEnd: number): void;
  /** Takes new nodes into the lists of targets rowStart … rowEnd − 1: behind what is there while there is room, else the best of both are chosen anew. */
  graph_link_f32(vectorsOffset: number, listsOffset: number, targetsOffset: number, placesOffset: number, startsOffset: number, sourcesOffset: number, poolOffset: number, nodeCount: number, listsLength: number, targetCount: number, sourceCount: number, stride: number, metric: number, slots: number, rowStart: number, rowEnd: number): void;
  /** Nodes rowStart … rowEnd − 1 that link to nodes which are gone choose anew: among what is left of their lists, and what can be reached through those that are gone. */
  graph_repair_f32(vectorsOffset: number, levelsOffset: number, upperOffsetsOffset: number, goneOffset: number, linksOffset: number, upperOffset: number, visitedOffset: number, poolOffset: number, metOffset: number, nodeCount: number, upperLength: number, stride: number, m: number, metric: number, capacity: number, rowStart: number, rowEnd: number): void;
  /** The k nearest of some rows of a graph, one by one without its links: for filters that leave few. */
  graph_scan_f32(vectorsOffset: number, rowsOffset: number, queriesOffset: number, distancesOffset: number, nodesOffset: number, poolOffset: number, nodeCount: number, rowCount: number, stride: number, metric: number, queryCount: number, k: number): void;
  /** The k nearest of the nodes that a beam search of width ef meets, for a block of queries; nodes that are not allowed lead the way and are no answers. */
  graph_search_f32(vectorsOffset: number, linksOffset: number, upperOffsetsOffset: number, upperOffset: number, queriesOffset: number, allowedOffset: number, distancesOffset: number, nodesOffset: number, visitedOffset: number, poolOffset: number, freshOffset: number, nodeCount: number, upperLength: number, stride: number, m: number, metric: number, entry: number, topLevel: number, queryCount: number, k: number, ef: number, capacity: number): void;
  /** The nearest centre of every point, with a bound for every centre: whole panels whose bounds rule them out are not looked at. Returns how many were. */
  assign_elkan_f64(pointsOffset: number, centersOffset: number, rowsOffset: number, rowBoundsOffset: number, panelsOffset: number, panelBoundsOffset: number, movesOffset: number, halvesOffset: number, labelsOffset: number, uppersOffset: number, lowersOffset: number, valuesOffset: number, pointCount: number, centerCount: number, dimension: number, unit: number): number;
  /** The nearest centre of every point whose bounds do not show that it is the one it had, the first of equals. Returns how many were looked at. */
  assign_hamerly_f64(pointsOffset: number, centersOffset: number, rowsOffset: number, rowBoundsOffset: number, panelsOffset: number, panelBoundsOffset: number, movesOffset: number, halvesOffset: number, labelsOffset: number, uppersOffset: number, lowersOffset: number, valuesOffset: number, pointCount: number, centerCount: number, dimension: number, unit: number, slack: number): number;
  /** Points in a frame, where candidates are found: less its centre, times its unit, in f32, with their lengths. */
  candidate_rows_f64(pointsOffset: number, centerOffset: number, rowsOffset: number, lengthsOffset: number, rowBoundsOffset: number, pointCount: number, dimension: number, unit: number): void;
  /** L2 distances of rows, given by columns, to every centre, and the nearest centre, the first of equals. */
  center_distances_f64(columnsOffset: number, centersOffset: number, distancesOffset: number, nearestOffset: number, leastOffset: number, rowCount: number, centerCount: number, dimension: number): void;
  /** Moves the points whose label has changed from the sum of their old cluster to that of the new one, in whole numbers. Returns how many. */
  cluster_changes_i64(pointsOffset: number, weightsOffset: number, labelsOffset: number, countedOffset: number, scalesOffset: number, sumsOffset: number, pointCount: number, dimension: number, centerCount: number, lowScale: number): number;
  /** The squared L2 distance of every point to the centre of its label; Infinity where it has none. */
  label_distances_f64(pointsOffset: number, centersOffset: number, labelsOffset: number, distancesOffset: number, pointCount: number, centerCount: number, dimension: number): void;
  /** By coordinate of some points: the least, the greatest, Σ(x − shift) and Σ(x − shift)², in the order of points. */
  point_extents_f64(pointsOffset: number, shiftsOffset: number, extentsOffset: number, pointCount: number, dimension: number): void;
  /** k-means++: squared distances to the nearest centre, lowered by those to one that was drawn. */
  seed_lower_f32(distancesOffset: number, nearestOffset: number, pointCount: number, stride: number, chosen: number): void;
  /** k-means++: by drawn point, Σ weight·squared distance to the nearest centre, were that point one; in the order of points. */
  seed_potentials_f32(distancesOffset: number, nearestOffset: number, weightsOffset: number, potentialsOffset: number, pointCount: number, drawnCount: number, stride: number): void;
  /** Adds parts, one behind the other, to a total, in whole numbers, and empties them. */
  sums_merge_i64(totalOffset: number, partsOffset: number, partCount: number, length: number): void;
  /** How many points lie within a radius of every query, by a k-d tree. */
  kd_tree_count_f64(queriesOffset: number, panelsOffset: number, orderOffset: number, boxesOffset: number, leavesOffset: number, countsOffset: number, scratchOffset: number, queryCount: number, panelCount: number, dimension: number, depth: number, metric: number, self: number, limit: number, enough: number): void;
  /** Joins the dense points of some leaves with all dense points within a radius of them; nodes that are of one set already are passed over. */
  kd_tree_join_f64(panelsOffset: number, orderOffset: number, boxesOffset: number, leavesOffset: number, parentsOffset: number, groupsOffset: number, scratchOffset: number, pointCount: number, panelCount: number, dimension: number, depth: number, metric: number, limit: number, leafStart: number, leafEnd: number): void;
  /** Some leaves of a k-d tree laid out: their points by index, in panels of eight. */
  kd_tree_lay_f64(valuesOffset: number, sortedOffset: number, leavesOffset: number, panelsOffset: number, orderOffset: number, pointCount: number, dimension: number, depth: number, panelCount: number, leafStart: number, leafEnd: number): void;
  /** The k nearest points of every query, nearest first, the lower index first among equals, by a k-d tree. */
  kd_tree_nearest_f64(queriesOffset: number, panelsOffset: number, orderOffset: number, boxesOffset: number, leavesOffset: number, distancesOffset: number, indicesOffset: number, scratchOffset: number, queryCount: number, panelCount: number, dimension: number, depth: number, metric: number, self: number, k: number): void;
  /** The boxes of some nodes of a k-d tree; those above the leaves have their points halved at the median of the widest coordinate. */
  kd_tree_split_f64(valuesOffset: number, orderOffset: number, boxesOffset: number, keysOffset: number, pointCount: number, dimension: number, depth: number, nodeStart: number, nodeEnd: number): void;
  /** The points within a radius of every query, their indices ascending, by a k-d tree; counted before. */
  kd_tree_within_f64(queriesOffset: number, panelsOffset: number, orderOffset: number, boxesOffset: number, leavesOffset: number, offsetsOffset: number, indicesOffset: number, distancesOffset: number, scratchOffset: number, queryCount: number, panelCount: number, dimension: number, depth: number, metric: number, self: number, limit: number, found: number): void;
  /** values ← values·factor + addend, over and over: the most multiplications and additions in f32. */
  limit_multiply_add_f32(valuesOffset: number, factor: number, addend: number, rounds: number, count: number): void;
  /** values ← values·factor + addend, over and over: the most multiplications and additions in f64. */
  limit_multiply_add_f64(valuesOffset: number, factor: number, addend: number, rounds: number, count: number): void;
  /** Σ w·loss(margin, target) of a linear model, its gradient, and w·(second derivative by the margin) a row. */
  gradient_linear_f64(xOffset: number, targetOffset: number, weightsOffset: number, coefficientsOffset: number, gradientOffset: number, curvatureOffset: number, scratchOffset: number, loss: number, a: number, b: number, rowCount: number, columnCount: number, columnStride: number): number;
  /** Multinomial loss −Σ w·log p(class of the row) of a linear model with softmax, its gradient, and p. */
  gradient_softmax_f64(xOffset: number, targetOffset: number, weightsOffset: number, coefficientsOffset: number, gradientOffset: number, probabilitiesOffset: number, scratchOffset: number, rowCount: number, columnCount: number, columnStride: number, classCount: number): number;
  /** The Hessian of a linear model times a vector, without the Hessian: xᵀ·(curvature ∘ x·direction). */
  hessian_linear_f64(xOffset: number, curvatureOffset: number, directionOffset: number, productOffset: number, scratchOffset: number, rowCount: number, columnCount: number, columnStride: number): void;
  /** The Hessian of the multinomial loss times a vector, without the Hessian. */
  hessian_softmax_f64(xOffset: number, weightsOffset: number, probabilitiesOffset: number, directionOffset: number, productOffset: number, scratchOffset: number, rowCount: number, columnCount: number, columnStride: number, classCount: number): void;
  /** Rows of the condensed matrix of all distances between points. */
  condense_distances_f64(coordinatesOffset: number, distancesOffset: number, pointCount: number, dimension: number, metric: number, rowStart: number, rowEnd: number): void;
  /** A step of a spanning tree: what lies within `limit` of a point is reached over it where that is nearer; gives the first of the nearest points outside, −1 where none is at a finite distance. */
  grow_tree_f64(coordinatesOffset: number, coresOffset: number, reachedOffset: number, sourcesOffset: number, pointCount: number, dimension: number, metric: number, current: number, name: number, core: number, limit: number, rowStart: number, rowEnd: number): number;
  /** Distances of all living clusters to the union of two, in the place of the second (Lance and Williams, 1967). */
  merge_condensed_f64(matrixOffset: number, sizesOffset: number, pointCount: number, first: number, second: number, linkage: number): void;
  /** The nearest living cluster of one: `previous` where it is among the nearest, else the first of them; −1 where none lies at a finite distance. */
  nearest_condensed_f64(matrixOffset: number, sizesOffset: number, pointCount: number, row: number, previous: number): number;
  /** The cluster nearest to one by Ward’s linkage, from centres and sizes: `previous` where it is among the nearest, else the first of them; −1 where none lies at a finite distance. */
  nearest_ward_f64(centersOffset: number, sizesOffset: number, pointCount: number, dimension: number, row: number, previous: number): number;
  /** As matrix_product_f64, in f32: every product and every sum is rounded. */
  matrix_product_f32(aOffset: number, bOffset: number, cOffset: number, panelsOffset: number, rows: number, columns: number, depth: number, aStride: number, bStride: number, cStride: number, form: number, update: number): void;
  /** c ← a·b, aᵀ·b or a·bᵀ, overwritten, added or taken away; sums in ascending order, in blocks of 256 terms. */
  matrix_product_f64(aOffset: number, bOffset: number, cOffset: number, panelsOffset: number, rows: number, columns: number, depth: number, aStride: number, bStride: number, cStride: number, form: number, update: number): void;
  /** Distances of every query to every point, by any metric. */
  metric_block_f64(queriesOffset: number, panelsOffset: number, queryLengthsOffset: number, panelLengthsOffset: number, columnsOffset: number, outOffset: number, queryCount: number, pointCount: number, dimension: number, metric: number): void;
  /** How many points lie within a distance of every query, by any metric. */
  metric_count_f64(queriesOffset: number, panelsOffset: number, queryLengthsOffset: number, panelLengthsOffset: number, columnsOffset: number, countsOffset: number, valuesOffset: number, queryCount: number, pointCount: number, dimension: number, metric: number, limit: number, firstQuery: number): void;
  /** The k nearest points of every query by any metric, nearest first, the lower index first among equals. */
  metric_nearest_f64(queriesOffset: number, panelsOffset: number, queryLengthsOffset: number, panelLengthsOffset: number, columnsOffset: number, distancesOffset: number, indicesOffset: number, valuesOffset: number, queryCount: number, pointCount: number, dimension: number, metric: number, k: number, firstQuery: number): void;
  /** The points within a distance of every query and how far they are, by any metric, in the order of the points. */
  metric_within_f64(queriesOffset: number, panelsOffset: number, queryLengthsOffset: number, panelLengthsOffset: number, columnsOffset: number, placesOffset: number, indicesOffset: number, distancesOffset: number, valuesOffset: number, queryCount: number, pointCount: number, dimension: number, metric: number, limit: number, firstQuery: number, found: number): void;
  /** Distances of products: |q|² + |p|² − 2·q·p (or its root), where that is more than a 1024th of |q|² + |p|², direct differences where not; 1 − q·p/√(|q|²·|p|²); −q·p. */
  product_distances_f64(queriesOffset: number, pointsOffset: number, queryLengthsOffset: number, pointLengthsOffset: number, outOffset: number, queryCount: number, pointCount: number, dimension: number, stride: number, metric: number): void;
  /** Of rows, offset − ½·|W·(row − mean)|² by component: the gaussian operation of scoring programs. */
  gaussian_scores_f64(columnsOffset: number, meansOffset: number, factorsOffset: number, offsetsOffset: number, scoresOffset: number, differencesOffset: number, rowCount: number, componentCount: number, dimension: number, full: number): void;
  /** Of rows, the log of their density in a mixture of normal densities, and the share that each component has in it. */
  mixture_expect_f64(columnsOffset: number, meansOffset: number, factorsOffset: number, offsetsOffset: number, sharesOffset: number, logsOffset: number, differencesOffset: number, rowCount: number, componentCount: number, dimension: number, full: number): void;
  /** By component: sums of rows and shares, or squares or products of rows about a centre, by the shares. */
  mixture_moments_f64(columnsOffset: number, sharesOffset: number, weightsOffset: number, centersOffset: number, momentsOffset: number, scratchOffset: number, rowCount: number, componentCount: number, dimension: number, kind: number): void;
  /** Derivatives by what batch_norm_forward_f32 received, and by gamma, from those by what it gave. */
  batch_norm_backward_f32(deltaOffset: number, normalizedOffset: number, gammaOffset: number, inverseOffset: number, gammaGradientOffset: number, sumsOffset: number, rowCount: number, unitCount: number): void;
  /** A batch with mean 0 and variance 1 a unit, times gamma; running mean and variance follow. */
  batch_norm_forward_f32(valuesOffset: number, normalizedOffset: number, gammaOffset: number, inverseOffset: number, runningMeanOffset: number, runningVarianceOffset: number, sumsOffset: number, kept: number, epsilon: number, rowCount: number, unitCount: number): void;
  /** Value i ← 0 where word startIndex + i of the key is below `bound`, else factor·value. */
  dropout_f32(valuesOffset: number, wordsOffset: number, keyLow: number, keyHigh: number, startIndex: number, bound: number, factor: number, count: number): void;
  /** Some rows of a row-major matrix, in the order of their indices: a batch. */
  gather_rows_f32(sourceOffset: number, indicesOffset: number, outOffset: number, rowCount: number, columnCount: number, sourceRows: number): void;
  /** delta ← delta·activation′: derivatives by the sums, from those by the activations. */
  layer_backward_f32(sumsOffset: number, outputsOffset: number, deltaOffset: number, activation: number, rowCount: number, unitCount: number): void;
  /** sums ← sums + bias; out = activation(sums). */
  layer_forward_f32(sumsOffset: number, biasOffset: number, outOffset: number, activation: number, rowCount: number, unitCount: number): void;
  /** Logistic loss Σ weight·(log(1 + e^score) − target·score); scores ← its derivatives, scaled. */
  logistic_loss_f32(scoresOffset: number, targetOffset: number, weightsOffset: number, lossesOffset: number, scale: number, rowCount: number): number;
  /** Cross-entropy of softmax: Σ weight·(log Σ e^score − score of the class); scores ← its derivatives, scaled. */
  softmax_loss_f32(scoresOffset: number, targetOffset: number, weightsOffset: number, lossesOffset: number, partsOffset: number, scale: number, rowCount: number, unitCount: number): number;
  /** Squared loss ½·Σ weight·(score − target)²; scores ← its derivatives, scaled. */
  squared_loss_f32(scoresOffset: number, targetOffset: number, weightsOffset: number, lossesOffset: number, scale: number, rowCount: number): number;
  /** The sum of squares of f32 numbers, in f64. */
  sum_of_squares_f32(valuesOffset: number, lanesOffset: number, count: number): number;
  /** AdaGrad: squares of the slope are added up; parameter − rate·slope/(√square + ε). */
  update_adagrad_f32(parametersOffset: number, gradientOffset: number, squareOffset: number, rate: number, epsilon: number, gradientScale: number, gradientLimit: number, decay: number, count: number): void;
  /** AdaGrad: squares of the slope are added up; parameter − rate·slope/(√square + ε). */
  update_adagrad_f64(parametersOffset: number, gradientOffset: number, squareOffset: number, rate: number, epsilon: number, gradientScale: number, gradientLimit: number, decay: number, count: number): void;
  /** Adam and AdamW: running means of slope and squared slope; shrink·parameter − rate·mean/(√square·rootScale + ε). */
  update_adam_f32(parametersOffset: number, gradientOffset: number, meanOffset: number, squareOffset: number, rate: number, beta1: number, beta2: number, epsilon: number, rootScale: number, shrink: number, gradientScale: number, gradientLimit: number, decay: number, count: number): void;
  /** Adam and AdamW: running means of slope and squared slope; shrink·parameter − rate·mean/(√square·rootScale + ε). */
  update_adam_f64(parametersOffset: number, gradientOffset: number, meanOffset: number, squareOffset: number, rate: number, beta1: number, beta2: number, epsilon: number, rootScale: number, shrink: number, gradientScale: number, gradientLimit: number, decay: number, count: number): void;
  /** RMSProp: running mean of the squared slope; parameter − rate·slope/(√square + ε). */
  update_rmsprop_f32(parametersOffset: number, gradientOffset: number, squareOffset: number, rate: number, rho: number, epsilon: number, gradientScale: number, gradientLimit: number, decay: number, count: number): void;
  /** RMSProp: running mean of the squared slope; parameter − rate·slope/(√square + ε). */
  update_rmsprop_f64(parametersOffset: number, gradientOffset: number, squareOffset: number, rate: number, rho: number, epsilon: number, gradientScale: number, gradientLimit: number, decay: number, count: number): void;
  /** Stochastic gradient descent: v ← momentum·v − rate·slope; parameter + v, or + momentum·v − rate·slope. */
  update_sgd_f32(parametersOffset: number, gradientOffset: number, velocityOffset: number, rate: number, momentum: number, nesterov: number, gradientScale: number, gradientLimit: number, decay: number, count: number): void;
  /** Stochastic gradient descent: v ← momentum·v − rate·slope; parameter + v, or + momentum·v − rate·slope. */
  update_sgd_f64(parametersOffset: number, gradientOffset: number, velocityOffset: number, rate: number, momentum: number, nesterov: number, gradientScale: number, gradientLimit: number, decay: number, count: number): void;
  /** How many points lie within a radius of every query, by codes where these tell, else by direct differences. */
  count_codes_i16(queriesOffset: number, pointsOffset: number, queryCodesOffset: number, queryStartsOffset: number, queryErrorsOffset: number, panelsOffset: number, panelStartsOffset: number, countsOffset: number, scratchOffset: number, queryCount: number, pointCount: number, dimension: number, scale: number, error: number, limit: number, self: number): void;
  /** The k nearest points of every query, as nearest_points_f64 gives them, with candidates found in products of integers. */
  nearest_codes_i16(queriesOffset: number, pointsOffset: number, queryCodesOffset: number, queryStartsOffset: number, queryErrorsOffset: number, panelsOffset: number, panelStartsOffset: number, distancesOffset: number, indicesOffset: number, scratchOffset: number, queryCount: number, pointCount: number, dimension: number, k: number, scale: number, error: number): void;
  /** As nearest_codes_i16, with codes of eight bits, for at most 16,384 coordinates. */
  nearest_codes_i8(queriesOffset: number, pointsOffset: number, queryCodesOffset: number, queryStartsOffset: number, queryErrorsOffset: number, panelsOffset: number, panelStartsOffset: number, distancesOffset: number, indicesOffset: number, scratchOffset: number, queryCount: number, pointCount: number, dimension: number, k: number, scale: number, error: number): void;
  /** Codes of points: round((p − centre)·scale), cut off at ±largest, in panels, with what that took away. */
  quantize_points_i16(pointsOffset: number, centerOffset: number, codesOffset: number, startsOffset: number, errorsOffset: number, pointCount: number, dimension: number, panel: number, scale: number, largest: number): void;
  /** Codes of eight bits: round((p − centre)·scale), cut off at −128 and 127, in panels (queries: in rows), with what that took away. */
  quantize_points_i8(pointsOffset: number, centerOffset: number, codesOffset: number, startsOffset: number, errorsOffset: number, pointCount: number, dimension: number, panel: number, scale: number): void;
  /** The points within a radius of every query, their indices ascending, found by codes; counted before. */
  within_codes_i16(queriesOffset: number, pointsOffset: number, queryCodesOffset: number, queryStartsOffset: number, queryErrorsOffset: number, panelsOffset: number, panelStartsOffset: number, offsetsOffset: number, indicesOffset: number, distancesOffset: number, scratchOffset: number, queryCount: number, pointCount: number, dimension: number, scale: number, error: number, limit: number, self: number, found: number): void;
  /** Uniform numbers in [0, 1), 53 bits each: values startIndex … startIndex + count − 1 of a key. */
  random_uniform_f64(outOffset: number, keyLow: number, keyHigh: number, startIndex: number, count: number): void;
  /** Random 32-bit words startIndex … startIndex + count − 1 of a key. */
  random_words_u32(outOffset: number, keyLow: number, keyHigh: number, startIndex: number, count: number): void;
  /** One-sided Jacobi: rotates rows p of a range with all rows behind them until they are orthogonal. Returns how many. */
  jacobi_rows_f64(aOffset: number, vOffset: number, tolerance: number, count: number, length: number, from: number, to: number): number;
  /** Rotations of neighbouring rows, one after the other: rotation k of rows first + k·step and the one behind it. */
  rotate_rows_f64(matrixOffset: number, rotationsOffset: number, rows: number, columns: number, stride: number, first: number, step: number, count: number): void;
  /** The sum and the sum of squares of each row of a sparse matrix. */
  sparse_moments_f64(offsetsOffset: number, valuesOffset: number, sumsOffset: number, squaresOffset: number, rowCount: number, entryCount: number): void;
  /** Rows of a sparse matrix times a dense matrix. */
  sparse_multiply_f64(offsetsOffset: number, indicesOffset: number, valuesOffset: number, denseOffset: number, outOffset: number, rowCount: number, entryCount: number, columnCount: number, outputCount: number): void;
  /** The k most alike rows of each row of a sparse matrix, by cosine times c / (c + shrinkage), c being the columns that both have; only those above 0, the most alike first, the lower row first among equals, −1 with 0 where there are fewer. */
  sparse_similar_rows_f64(offsetsOffset: number, indicesOffset: number, valuesOffset: number, otherOffsetsOffset: number, otherIndicesOffset: number, otherValuesOffset: number, normsOffset: number, scoresOffset: number, neighborsOffset: number, sumsOffset: number, countsOffset: number, touchedOffset: number, rowCount: number, entryCount: number, innerCount: number, otherEntryCount: number, columnCount: number, firstRow: number, k: number, shrinkage: number): void;
  /** The n largest numbers above 0 of each row of the product of two sparse matrices, and their columns: the largest first, the lower column first among equals; without those seen and those not allowed. Where fewer are left, −1 with −Infinity. */
  sparse_top_f64(offsetsOffset: number, indicesOffset: number, valuesOffset: number, otherOffsetsOffset: number, otherIndicesOffset: number, otherValuesOffset: number, seenOffsetsOffset: number, seenItemsOffset: number, allowedOffset: number, scoresOffset: number, itemsOffset: number, sumsOffset: number, countsOffset: number, touchedOffset: number, rowCount: number, entryCount: number, innerCount: number, otherEntryCount: number, columnCount: number, seenCount: number, n: number): void;
  /** Total weight, weighted mean, and weighted sum of squared deviations from that mean, of a block of a column. */
  column_moments_f64(xOffset: number, weightsOffset: number, momentsOffset: number, termsOffset: number, rowCount: number): void;
  /** x ← (x − shift)/scale. */
  column_standardize_f64(xOffset: number, shift: number, scale: number, rowCount: number): void;
  /** Sorts a column ascending, −0 before 0, equal values in their old order, and moves a second column along. */
  values_sort_f64(valuesOffset: number, weightsOffset: number, scratchOffset: number, count: number): void;
  /** Kernel expansions: out = intercept, + coefficient·K(point, support) for each support in order. */
  kernel_expand_f64(panelsOffset: number, supportsOffset: number, coefficientsOffset: number, interceptsOffset: number, outOffset: number, valuesOffset: number, pointCount: number, supportCount: number, dimension: number, outputCount: number, kind: number, gamma: number, coef0: number, degree: number): void;
  /** Rows of a kernel matrix: K(query, point) of every query and every point. */
  kernel_rows_f64(panelsOffset: number, queriesOffset: number, outOffset: number, pointCount: number, queryCount: number, dimension: number, outStride: number, kind: number, gamma: number, coef0: number, degree: number): void;
  /** Sequential minimal optimisation of ½·βᵀKβ − pᵀβ + epsilon·Σ|β|, lower ≤ β ≤ upper, Σβ constant: pairs by second order, until the largest violation is at most the tolerance, the iterations are used up, or a row of K is missing. */
  smo_steps_f64(rowsOffset: number, slotsOffset: number, stampsOffset: number, diagonalOffset: number, lowerOffset: number, upperOffset: number, betaOffset: number, scoresOffset: number, raiseOffset: number, fallOffset: number, stateOffset: number, count: number, stride: number, slotCount: number, maxIterations: number, epsilon: number, tolerance: number): number;
  /** One pass of dual coordinate descent of a linear support vector machine over the listed rows. Rows that stay at a bound are taken from the list. Returns how many are left. */
  dual_coordinate_steps_f64(xOffset: number, targetOffset: number, upperOffset: number, diagonalOffset: number, squaresOffset: number, orderOffset: number, dualsOffset: number, coefficientsOffset: number, largestOffset: number, width: number, rowCount: number, orderCount: number, epsilon: number, oneSided: number, threshold: number): number;
  /** Stochastic gradient steps of a linear model over rows in a given order, a batch a step. */
  sgd_steps_f64(xOffset: number, targetOffset: number, weightsOffset: number, orderOffset: number, ratesOffset: number, stateOffset: number, updatesOffset: number, width: number, rowCount: number, orderCount: number, batchSize: number, loss: number, parameter: number, positive: number, l1: number, l2: number, averageFrom: number, intercept: number): void;
  /** Adds to the Shapley value of every input of every row what trees give it against background rows (interventional). */
  shap_background_f64(inputsOffset: number, backgroundOffset: number, weightsOffset: number, treesOffset: number, featureOffset: number, thresholdOffset: number, missingGoesLeftOffset: number, categoryOffsetOffset: number, categoryWordsOffset: number, categoriesOffset: number, rightOffset: number, leafOffset: number, leafValuesOffset: number, coalitionsOffset: number, contributionsOffset: number, sidesOffset: number, inputCount: number, backgroundCount: number, treeCount: number, nodeCount: number, wordCount: number, leafCount: number, leafWidth: number, outputCount: number, mostInputs: number, stride: number, firstRow: number, endRow: number): void;
  /** Finds edges that part values into bins of about equal weight, and returns how many there are. */
  bin_edges_f64(valuesOffset: number, weightsOffset: number, edgesOffset: number, scratchOffset: number, maxBins: number, count: number): number;
  /** Writes the bin of every value of some columns (the number of edges below it) into their slots of a group. */
  bins_encode_f64(valuesOffset: number, edgesOffset: number, edgeCountsOffset: number, slotsOffset: number, binsOffset: number, scratchOffset: number, columnCount: number, stride: number, rowBytes: number, rowCount: number): void;
  /** The largest absolute value, which sets the scale of a quantisation; 0 where there is none. */
  absolute_largest_f32(valuesOffset: number, length: number): number;
  /** Rounds gradients and hessians stochastically to whole numbers, keyed by the row, and packs them. */
  gradients_quantise_f32(gradientsOffset: number, hessiansOffset: number, packedOffset: number, gradientScale: number, hessianScale: number, keyLow: number, keyHigh: number, firstRow: number, rowCount: number): void;
  /** Merges the histograms of two sets of rows: sum ← sum + part. */
  histogram_add_f64(sumOffset: number, partOffset: number, binCountsOffset: number, featureCount: number): void;
  /** Sums the quantised gradients, hessians and counts of some rows by bin, for each feature. */
  histogram_build_u8(binsOffset: number, packedOffset: number, rowsOffset: number, rangesOffset: number, histogramOffset: number, binCountsOffset: number, scratchOffset: number, dataRows: number, rowBytes: number, groupBytes: number, groupFeatures: number, featureCount: number, rangeCount: number, fresh: number): void;
  /** The sibling: parent − child. */
  histogram_subtract_f64(parentOffset: number, childOffset: number, siblingOffset: number, binCountsOffset: number, featureCount: number): void;
  /** Adds the value of each leaf to the raw predictions of its rows. */
  leaf_add_f64(rowsOffset: number, rangesOffset: number, slotsOffset: number, valuesOffset: number, predictionsOffset: number, dataRows: number, slotLength: number, slotCount: number, firstRange: number, rangeCount: number, leafCount: number): void;
  /** Adds up gradients and hessians over the rows of each leaf, by blocks of 16,384 of the row index, in 8 lanes each. */
  leaf_sums_f32(rowsOffset: number, rangesOffset: number, slotsOffset: number, gradientsOffset: number, hessiansOffset: number, sumsOffset: number, dataRows: number, slotLength: number, slotCount: number, firstRange: number, rangeCount: number, leafCount: number): void;
  /** In each range, puts the rows that go left before those that go right, each side in its old order; returns how many go left. */
  rows_partition_u8(binsOffset: number, goesLeftOffset: number, rowsOffset: number, rangesOffset: number, leftOffset: number, rightOffset: number, scratchOffset: number, dataRows: number, rowBytes: number, slot: number, longest: number, rangeCount: number): number;
  /** The number of edges below each value; 65,535 where it is missing. */
  codes_encode_u16(valuesOffset: number, edgesOffset: number, codesOffset: number, edgeCount: number, rowCount: number): void;
  /** The number of edges below each value; 255 where it is missing. */
  codes_encode_u8(valuesOffset: number, edgesOffset: number, codesOffset: number, edgeCount: number, rowCount: number): void;
  /** forest_grow_u8 for up to 65,535 codes a feature: rows are sorted by code, not counted out. */
  forest_grow_u16(codesOffset: number, offsetsOffset: number, lowsOffset: number, highsOffset: number, categoricalOffset: number, targetsOffset: number, weightsOffset: number, stateOffset: number, rowsOffset: number, bagWeightsOffset: number, openOffset: number, featureOffset: number, splitOffset: number, thresholdOffset: number, categoriesOffset: number, childOffset: number, valuesOffset: number, coverOffset: number, samplesOffset: number, gainOffset: number, nodeTargetsOffset: number, nodeWeightsOffset: number, orderOffset: number, runsOffset: number, sumsOffset: number, workOffset: number, featuresOffset: number, dataRows: number, featureCount: number, codeCount: number, targetCount: number, classCount: number, logarithmic: number, randomSplits: number, hasCategories: number, bootstrap: number, sampleCount: number, balanced: number, bagKeyLow: number, bagKeyHigh: number, featureKeyLow: number, featureKeyHigh: number, maxFeatures: number, maxDepth: number, minSamplesSplit: number, minSamplesLeaf: number, minWeightFraction: number, minGain: number, maxLeafNodes: number, maxNodes: number, maxRuns: number, budget: number): number;
  /** Grows one decision tree, or goes on growing it: returns 1 while nodes are open and the budget is spent, 0 when done. */
  forest_grow_u8(codesOffset: number, offsetsOffset: number, lowsOffset: number, highsOffset: number, categoricalOffset: number, targetsOffset: number, weightsOffset: number, stateOffset: number, rowsOffset: number, bagWeightsOffset: number, openOffset: number, featureOffset: number, splitOffset: number, thresholdOffset: number, categoriesOffset: number, childOffset: number, valuesOffset: number, coverOffset: number, samplesOffset: number, gainOffset: number, nodeTargetsOffset: number, nodeWeightsOffset: number, orderOffset: number, runsOffset: number, sumsOffset: number, workOffset: number, featuresOffset: number, dataRows: number, featureCount: number, codeCount: number, targetCount: number, classCount: number, logarithmic: number, randomSplits: number, hasCategories: number, bootstrap: number, sampleCount: number, balanced: number, bagKeyLow: number, bagKeyHigh: number, featureKeyLow: number, featureKeyHigh: number, maxFeatures: number, maxDepth: number, minSamplesSplit: number, minSamplesLeaf: number, minWeightFraction: number, minGain: number, maxLeafNodes: number, maxNodes: number, maxRuns: number, budget: number): number;
  /** Grows a boosted tree from the binned rows of its root; returns 0 when it is done, 1 where the budget is spent. */
  tree_grow_u8(binsOffset: number, packedOffset: number, rowsOffset: number, rangesOffset: number, histogramsOffset: number, nodesOffset: number, setsOffset: number, stateOffset: number, teamOffset: number, liveBinsOffset: number, binCountsOffset: number, categoryCountsOffset: number, allowedOffset: number, bundlesOffset: number, partialsOffset: number, gainsOffset: number, splitsOffset: number, foundSetsOffset: number, scratchOffset: number, partedOffset: number, gradientUnit: number, hessianUnit: number, l1: number, l2: number, maxDeltaStep: number, minHessian: number, minSamples: number, minGain: number, smooth: number, setL2: number, maxThreshold: number, minPerGroup: number, maxToOnehot: number, maxDepth: number, budget: number, maxLeaves: number, depthwise: number, follows: number, everyRow: number, dataRows: number, rowBytes: number, groupBytes: number, groupFeatures: number, columnCount: number, featureCount: number, segments: number, segmentRows: number, maxNodes: number, histogramCount: number, member: number, members: number, waits: number): number;
  /** Log loss of two classes (targets 0 and 1): gradient p − target, hessian p·(1 − p), p the sigmoid of raw. */
  derivatives_logistic_f32(rawOffset: number, targetOffset: number, weightsOffset: number, gradientsOffset: number, hessiansOffset: number, gradientScale: number, hessianScale: number, rowCount: number): void;
  /** Absolute, quantile and Huber losses: the gradient is the residual within ±delta, a constant slope beyond; hessian 1. */
  derivatives_robust_f32(rawOffset: number, targetOffset: number, weightsOffset: number, gradientsOffset: number, hessiansOffset: number, delta: number, low: number, high: number, gradientScale: number, hessianScale: number, rowCount: number): void;
  /** Log loss of several classes, by the raw prediction of one: gradient p − [target is it], hessian p·(1 − p). */
  derivatives_softmax_f32(rawOffset: number, normalizersOffset: number, targetOffset: number, weightsOffset: number, gradientsOffset: number, hessiansOffset: number, classIndex: number, gradientScale: number, hessianScale: number, rowCount: number): void;
  /** Half the squared error: gradient raw − target, hessian 1. */
  derivatives_squared_f32(rawOffset: number, targetOffset: number, weightsOffset: number, gradientsOffset: number, hessiansOffset: number, gradientScale: number, hessianScale: number, rowCount: number): void;
  /** Half the Tweedie deviance under the log link: Poisson (power 1), Gamma (2) and what lies between. */
  derivatives_tweedie_f32(rawOffset: number, targetOffset: number, weightsOffset: number, gradientsOffset: number, hessiansOffset: number, power: number, gradientScale: number, hessianScale: number, rowCount: number): void;
  /** Sum of the log losses of two classes, w·(log(1 + e^raw) − target·raw). */
  loss_logistic_f64(rawOffset: number, targetOffset: number, weightsOffset: number, tileOffset: number, rowCount: number): number;
  /** Sum of absolute, quantile or Huber losses: w·½e² within ±delta, w·(slope·e − ½·delta²) beyond. */
  loss_robust_f64(rawOffset: number, targetOffset: number, weightsOffset: number, tileOffset: number, delta: number, low: number, high: number, rowCount: number): number;
  /** Sum of the log losses of several classes, w·(log Σ e^raw − raw of the target). */
  loss_softmax_f64(rawOffset: number, targetOffset: number, weightsOffset: number, tileOffset: number, classCount: number, classStride: number, rowCount: number): number;
  /** Sum of the squared errors, w·(raw − target)². */
  loss_squared_f64(rawOffset: number, targetOffset: number, weightsOffset: number, tileOffset: number, rowCount: number): number;
  /** Sum of half the Tweedie deviances, less what no prediction changes; `power` as in derivatives_tweedie_f32. */
  loss_tweedie_f64(rawOffset: number, targetOffset: number, weightsOffset: number, tileOffset: number, power: number, rowCount: number): number;
  /** log Σ e^raw of each row over the classes, with which a probability is e^(raw − normalizer). */
  softmax_normalizers_f64(rawOffset: number, normalizersOffset: number, classCount: number, classStride: number, rowCount: number): void;
  /** LambdaRank: each pair of a list’s rows whose gains differ pulls apart, by the NDCG that swapping them would change; pairs with neither row among the first `truncation` are left out. */
  derivatives_lambdarank_f32(rawOffset: number, gainsOffset: number, weightsOffset: number, rowsOffset: number, endsOffset: number, inverseIdealOffset: number, discountsOffset: number, gradientsOffset: number, hessiansOffset: number, scratchOffset: number, truncation: number, normalise: number, steepness: number, gradientScale: number, hessianScale: number, longest: number, listCount: number, listRows: number, dataRows: number): void;
  /** Sum of the weighted NDCG of lists, list after list; rows of one score share the mean of their places. */
  ndcg_sum_f64(rawOffset: number, gainsOffset: number, listWeightsOffset: number, rowsOffset: number, endsOffset: number, inverseIdealOffset: number, discountsOffset: number, scratchOffset: number, places: number, longest: number, listCount: number, listRows: number, dataRows: number): number;
  /** Writes where the bit of every category of a column lies in a set of 256 categories. */
  codes_encode_f64(valuesOffset: number, bytesOffset: number, bitsOffset: number, firstCode: number, codeCount: number, rowCount: number): void;
  /** Writes the number of edges below every value of a column, less 128. */
  ranks_encode_f64(valuesOffset: number, edgesOffset: number, cellsOffset: number, ranksOffset: number, othersOffset: number, edgeCount: number, cellCount: number, low: number, scale: number, probes: number, missing: number, rowCount: number): void;
  /** center + the weighted mean of value − center, held to ±delta: the step of the Huber loss from a median. */
  clipped_mean_f64(valuesOffset: number, weightsOffset: number, tileOffset: number, center: number, delta: number, rowCount: number): number;
  /** Takes rows out of training: their gradients and hessians become 0. */
  derivatives_clear_f32(rowsOffset: number, gradientsOffset: number, hessiansOffset: number, dataRows: number, rowCount: number): void;
  /** The weighted quantile: the least value at which the weights so far reach level · their sum; where they meet it exactly, the middle between it and the next. */
  quantile_select_f64(valuesOffset: number, weightsOffset: number, scratchOffset: number, level: number, rowCount: number): number;
  /** The values of some rows, or how far they lie from `minuend`: values[row], or minuend[row] − values[row]. */
  values_gather_f64(valuesOffset: number, minuendOffset: number, rowsOffset: number, outOffset: number, absolute: number, dataRows: number, rowCount: number): void;
  /** Counts rows by the size of gradient times hessian, in buckets of equal ratio. */
  gradient_sizes_count_f32(gradientsOffset: number, hessiansOffset: number, rowsOffset: number, countsOffset: number, shift: number, firstRow: number, dataRows: number, rowCount: number): void;
  /** Puts the rows that are drawn before those that are not, each side in its old order, and returns how many are drawn. */
  rows_sample_u32(wordsOffset: number, gradientsOffset: number, hessiansOffset: number, rowsOffset: number, scratchOffset: number, limit: number, shift: number, bucket: number, factor: number, firstRow: number, dataRows: number, rowCount: number): number;
  /** Finds the leaves that rows reach in the trees of an ensemble. */
  ensemble_leaves_i8(ranksOffset: number, treesOffset: number, testsOffset: number, nodesOffset: number, targetsOffset: number, setsOffset: number, leavesOffset: number, scratchOffset: number, planeCount: number, rankStride: number, treeCount: number, testWords: number, nodeCount: number, setCount: number, rowCount: number): void;
  /** Adds up the leaves that rows reach in the trees of an ensemble. */
  ensemble_score_i8(ranksOffset: number, treesOffset: number, testsOffset: number, nodesOffset: number, targetsOffset: number, setsOffset: number, baseOffset: number, leafValuesOffset: number, sumsOffset: number, scratchOffset: number, planeCount: number, rankStride: number, treeCount: number, testWords: number, nodeCount: number, setCount: number, rowCount: number, outputCount: number, leafCount: number, leafWidth: number, average: number): void;
  /** Adds to the Shapley interaction value of every two inputs of every row what the trees of an ensemble give it. */
  shap_interactions_f64(inputsOffset: number, treesOffset: number, featureOffset: number, thresholdOffset: number, missingGoesLeftOffset: number, categoryOffsetOffset: number, categoryWordsOffset: number, categoriesOffset: number, edgesOffset: number, shareOffset: number, ratioOffset: number, leafOffset: number, leafValuesOffset: number, quadratureOffset: number, pairStartOffset: number, pairsOffset: number, interactionsOffset: number, scratchOffset: number, inputCount: number, treeCount: number, nodeCount: number, wordCount: number, leafCount: number, leafWidth: number, outputCount: number, quadratureCount: number, mostNodes: number, mostDepth: number, mostPoints: number, stride: number, firstRow: number, endRow: number, pairCount: number): void;
  /** Adds to the Shapley value of every input of every row what the trees of an ensemble give it (path-dependent). */
  shap_values_f64(inputsOffset: number, treesOffset: number, featureOffset: number, thresholdOffset: number, missingGoesLeftOffset: number, categoryOffsetOffset: number, categoryWordsOffset: number, categoriesOffset: number, edgesOffset: number, shareOffset: number, ratioOffset: number, leafOffset: number, leafValuesOffset: number, quadratureOffset: number, contributionsOffset: number, scratchOffset: number, inputCount: number, treeCount: number, nodeCount: number, wordCount: number, leafCount: number, leafWidth: number, outputCount: number, quadratureCount: number, mostNodes: number, mostDepth: number, mostPoints: number, stride: number, firstRow: number, endRow: number): void;
  /** The best set of categories to go left, of each categorical feature. */
  category_scan_f64(histogramOffset: number, binCountsOffset: number, allowedOffset: number, gainsOffset: number, setsOffset: number, scratchOffset: number, gradientUnit: number, hessianUnit: number, l1: number, l2: number, maxDeltaStep: number, minHessian: number, minSamples: number, lower: number, upper: number, smooth: number, setL2: number, maxThreshold: number, minPerGroup: number, maxToOnehot: number, featureCount: number): void;
  /** The best threshold of each numeric feature: the largest gain, the lowest bin among equals. */
  split_scan_f64(histogramOffset: number, binCountsOffset: number, allowedOffset: number, monotoneOffset: number, gainsOffset: number, splitsOffset: number, gradientUnit: number, hessianUnit: number, l1: number, l2: number, maxDeltaStep: number, minHessian: number, minSamples: number, lower: number, upper: number, featureCount: number): void;
}

/** Of names and signatures: an addon built from another table is refused. */
export const kernelsHash = 'c6bd0be3113d506f';
