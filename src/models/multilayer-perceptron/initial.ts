import type { Network } from '../../engine/descent/network.js';
import { stream } from '../../engine/random.js';

/**
 * First weights, uniform and keyed by (seed, layer): of He et al. ("Delving deep into rectifiers", 2015) before relu and
 * gelu, of Glorot and Bengio ("Understanding the difficulty …", 2010) elsewhere. Biases are 0.
 */
export function drawWeights(network: Network, seed: number): void {
  network.plans.forEach(({ inputs, units, activation, normalized }, layer) => {
    const rectified = activation === 'relu' || activation === 'gelu';
    const bound = Math.sqrt(rectified ? 6 / inputs : 6 / (inputs + units));
    const random = stream(seed, 'weights', layer);
    const weights = network.weights(layer);
    for (let i = 0; i < weights.length; i++) weights[i] = bound * (2 * random.uniform() - 1);
    network.bias(layer).fill(0);
    if (!normalized) return;
    const { gamma, mean, variance } = network.normalization(layer);
    gamma.fill(1);
    mean.fill(0);
    variance.fill(1);
  });
}
