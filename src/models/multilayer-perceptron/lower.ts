import { type LayerPlan, type Network, NORM_EPSILON } from '../../engine/descent/network.js';
import { ProgramBuilder } from '../../scoring/builder.js';
import type { Program } from '../../scoring/program.js';
import type { RegisterColumn } from '../../table/columns.js';
import { classificationOutputs, inputsOf } from '../features.js';
import type { InputScale } from './data.js';

/** What the numbers of the output layer mean. */
export type OutputMeaning =
  | { readonly classes: readonly string[] }
  /** prediction = shift + scale·output */
  | InputScale;

/** The program of a network: inputs brought onto scale where they are not, one operation a layer, then what its outputs mean. */
export function lower(
  network: Network,
  columns: readonly Omit<RegisterColumn, 'values'>[],
  scales: readonly InputScale[],
  meaning: OutputMeaning,
): Program {
  const builder = new ProgramBuilder(inputsOf(columns));
  let registers = scales.map(({ shift, scale }, j) =>
    shift === 0 && scale === 1 ? j : builder.add({ op: 'affine', in: j, shift, scale }),
  );
  network.plans.forEach((plan, layer) => {
    const first = builder.reserve(plan.units);
    const outputs = Array.from({ length: plan.units }, (_, k) => first + k);
    const { weights, biases } = foldedLayer(network, plan, layer);
    builder.emit({ op: 'dense', inputs: registers, outputs, weights, biases, activation: plan.activation });
    registers = outputs;
  });
  if (!('classes' in meaning)) {
    const register = builder.reserve();
    const [coefficients, intercepts] = [Float64Array.of(meaning.scale), Float64Array.of(meaning.shift)];
    builder.emit({ op: 'linear', inputs: registers, outputs: [register], coefficients, intercepts });
    return builder.build([{ name: 'prediction', register, type: 'number' }]);
  }
  return builder.build(classificationOutputs(builder, probabilities(builder, registers), meaning.classes));
}

/** Two classes have one output, the log-odds of the second; more have a score each. */
function probabilities(builder: ProgramBuilder, scores: readonly number[]): number[] {
  if (scores.length === 1) {
    const positive = builder.add({ op: 'unary', in: scores[0]!, function: 'sigmoid' });
    const one = builder.add({ op: 'constant', value: 1 });
    return [builder.add({ op: 'binary', left: one, right: positive, operator: 'subtract' }), positive];
  }
  const first = builder.reserve(scores.length);
  const outputs = scores.map((_, k) => first + k);
  builder.emit({ op: 'softmax', inputs: scores, outputs });
  return outputs;
}

/** A layer's weights and biases, with the running figures of its normalisation, where it has one, worked in. */
function foldedLayer(
  network: Network,
  { units, normalized }: LayerPlan,
  layer: number,
): { weights: Float32Array; biases: Float32Array } {
  const [weights, biases] = [network.weights(layer).slice(), network.bias(layer).slice()];
  if (!normalized) return { weights, biases };
  const { gamma, mean, variance } = network.normalization(layer);
  for (let k = 0; k < units; k++) {
    const factor = gamma[k]! / Math.sqrt(variance[k]! + NORM_EPSILON);
    for (let i = k; i < weights.length; i += units) weights[i] = weights[i]! * factor;
    biases[k] = biases[k]! - mean[k]! * factor;
  }
  return { weights, biases };
}
