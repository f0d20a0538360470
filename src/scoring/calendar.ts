import type { CalendarPart } from './program.js';

export const MS_PER_DAY = 86_400_000;

/**
 * A part of a UTC timestamp in milliseconds, by integer arithmetic alone, so that every runtime gives the same.
 * Civil-from-days after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". NaN gives NaN.
 */
export function calendarPart(milliseconds: number, part: CalendarPart): number {
  if (Number.isNaN(milliseconds)) return Number.NaN;
  const days = Math.floor(milliseconds / MS_PER_DAY);
  const withinDay = milliseconds - days * MS_PER_DAY;
  if (part === 'hour') return Math.floor(withinDay / 3_600_000);
  if (part === 'minute') return Math.floor(withinDay / 60_000) % 60;
  const weekday = modulo(days + 3, 7); // 1970-01-01 was a Thursday
  if (part === 'weekday') return weekday;
  if (part === 'weekend') return weekday >= 5 ? 1 : 0;
  const { year, month, day } = civil(days);
  if (part === 'year') return year;
  if (part === 'quarter') return Math.floor((month + 2) / 3);
  if (part === 'month') return month;
  if (part === 'day') return day;
  if (part === 'season') return Math.floor((month % 12) / 3);
  if (part === 'dayOfYear') return days - daysFromCivil(year, 1, 1) + 1;
  return isoWeek(days, weekday);
}

/** Days since 1970-01-01 of a date in the proleptic Gregorian calendar. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function civil(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

function isoWeek(days: number, weekday: number): number {
  const thursday = days - weekday + 3;
  return Math.floor((thursday - daysFromCivil(civil(thursday).year, 1, 1)) / 7) + 1;
}

function modulo(a: number, b: number): number {
  return a - b * Math.floor(a / b);
}
