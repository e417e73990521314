/** What the console knows of a trace, whichever store it came from. */

export type Value = string | number | bigint | boolean | null | Value[] | { [key: string]: Value };

export type Attributes = Readonly<Record<string, Value>>;

export interface SpanEvent {
  name: string;
  /** Nanoseconds since the trace began. */
  at: number;
  attributes: Attributes;
}

export interface SpanLink {
  /** 32 hexadecimal digits. */
  trace: string;
  span: string;
  attributes: Attributes;
}

/** One span; times in nanoseconds since the trace began. */
export interface Span {
  /** 16 hexadecimal digits, as is `parent`; the latter is empty for a root. */
  id: string;
  parent: string;
  name: string;
  /** `client`, `server`, … ; empty where it does not say, or is internal. */
  kind: string;
  service: string;
  /** The service and, where it tells, which of its processes: `nautilus worker 1`. */
  process: string;
  start: number;
  end: number;
  failed: boolean;
  /** What the status says, mostly the reason of a failure. */
  message: string;
  attributes: Attributes;
  resource: Attributes;
  scope: string;
  events: readonly SpanEvent[];
  links: readonly SpanLink[];
}

export interface Trace {
  /** Unix nanoseconds: more than a number can hold exactly. */
  began: bigint;
  /** Nanoseconds from the first start to the last end. */
  length: number;
  spans: readonly Span[];
}

const CALLS = "nautilus.calls";
const BUSY_SECONDS = "nautilus.busy_seconds";
export const RUN_ID = "nautilus.run_id";

/** How many calls the span sums up; 1 for the usual span. */
export function callsOf(span: Span): number {
  return Number(span.attributes[CALLS] ?? 1);
}

/** Nanoseconds of the work itself: a span that sums up calls lasts from the first to the last. */
export function busyOf(span: Span): number {
  const seconds = span.attributes[BUSY_SECONDS];
  return seconds === undefined ? span.end - span.start : Math.round(Number(seconds) * 1e9);
}

/** Unix milliseconds of a moment of the trace. */
export function unixMs(trace: Trace, at: number): number {
  return Number(trace.began / 1_000n) / 1_000 + at / 1e6;
}

/** The run that the trace is of, if it is of one. */
export function runOf(trace: Trace): string | null {
  for (const { attributes } of trace.spans) {
    const run = attributes[RUN_ID];
    if (typeof run === "string") return run;
  }
  return null;
}

/** A value in one line. */
export function valueText(value: Value): string {
  if (typeof value === "object" && value !== null) {
    return JSON.stringify(value, (_, one: unknown) =>
      typeof one === "bigint" ? String(one) : one,
    );
  }
  return String(value);
}
