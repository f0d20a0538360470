import type { Kernel } from './contract.js';
import * as gradientDescent from './gradient-descent.js';

/** Every kernel, in one list: the modules of the families export nothing of type Kernel that is not one. */
export const kernels: readonly Kernel[] = [gradientDescent].flatMap((family) =>
  Object.values(family).filter(
    (entry): entry is Kernel => typeof entry === 'object' && entry !== null && 'reference' in entry,
  ),
);

export const kernelByName: ReadonlyMap<string, Kernel> = new Map(kernels.map((kernel) => [kernel.name, kernel]));
