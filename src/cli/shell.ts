import { formatSeconds } from '../table/format.js';
import type { Progress } from '../table/interfaces.js';

/** What a command speaks to: results on standard output, progress on standard error, and the signal that stops it. */
export interface Shell {
  readonly signal: AbortSignal;
  /** A line of the result. */
  print(line: string): void;
  /** A line for people, on standard error. */
  note(line: string): void;
  /** Shows how far long work has come: a bar that moves on a terminal, sparse lines elsewhere. */
  readonly onProgress: (progress: Progress) => void;
  /** Takes the bar away, before something else is written. */
  clear(): void;
}

const BAR_WIDTH = 24;
const FRAME_MILLISECONDS = 100;
const LINE_MILLISECONDS = 10_000;

export interface Streams {
  readonly out: NodeJS.WritableStream;
  readonly err: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
  readonly now?: () => number;
}

export function createShell(signal: AbortSignal, { out, err, now = () => performance.now() }: Streams): Shell {
  let shown = false;
  const clear = () => {
    if (shown) err.write('\r\x1b[2K');
    shown = false;
  };
  const meter = new Meter(now);
  return {
    signal,
    clear,
    print: (line) => {
      clear();
      out.write(`${line}\n`);
    },
    note: (line) => {
      clear();
      err.write(`${line}\n`);
    },
    onProgress: (progress) => {
      const text = meter.next(progress, err.isTTY ? FRAME_MILLISECONDS : LINE_MILLISECONDS);
      if (text === undefined) return;
      if (err.isTTY) err.write(`\r\x1b[2K${text.slice(0, (err.columns ?? 80) - 1)}`);
      else err.write(`  ${text}\n`);
      shown = err.isTTY === true;
    },
  };
}

/** Turns progress into lines, no oftener than asked, with an estimate of what is left. */
class Meter {
  readonly #now: () => number;
  #what = '';
  #begin = 0;
  #doneAtBegin = 0;
  #last = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  next({ what, done, total, metrics }: Progress, pause: number): string | undefined {
    const now = this.#now();
    if (what !== this.#what || done < this.#doneAtBegin) {
      [this.#what, this.#begin, this.#doneAtBegin, this.#last] = [what, now, done, now];
      return undefined;
    }
    if (now - this.#last < pause) return undefined;
    this.#last = now;
    const share = total > 0 ? Math.min(1, done / total) : 0;
    const filled = Math.round(share * BAR_WIDTH);
    const bar = `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}`;
    const figures = Object.entries(metrics ?? {})
      .slice(0, 2)
      .map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`);
    return [`${bar} ${what} ${done} of ${total}`, this.#left(now, done, total), ...figures].filter(Boolean).join(', ');
  }

  #left(now: number, done: number, total: number): string {
    const fresh = done - this.#doneAtBegin;
    if (fresh <= 0 || done >= total) return '';
    return `about ${formatSeconds(((now - this.#begin) / fresh / 1000) * (total - done))} left`;
  }
}
