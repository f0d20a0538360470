import type { Table } from 'apache-arrow';
import { LanewiseError } from '../errors.js';
import { groupName, holdOut, latestHoldOut, rowsInRange } from '../evaluate/index.js';
import { takeRows } from '../table/columns.js';
import { columnInfo } from '../table/schema.js';
import type { Workflow } from './workflow-file.js';

/** The rows to learn from, to test on, and the "live" ones that came later; indices into the table, ascending. */
export interface Split {
  readonly train: Uint32Array;
  readonly test: Uint32Array;
  readonly live: Uint32Array;
  /** How they were told apart, in words. */
  readonly description: string;
}

/**
 * Splits by the workflow's `time` and `split`. Days are whole and included; a share is the latest rows where there is a
 * time column (for `live`), else rows drawn at random.
 * @throws LanewiseError where a part would be empty or days are given without a time column.
 */
export function splitRows(table: Table, workflow: Workflow): Split {
  const { time, split, seed } = workflow;
  const days = [split.train, split.test, split.live].some((part) => typeof part === 'string');
  if (days && time === undefined) {
    throw new LanewiseError('usage', 'Expected a time column for a split by days but received none', {
      file: workflow.file,
      hint: 'Name the column in the workflow file, as in time: pickup',
    });
  }
  if (time !== undefined) requireTimestamp(table, time);
  const rest = new Part(
    table,
    Uint32Array.from({ length: table.numRows }, (_, row) => row),
    seed,
  );
  const parts = days ? splitByDays(rest, workflow) : splitByShares(rest, workflow);
  for (const [name, rows] of Object.entries(parts)) {
    if (rows.length === 0) throw new LanewiseError('data', `Expected rows in the ${name} part but it has none`);
  }
  return { ...parts, description: describe(workflow) };
}

type Parts = Omit<Split, 'description'>;

function splitByDays(all: Part, { time, split }: Workflow): Parts {
  const lastTrain = split.train ?? split.test;
  if (typeof lastTrain !== 'string') {
    throw new LanewiseError('usage', 'Expected the last day to learn from in split.train but received none');
  }
  const before = all.inRange(time!, { to: lastTrain });
  const dayAfter = (day: string) => new Date(Date.parse(`${day}T00:00Z`) + 86_400_000);
  const [train, test] =
    typeof split.test === 'string' && split.train !== undefined
      ? [before, all.inRange(time!, { from: dayAfter(split.train), to: split.test })]
      : before.drawn(typeof split.test === 'number' ? split.test : 0.2);
  const lastSeen = typeof split.test === 'string' ? split.test : lastTrain;
  const live = all.inRange(time!, {
    from: dayAfter(lastSeen),
    ...(typeof split.live === 'string' && { to: split.live }),
  });
  return { train: train.rows, test: test.rows, live: live.rows };
}

function splitByShares(all: Part, { time, split }: Workflow): Parts {
  const [seen, live] = time === undefined ? all.drawn(split.live as number) : all.latest(time, split.live as number);
  // The share of the whole that tests is a larger share of what the live rows leave.
  const share = Math.min(0.9, (split.test as number) / (1 - (split.live as number)));
  const [train, test] = time === undefined ? seen.drawn(share) : seen.latest(time, share);
  return { train: train.rows, test: test.rows, live: live.rows };
}

/** Some rows of a table, which can be split further; `rows` are always indices into the whole. */
class Part {
  readonly rows: Uint32Array;
  readonly #whole: Table;
  readonly #seed: number;

  constructor(whole: Table, rows: Uint32Array, seed: number) {
    this.#whole = whole;
    this.rows = rows;
    this.#seed = seed;
  }

  get #table(): Table {
    return this.rows.length === this.#whole.numRows ? this.#whole : takeRows(this.#whole, this.rows);
  }

  #of(local: Uint32Array): Part {
    return new Part(
      this.#whole,
      local.map((row) => this.rows[row]!),
      this.#seed,
    );
  }

  inRange(time: string, range: { from?: Date; to?: string }): Part {
    return this.#of(rowsInRange(this.#table, time, range));
  }

  drawn(testFraction: number): [Part, Part] {
    const { train, test } = holdOut({ testFraction, group: groupName(this.#table) }).split(this.#table, {
      seed: this.#seed,
    })[0]!;
    return [this.#of(train), this.#of(test)];
  }

  latest(time: string, testFraction: number): [Part, Part] {
    const { train, test } = latestHoldOut({ time, testFraction }).split(this.#table, { seed: this.#seed })[0]!;
    return [this.#of(train), this.#of(test)];
  }
}

function requireTimestamp(table: Table, time: string): void {
  const { kind } = columnInfo(table, time);
  if (kind === 'timestamp') return;
  throw new LanewiseError('data', `Expected timestamps in the time column "${time}" but it is ${kind}`, {
    column: time,
    hint: 'Timestamps are read from ISO 8601 text, such as 2019-03-17 08:15:00.',
  });
}

function describe({ time, split }: Workflow): string {
  const part = (value: string | number) => (typeof value === 'string' ? `to ${value}` : `${Math.round(value * 100)} %`);
  const how = time === undefined ? 'at random' : `by ${time}`;
  const train = split.train === undefined ? '' : `train to ${split.train}, `;
  return `${how}: ${train}test ${part(split.test)}, live ${part(split.live)}`;
}
