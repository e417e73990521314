/** Answers as tables, and the transformations that boards ask for. */

import {
  fieldConfig,
  type InstantSample,
  type Panel,
  type Target,
  type Transformation,
} from "./model";
import { numberOf } from "./series";
import { inUnit } from "./units";

export type Cell = string | number | null;

export interface Table {
  /** Names of the fields, in the order of the columns. */
  fields: string[];
  rows: Record<string, Cell>[];
}

/** Not a column: links lead to the trace of a row by it. */
export const TRACE = "traceIdHidden";
export const START = "Start time";
export const DURATION = "Duration";

// Metrics -----------------------------------------------------------------------------------------

/** One row for each sample: its labels, and its value. */
export function instantTable(samples: readonly InstantSample[]): Table {
  const labels = new Set(samples.flatMap(({ metric }) => Object.keys(metric)));
  const fields = ["Time", ...[...labels].sort(), "Value"];
  const rows = samples.map(({ metric, value }) => ({
    ...metric,
    Time: value[0],
    Value: numberOf(value[1]),
  }));
  return { fields, rows };
}

// Traces ------------------------------------------------------------------------------------------

interface Attribute {
  key: string;
  value: Record<string, unknown>;
}

interface FoundSpan {
  name?: string;
  startTimeUnixNano?: string;
  durationNanos?: string;
  attributes?: Attribute[];
}

export interface FoundTrace {
  traceID: string;
  rootServiceName?: string;
  rootTraceName?: string;
  spanSets?: { spans?: FoundSpan[] }[];
}

/** One row for each span that a search found. */
export function spanTable(traces: readonly FoundTrace[]): Table {
  const named = new Set<string>();
  const rows = traces.flatMap((trace) =>
    (trace.spanSets ?? [])
      .flatMap(({ spans }) => spans ?? [])
      .map((span) => {
        const own = (span.attributes ?? []).map(({ key, value }) => [key, cellOf(value)] as const);
        own.forEach(([key]) => named.add(key));
        return { ...Object.fromEntries(own), ...aboutSpan(trace, span) };
      }),
  );
  return { fields: [START, "Trace", "Name", ...named, DURATION], rows };
}

function aboutSpan(trace: FoundTrace, span: FoundSpan): Record<string, Cell> {
  const whole = [trace.rootServiceName, trace.rootTraceName].filter(Boolean).join(" ");
  return {
    // Searches leave leading zeros out.
    [TRACE]: trace.traceID.padStart(32, "0"),
    [START]: Number(span.startTimeUnixNano ?? 0) / 1e9,
    Trace: whole,
    Name: span.name ?? whole,
    [DURATION]: Number(span.durationNanos ?? 0) / 1e9,
  };
}

function cellOf(value: Record<string, unknown>): Cell {
  const [held] = Object.values(value);
  if (typeof held === "number" || typeof held === "string") return held;
  return held === undefined ? "" : JSON.stringify(held);
}

// Transformations ---------------------------------------------------------------------------------

type Step = (table: Table, options: Transformation["options"]) => Table;

const STEPS: Record<string, Step> = {
  // The tables of one query are one table already.
  merge: (table) => table,
  organize: (table, { excludeByName = {}, renameByName = {} }) => {
    const kept = table.fields.filter((field) => !excludeByName[field]);
    const name = (field: string) => renameByName[field] ?? field;
    return {
      fields: kept.map(name),
      rows: table.rows.map((row) =>
        Object.fromEntries(Object.entries(row).map(([field, cell]) => [name(field), cell])),
      ),
    };
  },
  convertFieldType: (table, { conversions = [] }) => {
    const numbers = new Set(conversions.map(({ targetField }) => targetField));
    const converted = (field: string, cell: Cell): Cell =>
      numbers.has(field) && cell !== null ? numberOf(String(cell)) : cell;
    return {
      ...table,
      rows: table.rows.map((row) =>
        Object.fromEntries(Object.entries(row).map(([key, cell]) => [key, converted(key, cell)])),
      ),
    };
  },
  filterFieldsByName: (table, { include }) => ({
    ...table,
    fields: (include?.names ?? table.fields).filter((field) => table.fields.includes(field)),
  }),
};

export const TRANSFORMATIONS: readonly string[] = Object.keys(STEPS);

export function transformed(table: Table, steps: readonly Transformation[] = []): Table {
  return steps.reduce((done, { id, options }) => STEPS[id]?.(done, options) ?? done, table);
}

/** The table of a panel whose only query gave `answer`. */
export function tableOf(panel: Panel, target: Target, answer: unknown): Table {
  const table = target.expr
    ? instantTable(answer as InstantSample[])
    : spanTable(answer as FoundTrace[]);
  return transformed(table, panel.transformations);
}

/** A cell as text, in the unit of its field. */
export function cellText(panel: Panel, field: string, cell: Cell | undefined): string {
  const { unit, noValue = "" } = fieldConfig(panel, field);
  if (cell == null || cell === "") return noValue === "none" ? "" : noValue;
  if (field === DURATION) return inUnit(Number(cell), "s");
  return typeof cell === "number" ? inUnit(cell, unit) : cell;
}

/** Rows in order of a field; those without a value come last. */
export function sortedRows(table: Table, field: string, down: boolean): Table["rows"] {
  const way = down ? -1 : 1;
  return table.rows.toSorted((a, b) => {
    const [left, right] = [a[field] ?? null, b[field] ?? null];
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    if (typeof left === "number" && typeof right === "number") return way * (left - right);
    return way * String(left).localeCompare(String(right));
  });
}
