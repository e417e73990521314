/** Moments in the user's zone, with UTC at hand. */

const DATE: Intl.DateTimeFormatOptions = { year: "numeric", month: "short", day: "2-digit" };
const CLOCK: Intl.DateTimeFormatOptions = {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
};

const clock = new Intl.DateTimeFormat("en-GB", CLOCK);
const dated = new Intl.DateTimeFormat("en-GB", { ...DATE, ...CLOCK });
const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "always", style: "narrow" });

/** `14:03:12` for moments of today, else with the date. */
export function local(moment: Date, now = new Date()): string {
  return moment.toDateString() === now.toDateString() ? clock.format(moment) : dated.format(moment);
}

/** `2026-11-22 13:03:12 UTC`. */
export function utc(moment: Date): string {
  return `${moment.toISOString().replace("T", " ").slice(0, 19)} UTC`;
}

/** `14:03:12 · 2026-11-22 13:03:12 UTC`: for what shows at the pointer already. */
export function localAndUtc(moment: Date, now = new Date()): string {
  return `${local(moment, now)} · ${utc(moment)}`;
}

/** `2024-01-15 00:00:01.250`: a moment of the market, in UTC as ticks are; from Unix ns. */
export function market(ns: number): string {
  return new Date(ns / 1e6).toISOString().replace("T", " ").slice(0, 23);
}

/** `5 min ago`. */
export function ago(moment: Date, now = new Date()): string {
  const seconds = Math.round((moment.getTime() - now.getTime()) / 1000);
  if (Math.abs(seconds) < 60) return RELATIVE.format(seconds, "second");
  if (Math.abs(seconds) < 3_600) return RELATIVE.format(Math.round(seconds / 60), "minute");
  if (Math.abs(seconds) < 86_400) return RELATIVE.format(Math.round(seconds / 3_600), "hour");
  return RELATIVE.format(Math.round(seconds / 86_400), "day");
}

/** What `<input type="datetime-local">` holds, read as UTC: `2024-01-15T00:00:00`. */
export function toUtcInput(moment: Date): string {
  return moment.toISOString().slice(0, 19);
}

/** The moment that such a field names, as the API wants it; null when it names none. */
export function fromUtcInput(text: string): string | null {
  const moment = new Date(`${text}Z`);
  return Number.isNaN(moment.getTime()) ? null : moment.toISOString();
}
