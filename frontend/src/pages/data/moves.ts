/** Windows of time: zoomed, moved, written into the address. Unix seconds, but for the address. */

export interface Span {
  from: number;
  to: number;
}

/** Below a microsecond there is nothing to see: times are no finer. */
const LEAST = 2e-6;
const MS = 1_000;
const MICROS = 1_000;

/** Where the address says so, else everything. */
export function seen(whole: Span, search: { from?: string | undefined; to?: string | undefined }) {
  const [from, to] = [Number(search.from) / MS, Number(search.to) / MS];
  return from < to ? { from, to } : whole;
}

/** For the address, to the microsecond; nothing for everything. */
export function written(
  span: Span,
  whole: Span,
): { from: string | undefined; to: string | undefined } {
  if (span.from <= whole.from && span.to >= whole.to) return { from: undefined, to: undefined };
  const text = (seconds: number) => String(Math.round(seconds * MS * MICROS) / MICROS);
  return { from: text(span.from), to: text(span.to) };
}

/** `factor` times as wide around the same middle, inside of the whole. */
export function zoomed({ from, to }: Span, factor: number, whole: Span): Span {
  const middle = (from + to) / 2;
  const half = (Math.max(LEAST, to - from) * factor) / 2;
  return { from: Math.max(whole.from, middle - half), to: Math.min(whole.to, middle + half) };
}

/** Later by a share of its width (earlier below 0), as far as there is something. */
export function moved({ from, to }: Span, share: number, whole: Span): Span {
  const width = to - from;
  const most = Math.max(whole.from, whole.to - width);
  const start = Math.min(most, Math.max(whole.from, from + share * width));
  return { from: start, to: start + width };
}
