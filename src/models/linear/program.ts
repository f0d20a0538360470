import { ProgramBuilder } from '../../scoring/builder.js';
import type { Program } from '../../scoring/program.js';
import type { RegisterColumn } from '../../table/columns.js';
import { inputsOf } from '../features.js';

/** The program of a plain linear model: coefficients·columns + intercept. */
export function linearProgram(
  columns: readonly RegisterColumn[],
  coefficients: Float64Array,
  intercepts: Float64Array,
): Program {
  const builder = new ProgramBuilder(inputsOf(columns));
  const register = builder.reserve();
  const inputs = columns.map((_, j) => j);
  builder.emit({ op: 'linear', inputs, outputs: [register], coefficients, intercepts });
  return builder.build([{ name: 'prediction', register, type: 'number' }]);
}
