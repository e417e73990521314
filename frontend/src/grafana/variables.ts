/** Variables of a board: their values, and how texts are filled with them. */

import { queryText, type Board, type Variable } from "./model";
import { rateInterval, type Grid, type TextRange } from "./range";

export const ALL = "$__all";
const VARIABLE = /\$(?:\{([^}]+)\}|(\w+))/g;
const SPECIAL = /[.*+?^${}()|[\]\\/-]/g;

/** Chosen values by the name of the variable. */
export type Values = Record<string, readonly string[]>;

export type Language = "promql" | "traceql";

/** The values of all variables: those given, else the board's. */
export function valuesOf(board: Board, given: Values): Values {
  const all = board.templating?.list ?? [];
  return Object.fromEntries(all.map((one) => [one.name, given[one.name] ?? initial(one)]));
}

function initial({ current }: Variable): readonly string[] {
  return [current?.value ?? ""].flat();
}

/** Whether all values are meant. */
export function isAll(values: readonly string[]): boolean {
  return values.length === 0 || values.includes(ALL);
}

/** A query with the variables and Grafana's own filled in. */
export function fillQuery(
  text: string,
  board: Board,
  values: Values,
  grid: Grid,
  language: Language = "promql",
): string {
  const own: Record<string, string> = {
    __interval: `${grid.step}s`,
    __rate_interval: `${rateInterval(grid.step)}s`,
    __range: `${Math.max(1, Math.round(grid.to - grid.from))}s`,
  };
  const known = new Map((board.templating?.list ?? []).map((one) => [one.name, one]));
  return text.replace(VARIABLE, (whole, braced: string | undefined, bare: string | undefined) => {
    const name = braced ?? bare ?? "";
    const variable = known.get(name);
    if (!variable) return own[name] ?? whole;
    return valueText(variable, values[name] ?? [], language);
  });
}

function valueText(variable: Variable, chosen: readonly string[], language: Language): string {
  if (language === "traceql") return quoted(chosen[0] ?? "");
  if (variable.includeAll && isAll(chosen)) return variable.allValue ?? ".*";
  if (!variable.multi) return quoted(chosen[0] ?? "");
  // It stands in a regular expression, which stands in a string.
  const each = chosen.map((value) => quoted(value.replace(SPECIAL, "\\$&")));
  return each.length === 1 ? (each[0] ?? "") : `(${each.join("|")})`;
}

function quoted(text: string): string {
  return text.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n");
}

const LABEL_VALUES = /^label_values\((.+),\s*(\w+)\)$/s;

/** The expression whose series carry the values of a variable, and the label that holds them. */
export function labelQuery(
  variable: Variable,
  board: Board,
  values: Values,
  grid: Grid,
): { expr: string; label: string } | null {
  const found = LABEL_VALUES.exec(queryText(variable).trim());
  if (!found?.[1] || !found[2]) return null;
  const selector = fillQuery(found[1], board, values, grid);
  const range = Math.max(1, Math.round(grid.to - grid.from));
  const expr = `group by (${found[2]}) (last_over_time(${selector}[${range}s]))`;
  return { expr, label: found[2] };
}

export interface LinkTarget {
  uid: string;
  /** Of the address: variables, `from`, `to`. */
  search: Record<string, string | string[]>;
}

/** Where a data link leads, `/d/<uid>?…`; `row` has the fields of a table's row. */
export function linkTarget(
  url: string,
  values: Values,
  range: TextRange,
  row: Record<string, unknown> = {},
): LinkTarget | null {
  const filled = url.replace(VARIABLE, (whole, braced: string | undefined, bare?: string) => {
    const name = braced ?? bare ?? "";
    if (name === "__url_time_range") return new URLSearchParams({ ...range }).toString();
    if (name.startsWith("__data.fields")) return encodeURIComponent(fieldOf(name, row));
    const [variable = "", format] = name.split(":");
    const chosen = values[variable];
    if (format !== "queryparam") return chosen ? encodeURIComponent(chosen[0] ?? "") : whole;
    return (chosen ?? []).map((value) => `var-${variable}=${encodeURIComponent(value)}`).join("&");
  });
  const found = /^\/d\/([^/?]+)(?:\/[^?]*)?(?:\?(.*))?$/s.exec(filled);
  if (!found?.[1]) return null;
  return { uid: found[1], search: searchOf(new URLSearchParams(found[2] ?? "")) };
}

function fieldOf(name: string, row: Record<string, unknown>): string {
  const found = /^__data\.fields(?:\["([^"]+)"\]|\.(\w+))$/.exec(name);
  const value = row[found?.[1] ?? found?.[2] ?? ""];
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

function searchOf(given: URLSearchParams): LinkTarget["search"] {
  const search: LinkTarget["search"] = {};
  for (const name of new Set(given.keys())) {
    const all = given.getAll(name).filter(Boolean);
    if (all.length) search[name] = all.length === 1 ? (all[0] ?? "") : all;
  }
  return search;
}
