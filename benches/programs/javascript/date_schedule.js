// Plans monthly payments on the last working day and counts the days between.
'use strict';

const SEED = __SEED__;
const DAY = 86400000;
const names = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

function lastWorkingDay(year, month) {
  const day = new Date(Date.UTC(year, month + 1, 0));
  while (day.getUTCDay() === 0 || day.getUTCDay() === 6) day.setUTCDate(day.getUTCDate() - 1);
  return day;
}

function isoWeek(date) {
  const thursday = new Date(date.getTime() + (4 - (date.getUTCDay() || 7)) * DAY);
  const start = Date.UTC(thursday.getUTCFullYear(), 0, 1);
  return Math.floor((thursday.getTime() - start) / DAY / 7) + 1;
}

const firstYear = 2015 + SEED;
const firstMonth = (SEED * 5) % 12;
let previous = null;
let longest = 0;
for (let i = 0; i < 14; i++) {
  const day = lastWorkingDay(firstYear + Math.floor((firstMonth + i) / 12), (firstMonth + i) % 12);
  const gap = previous ? Math.round((day - previous) / DAY) : 0;
  longest = Math.max(longest, gap);
  console.log(`${day.toISOString().slice(0, 10)} ${names[day.getUTCDay()]} week ${String(isoWeek(day)).padStart(2)}${gap ? ` +${gap} days` : ''}`);
  previous = day;
}
console.log(`longest gap: ${longest} days`);
