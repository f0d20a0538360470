import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { LanewiseError } from '../../errors.js';
import { type NativeAddon, type NativeOptions, platformPackage, refusal } from './backend.js';

const require = createRequire(import.meta.url);

/** Where this checkout's `npm run build:native` puts the addon. */
const localBuild = fileURLToPath(new URL('../../../build/Release/lanewise.node', import.meta.url));

/** The first usable addon, and the instruction set asked for. */
export function loadAddon(options: NativeOptions): { addon: NativeAddon; isa: string | undefined } {
  const reasons: string[] = [];
  for (const candidate of candidates(options)) {
    const loaded = tryLoad(candidate);
    if (typeof loaded !== 'string')
      return { addon: loaded, isa: options.isa ?? (process.env.LANEWISE_ISA || undefined) };
    reasons.push(`${candidate}: ${loaded}`);
  }
  throw new LanewiseError('engine', `No native addon can be used: ${reasons.join('; ')}`, {
    hint: 'In a checkout with a C++ compiler and cmake, `npm run build:native` builds it. Everything works without.',
  });
}

function candidates(options: NativeOptions): string[] {
  const chosen = options.addon ?? process.env.LANEWISE_ADDON;
  return chosen ? [chosen] : [localBuild, platformPackage(process.platform, process.arch)];
}

/** The addon, or the reason why it cannot be used. */
function tryLoad(candidate: string): NativeAddon | string {
  if (/[\\/]/.test(candidate) && !candidate.startsWith('@') && !existsSync(candidate)) return 'there is no such file';
  try {
    const addon = require(candidate) as NativeAddon;
    return refusal(addon) ?? addon;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'MODULE_NOT_FOUND' && candidate.startsWith('@')) return 'not installed';
    return `it cannot be loaded (${String(message).split('\n')[0]})`;
  }
}
