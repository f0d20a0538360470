import { CommanderError } from 'commander';
import { type ErrorCode, LanewiseError, nearest } from '../errors.js';

/** Exit codes, as the README promises them. */
export const EXIT = { done: 0, failed: 1, usage: 2, gate: 3, interrupted: 130 } as const;

const exitCodes: Partial<Record<ErrorCode, number>> = {
  usage: EXIT.usage,
  gate: EXIT.gate,
  cancelled: EXIT.interrupted,
};

export interface Failure {
  readonly text: string;
  readonly exitCode: number;
}

/**
 * An error as the command line tells it: a paragraph that says what is wrong, one that says how to mend it, no stack.
 * With LANEWISE_DEBUG=1 the stack follows.
 */
export function describeFailure(error: unknown, debug: boolean, usage?: string): Failure {
  const { message, hint, exitCode } = explain(error, usage);
  const stack = debug && error instanceof Error ? `\n\n${stackOf(error)}` : '';
  return { text: `error: ${oneParagraph(message)}${hint ? `\nhint: ${oneParagraph(hint)}` : ''}${stack}`, exitCode };
}

function explain(error: unknown, usage?: string): { message: string; hint?: string; exitCode: number } {
  if (error instanceof LanewiseError) {
    return { message: placed(error), hint: error.hint, exitCode: exitCodes[error.code] ?? EXIT.failed };
  }
  if (error instanceof CommanderError) {
    const [message, ...rest] = error.message.replace(/^error: /, '').split('\n');
    const suggestion = rest.join(' ').replace(/^\((.*)\)$/, '$1');
    const help = usage ? `The usage is ${usage}; --help shows the options.` : 'lanewise --help lists the commands.';
    const hint = [suggestion, help].filter(Boolean).join(' ');
    return { message: message!, hint, exitCode: EXIT.usage };
  }
  if (error instanceof Error && 'syscall' in error) {
    return {
      message: error.message,
      hint: 'The system refused it: look at the path and its rights.',
      exitCode: EXIT.failed,
    };
  }
  if (error instanceof Error) {
    const hint =
      'This is a defect of Lanewise, or of the machine it runs on. LANEWISE_DEBUG=1 shows where it happened.';
    return { message: error.message || error.name, hint, exitCode: EXIT.failed };
  }
  return { message: String(error), exitCode: EXIT.failed };
}

/** The message with file, line and column in front, where it does not name them already. */
function placed({ message, place }: LanewiseError): string {
  const { file, line, column } = place;
  if (!file || message.includes(file)) return message;
  const at = line === undefined ? '' : `:${line}${typeof column === 'number' ? `:${column}` : ''}`;
  return `${file}${at}: ${message}`;
}

function oneParagraph(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ').trim();
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}

/** @throws LanewiseError `usage` with the nearest command. */
export function unknownCommand(name: string, commands: readonly string[]): LanewiseError {
  const near = nearest(name, commands);
  return new LanewiseError('usage', `Unknown command "${name}"${near ? `: did you mean "${near}"?` : ''}`, {
    hint: `The commands are: ${commands.join(', ')}`,
  });
}
