import { createRequire } from 'node:module';

/** The version of the package, as in package.json. */
export const packageVersion: string = createRequire(import.meta.url)('../../package.json').version;
