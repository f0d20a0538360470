import { availableParallelism } from 'node:os';

export { availableParallelism };
