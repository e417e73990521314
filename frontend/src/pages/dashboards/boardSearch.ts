/** What the address of a board holds: time range, refresh, variables, rows and panels. */

import type { LinkTarget, Values } from "../../grafana/variables";

type Text = string | undefined;
type Texts = string[] | undefined;

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
  /** The line that a panel shows alone, by the panel's id: `5.p99`. */
  only?: Texts;
  /** The column that a table is in order of: `4.-Duration`, with `-` where it goes down. */
  order?: Texts;
  [variable: `var-${string}`]: string | string[] | undefined;
}

/** Changes what the address holds, to this or by what it holds then. */
export type Change = (changed: BoardSearch | ((before: BoardSearch) => BoardSearch)) => void;

const KEPT = ["from", "to", "refresh", "viewPanel", "rows"] as const;
const OF_PANELS = ["only", "order"] as const;
const OF_PANEL = /^\d+\../s;
const VARIABLE = "var-";

export type OfPanels = (typeof OF_PANELS)[number];

/** Whatever else an address says is left out. */
export function readBoardSearch(given: Record<string, unknown>): BoardSearch {
  const search: BoardSearch = {};
  for (const name of KEPT) {
    const [text] = texts(given[name]);
    if (text) search[name] = text;
  }
  for (const name of OF_PANELS) {
    const all = texts(given[name]).filter((one) => OF_PANEL.test(one));
    // Undefined, not left out: the router would keep what the address says.
    if (name in given) search[name] = all.length ? all : undefined;
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

/** What the address says of this panel; null for nothing. */
export function ofPanel(all: Texts, panel: number): string | null {
  const start = `${panel}.`;
  return all?.find((one) => one.startsWith(start))?.slice(start.length) ?? null;
}

/** The same for all others, with this for this panel; null for nothing. */
export function withPanel(all: Texts, panel: number, text: string | null): Texts {
  const others = (all ?? []).filter((one) => !one.startsWith(`${panel}.`));
  const now = text === null ? others : [...others, `${panel}.${text}`];
  return now.length ? now : undefined;
}

/** How a board looks, whatever it is asked. */
export function lookOf({ rows, only, order }: BoardSearch): BoardSearch {
  return { rows, only, order };
}

/** Where a link leads; the board that is shown (`uid`) goes on to look as it does. */
export function searchTo({ uid: to, search }: LinkTarget, uid: string) {
  return (now: Record<string, unknown>): BoardSearch => ({
    ...(to === uid ? lookOf(readBoardSearch(now)) : {}),
    ...readBoardSearch(search),
  });
}

/** The id in `viewPanel`, which newer Grafana writes as `panel-3`. */
export function panelId(search: BoardSearch): number | null {
  const found = /^(?:panel-)?(\d+)$/.exec(search.viewPanel ?? "");
  return found ? Number(found[1]) : null;
}
