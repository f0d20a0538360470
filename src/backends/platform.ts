/** Node, Bun and Deno have Node's modules; browsers do not. */
export function isNode(): boolean {
  return typeof process !== 'undefined' && typeof process.versions?.node === 'string';
}

/** A variable of the environment, where there is an environment; an empty one counts as absent. */
export function environment(name: string): string | undefined {
  return (isNode() && process.env[name]) || undefined;
}
