/** Numbers as people read them. Every unit of the console is written here. */

const BINARY = ["B", "KiB", "MiB", "GiB", "TiB"];
const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;
export const NOTHING = "–";

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

const money = new Intl.NumberFormat("en", {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
  signDisplay: "negative",
});

const formats = new Map<number, Intl.NumberFormat>();

function digits(value: number, significant: number): string {
  let format = formats.get(significant);
  if (!format) {
    // Making one takes longer than all axes of a board have.
    format = new Intl.NumberFormat("en", { maximumSignificantDigits: significant });
    formats.set(significant, format);
  }
  return format.format(value);
}

/** `1,234,567`, or fewer digits where there are fractions. */
export function count(value: number | null | undefined): string {
  return value == null ? NOTHING : whole.format(value);
}

/** `1.23M`. */
export function short(value: number | null | undefined): string {
  return value == null ? NOTHING : compact.format(value);
}

/** `1.5 GiB`. */
export function bytes(value: number | null | undefined): string {
  if (value == null) return NOTHING;
  let scaled = value;
  let unit = 0;
  while (Math.abs(scaled) >= 1024 && unit < BINARY.length - 1) {
    scaled /= 1024;
    unit += 1;
  }
  return `${digits(scaled, 3)} ${BINARY[unit] ?? ""}`;
}

/** `840 ms`, `12.3 s`, `4 min 10 s`, `2 h 5 min`, `3 d 4 h`. */
export function duration(seconds: number | null | undefined): string {
  if (seconds == null) return NOTHING;
  if (seconds < 0) return `-${duration(-seconds)}`;
  if (seconds === 0) return "0 s";
  if (seconds < 0.001) return `${digits(seconds * 1e6, 3)} µs`;
  if (seconds < 1) return `${digits(seconds * 1e3, 3)} ms`;
  if (seconds < MINUTE) return `${digits(seconds, 3)} s`;
  const rounded = Math.round(seconds);
  if (rounded < HOUR) return two(rounded, MINUTE, "min", 1, "s");
  return rounded < DAY ? two(rounded, HOUR, "h", MINUTE, "min") : two(rounded, DAY, "d", HOUR, "h");
}

function two(value: number, large: number, name: string, small: number, rest: string): string {
  const left = Math.floor((value % large) / small);
  const first = `${Math.floor(value / large)} ${name}`;
  return left ? `${first} ${left} ${rest}` : first;
}

/** `99.95 %` of a fraction. */
export function percent(fraction: number | null | undefined, significant = 4): string {
  return fraction == null ? NOTHING : `${digits(fraction * 100, significant)} %`;
}

/** `1,234.56`: an amount of money, whose currency stands beside it. */
export function amount(value: number | null | undefined): string {
  if (value == null) return NOTHING;
  return money.format(value);
}

/** `1.2345`: a ratio or any other number without a unit. */
export function plain(value: number | null | undefined, significant = 5): string {
  return value == null ? NOTHING : digits(value, significant);
}

/** A number in the unit that the platform's documents name. */
export function withUnit(value: number | null | undefined, unit: string): string {
  if (unit === "seconds") return duration(value);
  if (unit === "bytes") return bytes(value);
  return unit === "ratio" ? percent(value) : plain(value);
}
