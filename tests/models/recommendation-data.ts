import type { Table } from 'apache-arrow';
import { tableFromRegisters } from '#lanewise/table/columns.js';

/**
 * 40 users (`who`, numbers) of two tastes: those of even number meet items 0 to 11, the others 12 to 23, two in three of them, in
 * an order of their own (`when`); one item, 24, is met by everybody. `stars` are 1 to 5.
 */
export function twoTastes(): Table {
  const rows: number[][] = [];
  for (let user = 0; user < 40; user++) {
    for (let i = 0; i < 12; i++) {
      if ((user + 2 * i) % 3 === 0) continue;
      const item = (user % 2) * 12 + i;
      rows.push([user, item, (item * 7 + user * 5) % 13, 1 + ((user * 3 + item * 5) % 5)]);
    }
    rows.push([user, 24, 0, 3]);
  }
  const column = (name: string, at: number) => {
    return { name, type: 'number' as const, values: Float64Array.from(rows, (row) => row[at]!) };
  };
  return tableFromRegisters([column('who', 0), column('what', 1), column('when', 2), column('stars', 3)]);
}
