export { EllipticEnvelope } from './elliptic-envelope.js';
export { type EllipticEnvelopeParameters, ellipticEnvelopeParameters } from './parameters.js';
