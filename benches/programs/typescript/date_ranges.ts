// Merges overlapping bookings of rooms and finds the longest free stretch of each.
interface DateRange {
  readonly start: Date;
  readonly end: Date;
}

type Room = "Red" | "Green" | "Blue";

const DAY = 24 * 60 * 60 * 1000;
const days = ({ start, end }: DateRange): number => Math.round((end.getTime() - start.getTime()) / DAY);
const iso = (date: Date): string => date.toISOString().slice(5, 10);
const show = (range: DateRange): string => `${iso(range.start)}..${iso(range.end)}`;

function merge(ranges: readonly DateRange[]): DateRange[] {
  const sorted = [...ranges].sort((a, b) => a.start.getTime() - b.start.getTime());
  return sorted.reduce<DateRange[]>((merged, range) => {
    const last = merged.at(-1);
    if (last && range.start <= last.end) {
      merged[merged.length - 1] = { start: last.start, end: range.end > last.end ? range.end : last.end };
    } else merged.push(range);
    return merged;
  }, []);
}

function gaps(whole: DateRange, taken: readonly DateRange[]): DateRange[] {
  const edges = [whole.start, ...taken.flatMap((r) => [r.start, r.end]), whole.end];
  const result: DateRange[] = [];
  for (let i = 0; i < edges.length; i += 2) if (edges[i] < edges[i + 1]) result.push({ start: edges[i], end: edges[i + 1] });
  return result;
}

let x: number = __SEED__;
const next = (n: number): number => (x = (x * 16807) % 2147483647) % n;
const year: DateRange = { start: new Date(Date.UTC(2024, 0, 1)), end: new Date(Date.UTC(2025, 0, 1)) };
const bookings: Record<Room, DateRange[]> = { Red: [], Green: [], Blue: [] };
for (const room of Object.keys(bookings) as Room[]) {
  for (let i = 0; i < 14; i++) {
    const start = year.start.getTime() + next(330) * DAY;
    bookings[room].push({ start: new Date(start), end: new Date(start + (1 + next(30)) * DAY) });
  }
}

for (const [room, list] of Object.entries(bookings)) {
  const merged = merge(list);
  const free = gaps(year, merged).sort((a, b) => days(b) - days(a));
  console.log(`${room}: ${list.length} bookings, ${merged.length} blocks, ${merged.reduce((n, r) => n + days(r), 0)} days taken`);
  console.log(`  first ${merged.slice(0, 3).map(show).join(" ")}`);
  if (free.length > 0) console.log(`  longest free ${show(free[0])}, ${days(free[0])} days`);
}
