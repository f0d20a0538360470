import { existsSync, readFileSync } from 'node:fs';
import { packageVersion } from '../deploy/version.js';

/**
 * What computes: part of every key under which results are kept. Of a checkout, the hash of the sources that were built
 * stands beside the version (.ci/setup.mjs writes it), so that results of other code are not taken over.
 */
export const build: string = buildOf(new URL('../.lanewise-setup', import.meta.url));

function buildOf(stamp: URL): string {
  return existsSync(stamp) ? `${packageVersion}+${readFileSync(stamp, 'utf8').slice(0, 16)}` : packageVersion;
}
