import { expect, test } from 'vitest';
import { encodeValue } from '#lanewise/scoring/rows.js';
import { parseTimestamp } from '#lanewise/scoring/timestamp.js';

const encoded = (value: unknown) => encodeValue({ name: 'when', type: 'timestamp' }, value, undefined);

test('a timestamp in a row means what it means in a file', () => {
  const noon = Date.UTC(2019, 2, 5, 12);
  for (const text of [
    '2019-03-05 12:00',
    '2019-03-05T12:00:00Z',
    '2019-03-05t14:00:00.000+02:00',
    ' 2019-03-05T12:00z ',
  ]) {
    expect(encoded(text), text).toBe(noon);
    expect(parseTimestamp(text.trim().toUpperCase()), text).toBe(noon);
  }
  expect([encoded(new Date(noon)), encoded(noon), encoded(BigInt(noon))]).toEqual([noon, noon, noon]);
  expect(encoded(null)).toBeNaN();
});

test('what is no ISO 8601 moment is refused, whatever the time zone of the machine would make of it', () => {
  for (const text of ['2019-02-30T00:00Z', 'March 5, 2019', '5/3/2019', '2019-03-05 25:00', 'soon', '']) {
    expect(() => encoded(text), text).toThrow(/Expected a timestamp \(ISO 8601\) for column "when"/);
  }
});
