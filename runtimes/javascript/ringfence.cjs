// Gives a program's results to whoever asked for them, typed: the twin of the module of this name for Python.
//
//   const { show, chart, save } = require('ringfence');
//   show(total, 'Total sales', 'EUR');
//   chart('bar', rows, 'region', 'amount', 'Sales by region');
//   save(rows, 'sales.csv');
//
// What is given is also printed, so that it is seen by whoever reads the output only. It is noted in a file of its own
// among the outputs, one JSON text a line; whoever reads that holds every bound below again, for any program may
// write the file. A chart is noted as data: there is nothing here that draws.
'use strict';

const fs = require('node:fs');
const path = require('node:path');

/** Where a run's files are, and the file of them that is taken for its results. `results.rs` has the same name. */
const WORK = '/work';
const RESULTS = '.ringfence-results.jsonl';

/** Most of each that is noted; `results.rs` has the same numbers. */
const RESULTS_MAX = 50;
const ROWS_MAX = 1000;
const COLUMNS_MAX = 200;
const CELL_BYTES_MAX = 4 * 1024;
const TEXT_BYTES_MAX = 16 * 1024;
const NAME_BYTES_MAX = 1000;
const POINTS_MAX = 2000;
const SERIES_MAX = 50;
const ALL_BYTES_MAX = 1024 * 1024;

/** What of a table is printed, in rows and characters. */
const PRINTED_ROWS_MAX = 100;
const PRINTED_CELL_MAX = 60;

const CHARTS = ['line', 'bar', 'scatter', 'pie', 'histogram', 'box'];
const FIVE_NUMBERS = ['minimum', 'lower quartile', 'median', 'upper quartile', 'maximum'];

/** What a spreadsheet program takes for a formula, and what begins so and is a number. */
const FORMULA = /^[=+\-@\t\r]/;
const NUMBER = /^[+-]?\d+(?:\.\d+)?$/;

const noted = { results: 0, bytes: 0, told: false };

/** Gives a value: a number, a text, a boolean, a Date, or a table: rows, columns, or a list. */
function show(value, label, unit) {
  const result = described(value, label, unit);
  console.log(printed(result));
  note(result);
}

/** Gives a chart of rows or columns: `x` a column, `y` one or several; without them all numbers over what is none. */
function chart(kind, data, x, y, title) {
  if (!CHARTS.includes(kind)) {
    throw new RangeError(`a chart is one of ${CHARTS.join(', ')}, not ${JSON.stringify(kind)}`);
  }
  const columns = new Map(columnsOf(data).columns.map(([name, values]) => [name, values.map((value) => plain(value))]));
  const numeric = (name) => columns.get(name).every(([, is]) => is === null || is === 'number' || is === 'integer');
  const known = (name) => {
    if (!columns.has(String(name))) {
      throw new RangeError(`there is no column ${JSON.stringify(name)}, there are: ${[...columns.keys()].join(', ')}`);
    }
    return String(name);
  };
  const names = [...columns.keys()];
  const spread = kind === 'histogram' || kind === 'box';
  let up = y === undefined ? [] : [y].flat().map(known);
  const across = x !== undefined && x !== null ? known(x) : spread ? undefined : names.find((name) => !up.includes(name) && !numeric(name));
  up = up.length > 0 ? up : names.filter((name) => name !== across && numeric(name));
  if (up.length === 0 || !up.every(numeric)) {
    throw new RangeError(`a chart needs columns of numbers, there are: ${names.join(', ')}`);
  }
  const series = up.slice(0, SERIES_MAX).map((name) => [name, columns.get(name).map(([value]) => value)]);
  const result = { type: 'chart', label: nameOf(title), ...chartData(kind, across, columns.get(across), series) };
  console.log(`${title ?? kind}: ${series.map(([name]) => name).join(', ')}${across ? ` by ${across}` : ''}`);
  note(result);
}

