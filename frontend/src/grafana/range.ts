/** Times of a board: `from` and `to` as Grafana writes them, and steps that fit a width. */

export const SCRAPE_SECONDS = 5;
const UNITS: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };
const RELATIVE = /^now(?:-(\d{1,6})([smhdw]))?$/;
const UNIX_MS = /^\d{10,14}$/;
const STEPS = [
  5, 10, 15, 20, 30, 60, 120, 180, 300, 600, 900, 1_200, 1_800, 3_600, 7_200, 10_800, 21_600,
  43_200, 86_400,
];

export interface TextRange {
  from: string;
  to: string;
}

/** Unix seconds. */
export interface Window {
  from: number;
  to: number;
}

/** A window on the grid of its step: what is asked of Prometheus. */
export interface Grid extends Window {
  step: number;
}

/** Unix seconds of `now-3h` or of Unix milliseconds; null for anything else. */
export function moment(text: string, now: number): number | null {
  const relative = RELATIVE.exec(text);
  if (relative) {
    const [, number, unit] = relative;
    return now - (number && unit ? Number(number) * (UNITS[unit] ?? 0) : 0);
  }
  return UNIX_MS.test(text) ? Number(text) / 1_000 : null;
}

/** The window that two texts name; an hour up to now where they are unclear. */
export function resolve(range: TextRange, now: number): Window {
  const [from, to] = [moment(range.from, now), moment(range.to, now)];
  return from === null || to === null || from >= to ? { from: now - 3_600, to: now } : { from, to };
}

/** Whether it moves with the time. */
export function isLive(range: TextRange): boolean {
  return range.to.startsWith("now");
}

/** Seconds that `30s` or `5m` are; null for anything else, such as no refresh. */
export function lengthOf(text: string): number | null {
  const found = /^(\d{1,6})([smhdw])$/.exec(text);
  return found?.[1] && found[2] ? Number(found[1]) * (UNITS[found[2]] ?? 0) : null;
}

/** The shortest step (seconds) that gives no more points than pixels. */
export function stepFor({ from, to }: Window, pixels: number): number {
  const least = (to - from) / Math.max(pixels, 1);
  return STEPS.find((step) => step >= least) ?? Math.ceil(least / 86_400) * 86_400;
}

/** Both ends on multiples of the step, so that all panels ask for the same moments. */
export function gridOf(window: Window, pixels: number): Grid {
  // Panels of nearly the same width share their answers.
  const step = stepFor(window, Math.ceil(pixels / 100) * 100);
  const from = Math.floor(window.from / step) * step;
  return { from, to: Math.floor(window.to / step) * step, step };
}

/** The moments of a grid, Unix seconds. */
export function timesOf({ from, to, step }: Grid): number[] {
  const count = Math.round((to - from) / step) + 1;
  return Array.from({ length: count }, (_, index) => from + index * step);
}

/** What Grafana gives for `$__rate_interval`: no rate may rest on less than four scrapes. */
export function rateInterval(step: number): number {
  return Math.max(step + SCRAPE_SECONDS, 4 * SCRAPE_SECONDS);
}

/** Unix milliseconds, as the address holds them. */
export function absolute({ from, to }: Window): TextRange {
  return { from: String(Math.round(from * 1_000)), to: String(Math.round(to * 1_000)) };
}

/** Twice as long around the same middle, not beyond now. */
export function widened({ from, to }: Window, now: number): Window {
  const half = (to - from) / 2;
  const end = Math.min(to + half, Math.max(now, to));
  return { from: end - 4 * half, to: end };
}

/** The same length, one half of it earlier (-1) or later (1). */
export function shifted({ from, to }: Window, way: -1 | 1): Window {
  const by = (way * (to - from)) / 2;
  return { from: from + by, to: to + by };
}
