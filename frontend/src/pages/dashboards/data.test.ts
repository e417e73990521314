import { QueryClient } from "@tanstack/react-query";
import { beforeEach, expect, it, vi } from "vitest";

import type { Board, Panel, Variable } from "../../grafana/model";
import { exemplarQuery, panelQuery, valuesQuery, type View } from "./data";

const INSTANCE: Variable = {
  name: "instance",
  type: "query",
  multi: true,
  includeAll: true,
  query: "label_values(up, instance)",
};
const PANEL: Panel = {
  id: 3,
  type: "timeseries",
  title: "t",
  gridPos: { x: 0, y: 0, w: 12, h: 8 },
  targets: [
    { refId: "A", expr: 'up{instance=~"$instance"}', exemplar: true },
    { refId: "B", expr: "sum(up)", instant: true },
    { refId: "C", query: "{ }", limit: 5, spss: 1 },
  ],
};
const BOARD: Board = { uid: "u", title: "t", panels: [PANEL], templating: { list: [INSTANCE] } };
const VIEW: View = {
  board: BOARD,
  values: { instance: ["a"] },
  window: { from: 1_000, to: 4_600 },
  pixels: 600,
};

const asked = vi.fn<(address: URL) => unknown>();

beforeEach(() => {
  asked.mockReset();
  vi.stubGlobal("fetch", (request: Request) =>
    Promise.resolve(Response.json(asked(new URL(request.url)))),
  );
});

const matrix = { status: "success", data: { resultType: "matrix", result: ["range"] } };
const vector = { status: "success", data: { resultType: "vector", result: ["instant"] } };

it("asks each source in its own way, and keeps the answers in order", async () => {
  asked.mockImplementation(({ pathname }) => {
    if (pathname.endsWith("query_range")) return matrix;
    return pathname.endsWith("search") ? { traces: ["trace"], metrics: {} } : vector;
  });
  const data = await new QueryClient().query(panelQuery(PANEL, VIEW));
  expect(data.answers).toEqual([["range"], ["instant"], ["trace"]]);
  expect(data.grid).toEqual({ from: 1_000, to: 4_600, step: 10 });
  const sent = (path: string) =>
    asked.mock.calls.map(([address]) => address).find(({ pathname }) => pathname.endsWith(path))
      ?.searchParams;
  expect(Object.fromEntries(sent("query_range") ?? [])).toEqual({
    query: 'up{instance=~"a"}',
    start: "1000",
    end: "4600",
    step: "10",
  });
  expect(sent("/query")?.get("time")).toBe("4600");
  expect(sent("/search")?.get("limit")).toBe("5");
});

it("asks anew when something changed, not while a step lasts", () => {
  const only = { ...PANEL, targets: PANEL.targets?.slice(0, 1) ?? [] };
  const key = (changed: Partial<View>) => panelQuery(only, { ...VIEW, ...changed }).queryKey;
  expect(key({ window: { from: 1_004, to: 4_604 } })).toEqual(key({}));
  expect(key({ window: { from: 1_010, to: 4_610 } })).not.toEqual(key({}));
  expect(key({ values: { instance: ["b"] } })).not.toEqual(key({}));
});

it("finds each traced event once, and leaves those without a trace", async () => {
  const exemplar = (trace_id: string) => ({
    labels: { trace_id, span_id: "b" },
    value: "0.5",
    timestamp: 1_200,
  });
  const exemplars = [exemplar("a"), exemplar("a"), exemplar("")];
  asked.mockReturnValue({ status: "success", data: [{ seriesLabels: {}, exemplars }] });
  const found = await new QueryClient().query(exemplarQuery(PANEL, VIEW));
  expect(found).toEqual([{ trace: "a", span: "b", value: 0.5, time: 1_200 }]);
  expect(asked).toHaveBeenCalledTimes(1);
});

it("asks for no exemplars where the board wants none", () => {
  expect(exemplarQuery({ ...PANEL, targets: [] }, VIEW).enabled).toBe(false);
});

it("finds the values of a variable, in order", async () => {
  const result = ["b", "a"].map((instance) => ({ metric: { instance }, value: [0, "1"] }));
  asked.mockReturnValue({ status: "success", data: { resultType: "vector", result } });
  expect(await new QueryClient().query(valuesQuery(INSTANCE, VIEW))).toEqual(["a", "b"]);
  const query = asked.mock.calls[0]?.[0].searchParams.get("query");
  expect(query).toBe("group by (instance) (last_over_time(up[3660s]))");
});
