// The models of NIST's nonlinear reference sets, by name of the set; b1, b2 … as there.
const { exp, cos, sin, atan, PI } = Math;

const misra = {
  Misra1a: ({ x }, { b1, b2 }) => b1 * (1 - exp(-b2 * x)),
  Misra1b: ({ x }, { b1, b2 }) => b1 * (1 - (1 + (b2 * x) / 2) ** -2),
  Misra1c: ({ x }, { b1, b2 }) => b1 * (1 - (1 + 2 * b2 * x) ** -0.5),
  Misra1d: ({ x }, { b1, b2 }) => (b1 * b2 * x) / (1 + b2 * x),
};
const chwirut = ({ x }, { b1, b2, b3 }) => exp(-b1 * x) / (b2 + b3 * x);
const gauss = ({ x }, { b1, b2, b3, b4, b5, b6, b7, b8 }) =>
  b1 * exp(-b2 * x) + b3 * exp(-((x - b4) ** 2) / b5 ** 2) + b6 * exp(-((x - b7) ** 2) / b8 ** 2);
const lanczos = ({ x }, { b1, b2, b3, b4, b5, b6 }) => b1 * exp(-b2 * x) + b3 * exp(-b4 * x) + b5 * exp(-b6 * x);

export const curves = {
  ...misra,
  Chwirut1: chwirut,
  Chwirut2: chwirut,
  DanWood: ({ x }, { b1, b2 }) => b1 * x ** b2,
  ENSO: ({ x }, { b1, b2, b3, b4, b5, b6, b7, b8, b9 }) =>
    b1 +
    b2 * cos((2 * PI * x) / 12) +
    b3 * sin((2 * PI * x) / 12) +
    b5 * cos((2 * PI * x) / b4) +
    b6 * sin((2 * PI * x) / b4) +
    b8 * cos((2 * PI * x) / b7) +
    b9 * sin((2 * PI * x) / b7),
  Gauss1: gauss,
  Gauss2: gauss,
  Gauss3: gauss,
  Hahn1: ({ x }, { b1, b2, b3, b4, b5, b6, b7 }) =>
    (b1 + b2 * x + b3 * x ** 2 + b4 * x ** 3) / (1 + b5 * x + b6 * x ** 2 + b7 * x ** 3),
  Kirby2: ({ x }, { b1, b2, b3, b4, b5 }) => (b1 + b2 * x + b3 * x ** 2) / (1 + b4 * x + b5 * x ** 2),
  Lanczos1: lanczos,
  Lanczos2: lanczos,
  Lanczos3: lanczos,
  MGH17: ({ x }, { b1, b2, b3, b4, b5 }) => b1 + b2 * exp(-x * b4) + b3 * exp(-x * b5),
  // Of the logarithm of the response.
  Nelson: ({ x1, x2 }, { b1, b2, b3 }) => b1 - b2 * x1 * exp(-b3 * x2),
  Roszman1: ({ x }, { b1, b2, b3, b4 }) => b1 - b2 * x - atan(b3 / (x - b4)) / PI,
};
