// Prints a typed table with alignments, a footer and conditional marks.
type Align = "left" | "right";

interface Column<T> {
  readonly title: string;
  readonly align?: Align;
  readonly cell: (row: T) => string;
  readonly footer?: (rows: readonly T[]) => string;
}

function table<T>(rows: readonly T[], columns: readonly Column<T>[]): string {
  const body = rows.map((row) => columns.map((c) => c.cell(row)));
  const footer = columns.map((c) => c.footer?.(rows) ?? "");
  const head = columns.map((c) => c.title);
  const widths = columns.map((_, i) => Math.max(...[head, ...body, footer].map((cells) => cells[i].length)));
  const line = (cells: string[]): string =>
    cells.map((cell, i) => (columns[i].align === "right" ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join(" | ").trimEnd();
  const rule = widths.map((w) => "-".repeat(w)).join("-+-");
  return [line(head), rule, ...body.map(line), rule, line(footer)].join("\n");
}

interface Shift {
  person: string;
  hours: number;
  wage: number;
}

const euros = (n: number): string => n.toFixed(2);
const sum = <T>(rows: readonly T[], value: (row: T) => number): number => rows.reduce((total, row) => total + value(row), 0);

let x: number = __SEED__;
const next = (n: number): number => (x = (x * 48271) % 2147483647) % n;
const shifts: Shift[] = ["Ada", "Bo", "Charlotte", "Dev", "Emil", "Farah", "Gus"].map((person) => ({
  person,
  hours: 10 + next(35),
  wage: 13 + next(900) / 100,
}));

const columns: Column<Shift>[] = [
  { title: "Person", cell: (s) => s.person, footer: (rows) => `${rows.length} people` },
  { title: "Hours", align: "right", cell: (s) => String(s.hours), footer: (rows) => String(sum(rows, (s) => s.hours)) },
  { title: "Wage", align: "right", cell: (s) => euros(s.wage) },
  { title: "Pay", align: "right", cell: (s) => euros(s.hours * s.wage), footer: (rows) => euros(sum(rows, (s) => s.hours * s.wage)) },
  { title: "", cell: (s) => (s.hours > 38 ? "overtime" : "") },
];
console.log(table([...shifts].sort((a, b) => b.hours * b.wage - a.hours * a.wage), columns));