/** Writes rows or columns as a CSV file; text that a spreadsheet program would take for a formula is made harmless. */
function save(data, name) {
  const file = path.posix.normalize(String(name)).replace(/^\/work\//, '');
  if (!/\.(?:csv|tsv)$/i.test(file) || path.isAbsolute(file) || file.startsWith('..')) {
    throw new RangeError(`a table is saved as .csv or .tsv below ${WORK}, not as ${JSON.stringify(name)}`);
  }
  const { columns, total } = columnsOf(data);
  const delimiter = /\.tsv$/i.test(file) ? '\t' : ',';
  const cell = (value) => {
    const [text, kind] = plain(value, Infinity);
    const safe = kind === 'text' && FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : String(text ?? '');
    return /["\r\n\t]/.test(safe) || safe.includes(delimiter) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const lines = [columns.map(([title]) => cell(title)).join(delimiter)];
  for (let row = 0; row < total; row++) {
    lines.push(columns.map(([, values]) => cell(values[row])).join(delimiter));
  }
  const whole = path.posix.join(WORK, file);
  fs.mkdirSync(path.dirname(whole), { recursive: true });
  fs.writeFileSync(whole, `${lines.join('\r\n')}\r\n`);
  console.log(`saved ${file} (${total} ${total === 1 ? 'row' : 'rows'})`);
  note({ type: 'file', name: file });
  return file;
}

/** A value as JSON has it, and its kind: null of what is missing, '' of what is no single value. */
function plain(value, bytesMax = CELL_BYTES_MAX) {
  switch (typeof value) {
    case 'boolean':
      return [value, 'boolean'];
    case 'number':
      return [Number.isFinite(value) ? value : null, Number.isInteger(value) ? 'integer' : 'number'];
    case 'bigint':
      return Number.isSafeInteger(Number(value)) ? [Number(value), 'integer'] : [String(value), 'text'];
    case 'string':
      return [cut(value, bytesMax), 'text'];
    case 'undefined':
      return [null, null];
    case 'object':
      if (value === null) {
        return [null, null];
      }
      if (value instanceof Date) {
        const text = Number.isNaN(value.getTime()) ? null : value.toISOString();
        return [text && text.replace(/T00:00:00\.000Z$/, '').replace(/\.000Z$/, 'Z'), text && 'date'];
      }
  }
  return [cut(textOf(value), bytesMax), ''];
}

function textOf(value) {
  try {
    return require('node:util').inspect(value, { depth: 2, breakLength: Infinity });
  } catch (error) {
    return `<a value that cannot be shown: ${error?.name}>`;
  }
}

function cut(text, bytesMax) {
  if (text.length * 3 <= bytesMax || Buffer.byteLength(text) <= bytesMax) {
    return text;
  }
  return `${Buffer.from(text.slice(0, bytesMax)).subarray(0, bytesMax - 3).toString().replace(/\uFFFD$/, '')}…`;
}

function nameOf(value) {
  return value === undefined || value === null ? undefined : cut(String(value), NAME_BYTES_MAX);
}

function isList(value) {
  return Array.isArray(value) || ArrayBuffer.isView(value) || value instanceof Set;
}

/** A table as columns, each a name and its values; and how many rows it has. */
function columnsOf(value) {
  if (value instanceof Map) {
    value = Object.fromEntries(value);
  }
  if (!isList(value)) {
    const entries = Object.entries(value ?? {});
    if (entries.length > 0 && entries.every(([, values]) => isList(values))) {
      const columns = entries.map(([name, values]) => [name, [...values]]);
      return { columns, total: Math.max(...columns.map(([, values]) => values.length)) };
    }
    return { columns: [['name', entries.map(([name]) => name)], ['value', entries.map(([, one]) => one)]], total: entries.length };
  }
  const rows = [...value];
  const isRow = (row) => typeof row === 'object' && row !== null && !isList(row) && !(row instanceof Date);
  if (rows.length > 0 && rows.every(isRow)) {
    const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    return { columns: names.map((name) => [name, rows.map((row) => row[name])]), total: rows.length };
  }
  if (rows.length > 0 && rows.every(isList)) {
    const wide = rows.reduce((most, row) => Math.max(most, [...row].length), 0);
    return { columns: Array.from({ length: wide }, (_, at) => [String(at + 1), rows.map((row) => [...row][at])]), total: rows.length };
  }
  return { columns: [['value', rows]], total: rows.length };
}

function described(value, label, unit) {
  const [single, kind] = plain(value, TEXT_BYTES_MAX);
  label = nameOf(label);
  if (kind === '' && typeof value === 'object') {
    return tableOf(value, label, unit);
  }
  if (kind === 'integer' || kind === 'number') {
    return { type: 'number', value: single, label, unit: nameOf(unit) };
  }
  return { type: kind === 'boolean' || kind === 'date' ? kind : 'text', value: single, label };
}

function tableOf(value, label, unit) {
  const { columns, total } = columnsOf(value);
  const cells = columns.slice(0, COLUMNS_MAX).map(([, values]) => Array.from({ length: Math.min(total, ROWS_MAX) }, (_, row) => plain(values[row])));
  const described = cells.map((column, at) => {
    const name = cut(columns[at][0], NAME_BYTES_MAX);
    const kind = kindOf(new Set(column.map(([, is]) => is)));
    const of = typeof unit === 'object' ? unit?.[name] : kind === 'integer' || kind === 'number' ? unit : undefined;
    return { name, kind, unit: nameOf(of) };
  });
  const rows = Array.from({ length: Math.min(total, ROWS_MAX) }, (_, row) => cells.map((column) => column[row][0]));
  return { type: 'table', label, columns: described, rows, totalRows: total, truncated: rows.length < total };
}

function kindOf(kinds) {
  kinds.delete(null);
  if (kinds.size === 2 && kinds.has('integer') && kinds.has('number')) {
    return 'number';
  }
  return kinds.size > 1 ? 'mixed' : [...kinds][0] || 'text';
}

function chartData(kind, across, places, series) {
  if (kind === 'box') {
    const five = series.map(([, values]) => fiveNumbers(values));
    return sampled(kind, across ?? '', series.map(([name]) => name), FIVE_NUMBERS.map((what, at) => [what, five.map((of) => of[at])]));
  }
  if (kind === 'histogram') {
    const { starts, counts } = binned(series.map(([, values]) => values));
    return sampled(kind, across ?? series[0][0], starts, series.map(([name], at) => [name, counts[at]]));
  }
  const length = Math.max(...series.map(([, values]) => values.length));
  return sampled(kind, across ?? '', places?.map(([value]) => value) ?? Array.from({ length }, (_, at) => at + 1), series);
}

/** Of many points as many as there is room for, evenly. */
function sampled(kind, name, across, series) {
  const points = Math.max(1, Math.floor(POINTS_MAX / Math.max(1, series.length)));
  const step = Math.max(1, across.length / points);
  const picked = Array.from({ length: Math.min(points, across.length) }, (_, at) => Math.floor(at * step));
  const of = (values) => picked.map((at) => values[at] ?? null);
  return {
    kind,
    x: { name, values: of(across) },
    series: series.map(([title, values]) => ({ name: title, values: of(values) })),
    truncated: across.length > points,
  };
}

function sorted(values) {
  return values.filter((value) => value !== null).sort((a, b) => a - b);
}

function binned(columns) {
  const known = columns.map(sorted);
  const every = sorted(known.flat());
  const [low, high] = every.length > 0 && every[0] < every.at(-1) ? [every[0], every.at(-1)] : [(every[0] ?? 0) - 0.5, (every[0] ?? 0) + 0.5];
  const number = Math.min(50, Math.max(5, Math.round(Math.sqrt(every.length))));
  const width = (high - low) / number;
  const counts = known.map((values) => {
    const count = Array(number).fill(0);
    for (const value of values) {
      count[Math.min(Math.floor((value - low) / width), number - 1)] += 1;
    }
    return count;
  });
  return { starts: Array.from({ length: number }, (_, at) => low + at * width), counts };
}

function fiveNumbers(values) {
  const known = sorted(values);
  const between = (part) => {
    const place = (known.length - 1) * part;
    const below = Math.floor(place);
    return known[below] + (known[Math.min(below + 1, known.length - 1)] - known[below]) * (place - below);
  };
  return [0, 0.25, 0.5, 0.75, 1].map((part) => (known.length > 0 ? between(part) : null));
}

function readable(value, unit) {
  if (typeof value !== 'number') {
    return value === null ? '' : typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value);
  }
  const plainYear = Number.isInteger(value) && Math.abs(value) < 10000;
  const text = plainYear ? String(value) : value.toLocaleString('en-US', { maximumFractionDigits: Math.abs(value) >= 1 ? 4 : 6 });
  return !unit ? text : unit === '%' ? `${text}%` : `${text} ${unit}`;
}

function printed(result) {
  if (result.type !== 'table') {
    const text = result.value === null ? 'no value' : readable(result.value, result.unit);
    return result.label === undefined ? text : `${result.label}: ${text}`;
  }
  const short = (text) => (text.length > PRINTED_CELL_MAX ? `${text.slice(0, PRINTED_CELL_MAX - 1)}…` : text).replace(/\s+/g, ' ');
  const grid = result.rows.slice(0, PRINTED_ROWS_MAX).map((row) => row.map((value) => short(readable(value))));
  const heads = result.columns.map(({ name, unit }) => short(unit ? `${name} (${unit})` : name));
  const widths = heads.map((head, at) => grid.reduce((most, row) => Math.max(most, row[at].length), head.length));
  const right = result.columns.map(({ kind }) => kind === 'integer' || kind === 'number');
  const line = (row) => row.map((text, at) => (right[at] ? text.padStart(widths[at]) : text.padEnd(widths[at]))).join('  ').trimEnd();
  const more = result.totalRows - grid.length;
  return [
    ...(result.label === undefined ? [] : [result.label]),
    line(heads),
    line(widths.map((width) => '-'.repeat(width))),
    ...grid.map(line),
    ...(more > 0 ? [`… ${more} more ${more === 1 ? 'row' : 'rows'}`] : []),
  ].join('\n');
}

/** Appends a result to the file of them; what has no room is told once, and left out. */
function note(result) {
  let line = Buffer.from(`${JSON.stringify(result)}\n`);
  while (noted.bytes + line.length > ALL_BYTES_MAX && (result.rows?.length ?? 0) > 1) {
    result = { ...result, rows: result.rows.slice(0, result.rows.length >> 1), truncated: true };
    line = Buffer.from(`${JSON.stringify(result)}\n`);
  }
  if (noted.results >= RESULTS_MAX || noted.bytes + line.length > ALL_BYTES_MAX) {
    if (!noted.told) {
      noted.told = true;
      console.error(`ringfence: more results than ${RESULTS_MAX}, or than ${ALL_BYTES_MAX} bytes of them, are only printed`);
    }
    return;
  }
  noted.results += 1;
  noted.bytes += line.length;
  fs.appendFileSync(path.posix.join(WORK, RESULTS), line);
}

module.exports = { show, chart, save };
