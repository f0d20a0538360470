import { Command, InvalidArgumentError, Option } from 'commander';
import { createEngine, type Engine, type EngineDescription } from '../engine/engine.js';
import type { ParameterValue } from '../parameters.js';
import type { Collected } from '../table/interfaces.js';
import { type DataOptions, openData, readingNotes } from '../workflow/data.js';
import { camelCase } from '../workflow/recipes.js';
import type { Shell } from './shell.js';

/** A command: how it is called, and what it does. One a file. */
export interface CommandFile {
  /** Adds arguments and options. */
  configure(command: Command): void;
  /** Does the work; what it throws is told and turned into the exit code. Returns the exit code where it is not 0. */
  run(shell: Shell, options: object, ...args: readonly string[]): Promise<number | void>;
}

/** Options that every command has. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly seed?: number;
  readonly threads?: number;
  readonly backend?: 'auto' | 'native' | 'wasm' | 'reference';
  readonly numerics?: 'reproducible' | 'fast';
}

export function addCommonOptions(command: Command): void {
  command
    .option('--json', 'print the result as JSON')
    .addOption(
      new Option('--seed <n>', 'key of all randomness (default: 0)').argParser(
        integer('--seed', 0, Number.MAX_SAFE_INTEGER),
      ),
    )
    .addOption(
      new Option('--threads <n>', 'threads to use (default: all cores)').argParser(integer('--threads', 1, 49)),
    )
    .addOption(
      new Option('--backend <name>', 'what computes (default: auto)').choices(['auto', 'native', 'wasm', 'reference']),
    )
    .addOption(
      new Option('--numerics <kind>', 'fast: fused multiply-add, other bits on other machines').choices([
        'reproducible',
        'fast',
      ]),
    );
}

/** A parser of whole numbers in a range, for commander. */
export function integer(name: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text.trim()) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Expected an integer in [${least}, ${most}] for ${name} but received "${text}".`);
  };
}

/** A comma-separated list, for commander. */
export function list(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/**
 * Collects `--param name=value` options, for commander: the name in snake_case or camelCase, the value as JSON where it is
 * that (0.05, null, true, '{"price": -1}'), else a text.
 */
export function parameter(text: string, others: Record<string, ParameterValue> = {}): Record<string, ParameterValue> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError(`Expected name=value for --param but received "${text}".`);
  return { ...others, [camelCase(text.slice(0, at).trim())]: parsed(text.slice(at + 1).trim()) };
}

function parsed(text: string): ParameterValue {
  try {
    return JSON.parse(text) as ParameterValue;
  } catch {
    if (/^[[{]/.test(text)) throw new InvalidArgumentError(`Expected JSON for --param but received "${text}".`);
    return text;
  }
}

/** The engine that the options ask for; where only the slow reference can be had, people are told why. */
export async function engineOf({ backend, threads, numerics }: CommonOptions, shell: Shell): Promise<Engine> {
  const engine = await createEngine({ backend: backend ?? 'auto', threads, numerics });
  if (backend !== 'reference') noteSlowPath(engine.describe(), shell);
  return engine;
}

/** Reads a file for a command; rows that are left out and columns that are renamed are told on standard error. */
export async function readData(path: string, options: DataOptions, shell: Shell): Promise<Collected> {
  const collected = await openData(path, { ...options, signal: shell.signal });
  for (const note of readingNotes(collected)) shell.note(`note: ${note}`);
  return collected;
}

export function noteSlowPath({ backend, passedOver }: EngineDescription, shell: Shell): void {
  if (backend !== 'reference') return;
  const why = passedOver.map((other) => `${other.what}: ${other.why}`).join('; ');
  shell.note(`note: the TypeScript reference computes, which is slow. ${why}`);
}

export { Command, Option };
