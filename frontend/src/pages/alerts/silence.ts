/** A silence as it is written: matchers, their text, what is wrong with them. */

import type { SilenceRequest } from "../../api/alertQueries";
import type { Matcher } from "../../api/types";

export const OPERATORS = ["=", "!=", "=~", "!~"] as const;
export type Operator = (typeof OPERATORS)[number];

export const DURATIONS: readonly (readonly [number, string])[] = [
  [1_800, "30 minutes"],
  [3_600, "1 hour"],
  [2 * 3_600, "2 hours"],
  [8 * 3_600, "8 hours"],
  [86_400, "1 day"],
  [7 * 86_400, "7 days"],
  [30 * 86_400, "30 days"],
];
export const MOST_MATCHERS = 20;
const NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const MATCHER = /\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)/y;

export interface Row {
  name: string;
  operator: Operator;
  value: string;
}

export interface Draft {
  rows: Row[];
  duration: number;
  author: string;
  comment: string;
}

/** What is wrong, by field: `author`, `comment`, `matchers`, `matchers.0.name`, `matchers.0.value`. */
export type Problems = Record<string, string>;

export function problemsOf({ rows, author, comment }: Draft): Problems {
  const found: Problems = {};
  if (!author.trim()) found.created_by = "Say who silences";
  if (!comment.trim()) found.comment = "Say why";
  rows.forEach(({ name, operator, value }, place) => {
    if (!NAME.test(name)) found[`matchers.${place}.name`] = "A label: letters, digits and _";
    if (operator.endsWith("~") && !isPattern(value)) {
      found[`matchers.${place}.value`] = "This is no regular expression";
    }
  });
  if (!rows.length) found.matchers = "Name at least one label";
  else if (
    !Object.keys(found).some((key) => key.startsWith("matchers")) &&
    rows.every(fitsNothing)
  ) {
    found.matchers = "At least one label must ask for something that is not empty";
  }
  return found;
}

/** Alertmanager refuses matchers that all fit an alert without labels. */
function fitsNothing(row: Row): boolean {
  return fits(row, "");
}

export function fits({ operator, value }: Row, actual: string): boolean {
  const same = operator.endsWith("~") ? (pattern(value)?.test(actual) ?? false) : actual === value;
  return operator.startsWith("!") ? !same : same;
}

/** Whether a silence of these matchers covers an alert with these labels. */
export function covers(rows: readonly Row[], labels: Record<string, string>): boolean {
  return rows.every((row) => fits(row, labels[row.name] ?? ""));
}

export function bodyOf({ rows, duration, author, comment }: Draft): SilenceRequest {
  return {
    matchers: rows.map(({ name, operator, value }) => ({
      name,
      value,
      is_regex: operator.endsWith("~"),
      is_equal: !operator.startsWith("!"),
    })),
    duration_seconds: duration,
    created_by: author.trim(),
    comment: comment.trim(),
  };
}

export function rowOf({ name, value, is_regex, is_equal }: Matcher): Row {
  const operator = (is_regex ? (is_equal ? "=~" : "!~") : is_equal ? "=" : "!=") satisfies Operator;
  return { name, operator, value };
}

/** `{alertname="X", job=~"a|b"}`; what cannot be read is left out. */
export function readFilter(text: string): Row[] {
  const inner = text.trim().replace(/^\{/, "").replace(/\}$/, "");
  const rows: Row[] = [];
  MATCHER.lastIndex = 0;
  for (let found = MATCHER.exec(inner); found; found = MATCHER.exec(inner)) {
    const [, name = "", operator, quoted = ""] = found;
    const value = quoted.replace(/\\(.)/g, (_, one: string) => (one === "n" ? "\n" : one));
    rows.push({ name, operator: operator as Operator, value });
  }
  return rows.slice(0, MOST_MATCHERS);
}

export function writeFilter(rows: readonly Row[]): string {
  const each = rows.map(
    ({ name, operator, value }) => `${name}${operator}${JSON.stringify(value)}`,
  );
  return `{${each.join(",")}}`;
}

/** The text of a silence of one alert: its labels, all of them. */
export function filterOf(labels: Record<string, string>): string {
  return writeFilter(
    Object.entries(labels).map(([name, value]) => ({ name, operator: "=" as const, value })),
  );
}

function isPattern(text: string): boolean {
  return pattern(text) !== null;
}

/** Anchored, as Alertmanager has them. */
function pattern(text: string): RegExp | null {
  try {
    return new RegExp(`^(?:${text})$`, "s");
  } catch {
    return null;
  }
}
