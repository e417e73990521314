/** What the address of a board holds: time range, refresh, variables, rows and the opened panel. */

import type { Values } from "../../grafana/variables";

type Text = string | undefined;

export interface BoardSearch {
  /** `now-1h` or Unix milliseconds, as Grafana writes them. */
  from?: Text;
  to?: Text;
  /** Such as `10s`; `off` for none. */
  refresh?: Text;
  /** Id of the only panel that is shown. */
  viewPanel?: Text;
  /** Ids of rows that are not as the board has them: closed ones open, open ones closed. */
  rows?: Text;
  [variable: `var-${string}`]: string | string[] | undefined;
}

const KEPT = ["from", "to", "refresh", "viewPanel", "rows"] as const;
const VARIABLE = "var-";

/** Whatever else an address says is left out. */
export function readBoardSearch(given: Record<string, unknown>): BoardSearch {
  const search: BoardSearch = {};
  for (const name of KEPT) {
    const [text] = texts(given[name]);
    if (text) search[name] = text;
  }
  for (const [name, value] of Object.entries(given)) {
    if (!name.startsWith(VARIABLE)) continue;
    const all = texts(value);
    const [first] = all;
    if (first !== undefined) search[`var-${name.slice(4)}`] = all.length === 1 ? first : all;
  }
  return search;
}

function texts(value: unknown): string[] {
  return [value]
    .flat()
    .filter((one) => ["string", "number", "boolean"].includes(typeof one))
    .map(String);
}

/** The variables of an address, by their names. */
export function valuesIn(search: BoardSearch): Values {
  const named = Object.entries(search).filter(([name]) => name.startsWith(VARIABLE));
  return Object.fromEntries(named.map(([name, value]) => [name.slice(4), [value ?? []].flat()]));
}

/** The rows that were turned over, such as `3,7`. */
export function rowsIn(search: BoardSearch): number[] {
  return (search.rows ?? "").split(",").filter(Boolean).map(Number).filter(Number.isInteger);
}

/** `rows` once this one was turned over as well, or back. */
export function rowsWith(rows: readonly number[], row: number): Text {
  const kept = rows.filter((one) => one !== row);
  const now = kept.length < rows.length ? kept : [...kept, row].toSorted((a, b) => a - b);
  return now.join(",") || undefined;
}

/** The id in `viewPanel`, which newer Grafana writes as `panel-3`. */
export function panelId(search: BoardSearch): number | null {
  const found = /^(?:panel-)?(\d+)$/.exec(search.viewPanel ?? "");
  return found ? Number(found[1]) : null;
}
