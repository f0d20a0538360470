import { Command, InvalidArgumentError, Option } from 'commander';
import { createEngine, type Engine } from '../engine/engine.js';
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

export function engineOf({ backend, threads }: CommonOptions): Promise<Engine> {
  return createEngine({ backend: backend ?? 'auto', threads });
}

export { Command, Option };
