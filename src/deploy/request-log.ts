import { createWriteStream } from 'node:fs';

/** What was asked and what was answered for one row, as JSON has it. */
export interface LoggedRow {
  readonly inputs: object;
  readonly outputs: object;
}

/** Requests and their answers, a JSON line a row, so that labels which come later can be joined to them. */
export interface RequestLog {
  append(requestId: string, rowCount: number, lineOf: (row: number) => LoggedRow): void;
  close(): Promise<void>;
}

/** Appends to `file`; undefined keeps nothing. The log holds the rows themselves: it is off unless asked for. */
export function openRequestLog(file: string | undefined): RequestLog {
  if (file === undefined) return { append: () => {}, close: async () => {} };
  const stream = createWriteStream(file, { flags: 'a' });
  let failure: Error | undefined;
  stream.on('error', (error) => {
    failure = error;
  });
  return {
    append(requestId, rowCount, lineOf) {
      if (failure) throw failure;
      const time = new Date().toISOString();
      for (let row = 0; row < rowCount; row++)
        stream.write(`${JSON.stringify({ time, requestId, row, ...lineOf(row) })}\n`);
    },
    close: () => new Promise((resolve) => stream.end(() => resolve())),
  };
}
