import { defineParameters, type Parameters } from '../../parameters.js';

/** scikit-learn's EllipticEnvelope, names and defaults. */
export const ellipticEnvelopeParameters = defineParameters({
  assumeCentered: {
    type: 'boolean',
    default: false,
    meaning: 'the centre of the ellipse is the origin, not learnt',
  },
  supportFraction: {
    type: 'number',
    default: null,
    min: 0,
    above: true,
    max: 1,
    nullable: true,
    meaning: 'share of the rows among which the tightest ellipse is sought; null: (rows + features + 1)/2 of them',
  },
  contamination: {
    type: 'number',
    default: 0.1,
    min: 0,
    above: true,
    max: 0.5,
    meaning: 'share of the training rows that are to be anomalies',
  },
  randomState: { type: 'integer', default: 0, min: 0, meaning: 'seed of everything random' },
});

export type EllipticEnvelopeParameters = Parameters<typeof ellipticEnvelopeParameters>;
