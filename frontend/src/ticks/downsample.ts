/**
 * A window of ticks as few points that draw the same lines.
 *
 * For every pixel column the first, the lowest, the highest and the last tick are kept, of each line
 * (M4: Jugel et al., "M4: A Visualization-Oriented Time Series Data Aggregation", VLDB 2014): what
 * is drawn between them covers the same pixels as all ticks would.
 */

/** First, lowest, highest and last. */
const KEPT = 4;

export interface Ticks {
  /** Ascending. */
  readonly times: Float64Array;
  /** Values to each time. */
  readonly columns: readonly Float64Array[];
  readonly rows: number;
}

export interface View {
  times: Float64Array;
  columns: Float64Array[];
  /** Ticks in the window, its ends included. */
  inside: number;
}

/** How many times lie before a moment; with `through`, up to and with it. */
export function place(times: Float64Array, rows: number, moment: number, through = false): number {
  let [low, high] = [0, rows];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const time = times[middle] as number;
    if (time < moment || (through && time === moment)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The ticks from `from` to `to`, and one to either side, so that lines reach the edges.
 *
 * `lines` names the columns whose extremes are kept; other columns are carried along.
 */
export function downsample(
  ticks: Ticks,
  from: number,
  to: number,
  pixels: number,
  lines: readonly number[],
): View {
  const { times, columns, rows } = ticks;
  const first = place(times, rows, from);
  const last = place(times, rows, to, true);
  const [start, end] = [Math.max(0, first - 1), Math.min(rows, last + 1)];
  const drawn = lines.map((line) => columns[line] as Float64Array);
  const most = KEPT * Math.max(1, drawn.length) * pixels;
  const inside = last - first;
  if (end - start <= most) {
    const part = (values: Float64Array) => values.slice(start, end);
    return { times: part(times), columns: columns.map(part), inside };
  }
  const kept = pick(times, drawn, start, end, from, to, pixels);
  const gather = (values: Float64Array) => Float64Array.from(kept, (row) => values[row] as number);
  return { times: gather(times), columns: columns.map(gather), inside };
}

/** Rows to keep, ascending. */
function pick(
  times: Float64Array,
  lines: readonly Float64Array[],
  start: number,
  end: number,
  from: number,
  to: number,
  pixels: number,
): Uint32Array {
  const kept = new Uint32Array((2 + 2 * lines.length) * (pixels + 2));
  let size = 0;
  const width = (to - from) / pixels;
  const some = new Uint32Array(2 + 2 * lines.length);
  for (let row = start, column = -1; row < end; column += 1) {
    // Before the first pixel and after the last there is one tick at most.
    const limit =
      column < pixels - 1 ? from + (column + 1) * width : column < pixels ? to : Infinity;
    const next = within(times, row, end, limit, column === pixels - 1);
    if (next === row) continue;
    some[0] = row;
    some[1] = next - 1;
    lines.forEach((values, line) => extremes(values, row, next, some, 2 + 2 * line));
    some.sort();
    for (const one of some) if (size === 0 || kept[size - 1] !== one) kept[size++] = one;
    row = next;
  }
  return kept.subarray(0, size);
}

/** The first row from `row` on that lies at `limit` or after it; with `through`, after it. */
function within(times: Float64Array, row: number, end: number, limit: number, through: boolean) {
  let next = row;
  if (through) while (next < end && (times[next] as number) <= limit) next += 1;
  else while (next < end && (times[next] as number) < limit) next += 1;
  return next;
}

/** Writes the rows of the lowest and the highest value, the first of equal ones. */
function extremes(values: Float64Array, start: number, end: number, into: Uint32Array, at: number) {
  let [low, high] = [start, start];
  let [least, most] = [values[start] as number, values[start] as number];
  for (let row = start + 1; row < end; row += 1) {
    const value = values[row] as number;
    if (value < least) {
      least = value;
      low = row;
    } else if (value > most) {
      most = value;
      high = row;
    }
  }
  into[at] = low;
  into[at + 1] = high;
}
