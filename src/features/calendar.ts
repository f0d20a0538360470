import { defineParameters } from '../parameters.js';
import type { ProgramBuilder } from '../scoring/builder.js';
import type { CalendarPart } from '../scoring/program.js';
import type { Repair } from '../table/interfaces.js';
import { columnInfo } from '../table/schema.js';
import { defineTransformer, freeName } from '../table/transformer.js';

/** Parts that come round again, with the length of the round. */
const periods: Partial<Record<CalendarPart, number>> = {
  hour: 24,
  minute: 60,
  weekday: 7,
  month: 12,
  season: 4,
  day: 31,
  week: 53,
  dayOfYear: 366,
  quarter: 4,
};

const flag = (meaning: string, fallback: boolean) => ({ type: 'boolean' as const, default: fallback, meaning });

const parameters = defineParameters({
  year: flag('the year', false),
  quarter: flag('1 … 4', false),
  month: flag('1 … 12', true),
  week: flag('ISO week, 1 … 53', false),
  day: flag('day of the month, 1 … 31', false),
  dayOfYear: flag('1 … 366', false),
  weekday: flag('0 = Monday … 6 = Sunday', true),
  weekend: flag('1 on Saturday and Sunday', false),
  hour: flag('0 … 23', true),
  minute: flag('0 … 59', false),
  season: flag('northern meteorological: 0 = winter … 3 = autumn', true),
  cyclic: flag('adds sine and cosine of each part that comes round, so that 23 h lies next to 0 h', true),
  keep: flag('keeps the timestamp itself beside its parts', false),
});

/** Timestamps become their parts, in UTC: pickup gives pickup_hour, pickup_hour_sin, pickup_hour_cos, … */
export const calendar = defineTransformer({
  name: 'calendar',
  meaning: 'timestamps become hour, weekday, month, season and their cyclic pairs',
  declarations: parameters,
  fit(table, { columns }, { cyclic, keep, ...flags }) {
    const names = columns.filter((name) => columnInfo(table, name).kind === 'timestamp');
    const parts = (Object.keys(flags) as (keyof typeof flags)[]).filter((part) => flags[part]);
    const detail = `${parts.join(', ')}${cyclic ? ', with their sines and cosines' : ''}`;
    return {
      lower(builder) {
        for (const name of names) {
          for (const part of parts) addPart(builder, name, part, cyclic);
          if (!keep) builder.drop(name);
        }
      },
      report: names.map((column): Repair => ({ what: 'split into parts', column, rows: table.numRows, detail })),
    };
  },
});

function addPart(builder: ProgramBuilder, name: string, part: CalendarPart, cyclic: boolean): void {
  const register = builder.add({ op: 'calendar', in: builder.columns.get(name)!.register, part });
  builder.define({ name: freeName(builder, `${name}_${part}`), register, type: 'number' });
  const period = periods[part];
  if (!cyclic || period === undefined) return;
  for (const wave of ['sin', 'cos'] as const) {
    const out = builder.add({ op: 'wave', in: register, wave, period });
    builder.define({ name: freeName(builder, `${name}_${part}_${wave}`), register: out, type: 'number' });
  }
}
