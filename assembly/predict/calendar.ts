// Parts of UTC timestamps in the f64 arithmetic of src/scoring/calendar.ts, step by step, so that NaN and infinities
// take the same way. Parts are numbered as in src/scoring/layout.ts.
const MS_PER_DAY: f64 = 86400000;
const YEAR: i32 = 0;
const QUARTER: i32 = 1;
const MONTH: i32 = 2;
const DAY: i32 = 4;
const DAY_OF_YEAR: i32 = 5;
const WEEKDAY: i32 = 6;
const HOUR: i32 = 7;
const MINUTE: i32 = 8;
const SEASON: i32 = 9;
const WEEKEND: i32 = 10;

// Of the day that `civil` was last asked for.
let civilYear: f64 = 0;
let civilMonth: f64 = 0;
let civilDay: f64 = 0;

export function calendarPart(milliseconds: f64, part: i32): f64 {
  if (milliseconds != milliseconds) return NaN;
  const days = floor(milliseconds / MS_PER_DAY);
  const withinDay = milliseconds - days * MS_PER_DAY;
  if (part == HOUR) return floor(withinDay / 3600000);
  if (part == MINUTE) return floor(withinDay / 60000) % 60;
  const weekday = modulo(days + 3, 7);
  if (part == WEEKDAY) return weekday;
  if (part == WEEKEND) return weekday >= 5 ? 1 : 0;
  civil(days);
  if (part == YEAR) return civilYear;
  if (part == QUARTER) return floor((civilMonth + 2) / 3);
  if (part == MONTH) return civilMonth;
  if (part == DAY) return civilDay;
  if (part == SEASON) return floor((civilMonth % 12) / 3);
  if (part == DAY_OF_YEAR) return days - daysFromCivil(civilYear, 1, 1) + 1;
  return isoWeek(days, weekday);
}

function daysFromCivil(year: f64, month: f64, day: f64): f64 {
  const y = month <= 2 ? year - 1 : year;
  const era = floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = floor((153 * (month + (month > 2 ? -3.0 : 9.0)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + floor(yearOfEra / 4) - floor(yearOfEra / 100) + dayOfYear;
  return era * 146097 + dayOfEra - 719468;
}

function civil(days: f64): void {
  const shifted = days + 719468;
  const era = floor(shifted / 146097);
  const dayOfEra = shifted - era * 146097;
  const yearOfEra = floor(
    (dayOfEra - floor(dayOfEra / 1460) + floor(dayOfEra / 36524) - floor(dayOfEra / 146096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + floor(yearOfEra / 4) - floor(yearOfEra / 100));
  const shiftedMonth = floor((5 * dayOfYear + 2) / 153);
  civilDay = dayOfYear - floor((153 * shiftedMonth + 2) / 5) + 1;
  civilMonth = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  civilYear = yearOfEra + era * 400 + (civilMonth <= 2 ? 1.0 : 0.0);
}

function isoWeek(days: f64, weekday: f64): f64 {
  const thursday = days - weekday + 3;
  civil(thursday);
  return floor((thursday - daysFromCivil(civilYear, 1, 1)) / 7) + 1;
}

function modulo(a: f64, b: f64): f64 {
  return a - b * floor(a / b);
}
