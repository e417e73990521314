import { expect, it, vi } from "vitest";

import type { Panel } from "../../grafana/model";
import { parseSearch, stringifySearch } from "../../lib/search";
import { panelId, readBoardSearch, rowsIn, rowsWith, valuesIn } from "./boardSearch";
import { thinned } from "./chart/lines";
import { fitted } from "./chart/timeline";
import { sectionsOf } from "./layout";
import { marksOf } from "./marks";
import { shared } from "./shared";
import { traceHref } from "./traceLink";

const ADDRESS =
  "?from=1700000000000&to=now&viewPanel=7&var-instance=a%3A1&var-instance=b%3A2&var-run_id=007";

it("finds in an address what Grafana puts there", () => {
  const search = readBoardSearch(parseSearch(ADDRESS));
  expect(search).toEqual({
    from: "1700000000000",
    to: "now",
    viewPanel: "7",
    "var-instance": ["a:1", "b:2"],
    "var-run_id": "007",
  });
  expect(valuesIn(search)).toEqual({ instance: ["a:1", "b:2"], run_id: ["007"] });
});

it("writes an address that says the same", () => {
  expect(stringifySearch(parseSearch(ADDRESS))).toBe(ADDRESS);
});

it("leaves the parameters of other pages to the router", () => {
  expect(stringifySearch({ page: 2, sort: "-a" })).toBe("?page=2&sort=-a");
  expect(parseSearch("?page=2&sort=-a")).toEqual({ page: 2, sort: "-a" });
  expect(stringifySearch({})).toBe("");
});

it.each([
  ["7", 7],
  ["panel-7", 7],
  ["x", null],
])("opens panel %s", (viewPanel, id) => {
  expect(panelId({ viewPanel })).toBe(id);
});

it("keeps in the address which rows were turned over", () => {
  const search = readBoardSearch(parseSearch(stringifySearch({ rows: rowsWith([7], 3) })));
  expect(rowsIn(search)).toEqual([3, 7]);
  expect(rowsWith(rowsIn(search), 7)).toBe("3");
  expect(rowsWith([3], 3)).toBeUndefined();
  expect(rowsIn({ rows: "x,,2" })).toEqual([2]);
  // As a link has it that was written by hand.
  expect(stringifySearch({ rows: "20" })).toBe("?rows=20");
});

it("asks once for what several panels want", async () => {
  const start = vi.fn(() => Promise.resolve(1));
  const { signal } = new AbortController();
  expect(await Promise.all([shared("a", signal, start), shared("a", signal, start)])).toEqual([
    1, 1,
  ]);
  expect(start).toHaveBeenCalledTimes(1);
  await shared("a", signal, start);
  expect(start).toHaveBeenCalledTimes(2);
});

it("stops a request when nobody waits any more, not before", async () => {
  let asked: AbortSignal | undefined;
  const start = (signal: AbortSignal) => {
    asked = signal;
    return new Promise<never>(() => undefined);
  };
  const [one, other] = [new AbortController(), new AbortController()];
  const both = [shared("b", one.signal, start), shared("b", other.signal, start)];
  one.abort();
  expect(asked?.aborted).toBe(false);
  other.abort();
  expect(asked?.aborted).toBe(true);
  for (const each of both) await expect(each).rejects.toThrow("nobody waits");
});

const place = (y: number) => ({ x: 0, y, w: 12, h: 8 });
const panel = (id: number, type: string, y: number): Panel => ({
  id,
  type,
  title: "",
  gridPos: place(y),
});

it("groups panels by the row above them", () => {
  const all = [panel(1, "text", 0), panel(2, "row", 3), panel(3, "stat", 4), panel(4, "stat", 12)];
  const sections = sectionsOf(all).map(({ row, panels, top }) => [
    row?.id,
    panels.map(({ id }) => id),
    top,
  ]);
  expect(sections).toEqual([
    [undefined, [1], 0],
    [2, [3, 4], 4],
  ]);
});

it("keeps the highest dot of a few pixels", () => {
  const dot = (time: number, y: number) => ({ time, y, href: "", label: "" });
  const kept = thinned([dot(1, 1), dot(2, 5), dot(60, 2), dot(200, 1)], { from: 0, to: 100 }, 10);
  expect(kept.map(({ y }) => y)).toEqual([5, 2]);
});

it("marks where something begins, and begins again", () => {
  const grid = { from: 0, to: 100, step: 10 };
  const series = [
    { metric: { a: "x" }, values: [0, 10, 40, 50].map((time) => [time, "1"] as [number, string]) },
  ];
  const one = { name: "n", enable: true, iconColor: "red", titleFormat: "{{a}}", textFormat: "t" };
  expect(marksOf(one, series, grid)).toEqual([{ time: 40, token: "bad", text: "x: t" }]);
});

it("shortens labels that do not fit", () => {
  expect(fitted("abcdefghij", 62)).toBe("abcdefghij");
  expect(fitted("abcdefghij", 31)).toBe("abcd…");
});

it("leads to the span of an event in its trace", () => {
  expect(traceHref("abc", "def")).toBe("/traces/abc?span=def");
  expect(traceHref("abc")).toBe("/traces/abc");
});
