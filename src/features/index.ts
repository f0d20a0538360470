import type { Transformer } from '../table/interfaces.js';
import { calendar } from './calendar.js';

/** Every feature step that Lanewise offers. */
export const featureMakers = [calendar] as const;

/** What is made of any table where nothing else is asked for: timestamps become their parts. */
export function defaultFeatures(): { transformer: Transformer }[] {
  return [{ transformer: calendar.create() }];
}
