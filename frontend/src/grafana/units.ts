/** Values in the units that boards name. */

import { duration, NOTHING } from "../lib/format";

const BINARY = ["B", "KiB", "MiB", "GiB", "TiB"];
const DECIMAL = ["B/s", "kB/s", "MB/s", "GB/s", "TB/s"];
const formats = new Map<string, Intl.NumberFormat>();

function written(value: number, significant: number, compact = false): string {
  const key = `${significant}${compact ? "c" : ""}`;
  let format = formats.get(key);
  if (!format) {
    const notation = compact ? { notation: "compact" as const } : {};
    format = new Intl.NumberFormat("en", { ...notation, maximumSignificantDigits: significant });
    formats.set(key, format);
  }
  return format.format(value);
}

function scaled(value: number, base: number, names: readonly string[], digits: number): string {
  let [rest, power] = [value, 0];
  while (Math.abs(rest) >= base && power < names.length - 1) {
    rest /= base;
    power += 1;
  }
  return `${written(rest, digits)} ${names[power] ?? ""}`;
}

type Format = (value: number, digits: number) => string;
const short: Format = (value, digits) => written(value, digits, Math.abs(value) >= 1_000);

const FORMATS: Record<string, Format> = {
  none: (value, digits) => written(value, Math.abs(value) < 1_000 ? digits + 1 : 7),
  short,
  percentunit: (value, digits) => `${written(value * 100, Math.max(digits, 4))} %`,
  s: (value) => duration(value),
  bytes: (value, digits) => scaled(value, 1024, BINARY, digits),
  Bps: (value, digits) => scaled(value, 1000, DECIMAL, digits),
  ops: (value, digits) => `${short(value, digits)} ops/s`,
  reqps: (value, digits) => `${short(value, digits)} req/s`,
  rowsps: (value, digits) => `${short(value, digits)} rows/s`,
};

export const UNITS: readonly string[] = Object.keys(FORMATS);

/** A value with its unit; a unit that is not known is left out. */
export function inUnit(value: number | null | undefined, unit = "none", digits = 3): string {
  if (value == null || Number.isNaN(value)) return NOTHING;
  return (FORMATS[unit] ?? short)(value, digits);
}
