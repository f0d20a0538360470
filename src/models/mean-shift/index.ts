export { type BandwidthOptions, estimateBandwidth } from './bandwidth.js';
export { MeanShift, type MeanShiftModel } from './mean-shift.js';
export { type MeanShiftParameters, meanShiftParameters } from './parameters.js';
