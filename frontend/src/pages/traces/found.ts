/** What a search found, as lines of a table. */

import type { components } from "../../api/schema";
import { attributesOf, type KeyValue } from "../../tracing/otlp";
import { type Attributes, valueText } from "../../tracing/model";

type Raw = components["schemas"]["FoundTrace"];

export interface FoundTrace {
  id: string;
  name: string;
  service: string;
  /** Unix milliseconds. */
  start: number;
  /** Seconds. */
  took: number;
  /** Spans that matched. */
  matched: number;
  /** Spans in all, where the store says so. */
  spans: number | null;
  /** Failed spans: those in all where the store says so, else whether there are any. */
  errors: number;
  /** Those that matched, as far as they were sent: the first is shown. */
  first: { id: string; name: string } | null;
  /** What the query selects or compares, of the matched spans. */
  attributes: Attributes;
}

interface RawSet {
  matched?: number;
  spans?: { spanID?: string; name?: string; attributes?: KeyValue[] }[];
}

/** Stores leave out what is zero, and some versions one of the two names of what matched. */
interface Sent {
  spanSets?: RawSet[];
  spanSet?: RawSet;
  durationMs?: number;
}

interface ServiceStats {
  spanCount?: number;
  errorCount?: number;
}

const TRACE_DIGITS = 32;
const SPAN_DIGITS = 16;
const NO_ROOT = /^<root span not yet received>$/;

export function readFound(raw: Raw): FoundTrace {
  const { spanSets, spanSet, durationMs = 0 } = raw as Sent;
  const sets = spanSets ?? (spanSet ? [spanSet] : []);
  const stats = Object.values((raw.serviceStats ?? {}) as Record<string, ServiceStats>);
  const sum = (of: (one: ServiceStats) => number) => stats.reduce((all, one) => all + of(one), 0);
  const spans = sets.flatMap((set) => set.spans ?? []);
  const [first] = spans;
  const named = (text: string | undefined) => (text && !NO_ROOT.test(text) ? text : "");
  return {
    id: raw.traceID.padStart(TRACE_DIGITS, "0"),
    name: named(raw.rootTraceName) || first?.name || "root not received",
    service: named(raw.rootServiceName),
    start: Number(BigInt(raw.startTimeUnixNano) / 1_000_000n),
    took: durationMs / 1_000,
    matched: sets.reduce((all, set) => all + (set.matched ?? set.spans?.length ?? 0), 0),
    spans: stats.length ? sum(({ spanCount = 0 }) => spanCount) : null,
    errors: sum(({ errorCount = 0 }) => errorCount),
    first: first
      ? { id: (first.spanID ?? "").padStart(SPAN_DIGITS, "0"), name: first.name ?? "" }
      : null,
    attributes: Object.assign(
      {},
      ...spans.map((one) => attributesOf(one.attributes)),
    ) as Attributes,
  };
}

/** Attributes that any of the traces shows, in the order of their first appearance. */
export function shownAttributes(all: readonly FoundTrace[]): string[] {
  return [...new Set(all.flatMap(({ attributes }) => Object.keys(attributes)))];
}

export type Field = "start" | "name" | "service" | "took" | "matched" | "spans" | "errors";

/** In order of a column, such as `-took`; equal ones by their start, the newest first. */
export function sortedFound(all: readonly FoundTrace[], sort: string): FoundTrace[] {
  const field = sort.replace(/^-/, "");
  const way = sort.startsWith("-") ? -1 : 1;
  const of = (trace: FoundTrace): string | number => {
    const value = isField(field) ? trace[field] : trace.attributes[field];
    if (typeof value === "number" || typeof value === "string") return value;
    return value == null ? "" : valueText(value);
  };
  return all.toSorted((a, b) => way * compared(of(a), of(b)) || b.start - a.start);
}

function isField(name: string): name is Field {
  return ["start", "name", "service", "took", "matched", "spans", "errors"].includes(name);
}

function compared(a: string | number, b: string | number): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b));
}

export interface QueryTrouble {
  /** What is wrong, without where. */
  text: string;
  /** Place in the query, from 0; null where the store does not say. */
  at: number | null;
}

const POSITION = /(?:parse error )?at line (\d+), col(?:umn)? (\d+):?\s*/;

/** What the store says of a query that it cannot read, and where. */
export function troubleOf(query: string, said: string): QueryTrouble {
  const found = POSITION.exec(said);
  if (!found) return { text: said, at: null };
  const text = said.slice(found.index + found[0].length) || said;
  const lines = query.split("\n");
  const line = Number(found[1]) - 1;
  const before = lines.slice(0, line).reduce((sum, one) => sum + one.length + 1, 0);
  return { text, at: Math.min(query.length, Math.max(0, before + Number(found[2]) - 1)) };
}
