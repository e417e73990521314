/** What panels ask for: metrics from Prometheus, spans from the trace store. */

import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api, content } from "../../api/client";
import type { Board, Panel, Target, Variable } from "../../grafana/model";
import { gridOf, SCRAPE_SECONDS, type Grid, type Window } from "../../grafana/range";
import { fillQuery, labelQuery, type Values } from "../../grafana/variables";
import { shared } from "./shared";

const KEPT_MS = 60_000;
const VALUES_EVERY = 60;

export const board = (uid: string) =>
  queryOptions({
    queryKey: ["board", uid],
    queryFn: async ({ signal }) => {
      const params = { path: { uid } };
      const found = await content(api.GET("/api/dashboards/{uid}", { params, signal }));
      return found as unknown as Board;
    },
    staleTime: 5 * KEPT_MS,
  });

/** One request of a panel. */
type Asked =
  | { kind: "range"; query: string; start: number; end: number; step: number }
  | { kind: "instant"; query: string; time: number }
  | { kind: "search"; q: string; start: number; end: number; limit: number; spss: number };

export interface PanelData {
  /** The grid that was asked for: the next one may be under way. */
  grid: Grid;
  /** One for each target. */
  answers: unknown[];
}

/** Where and when a panel looks. */
export interface View {
  board: Board;
  values: Values;
  window: Window;
  /** Width of the panel, which the step follows. */
  pixels: number;
}

export function panelQuery(panel: Panel, view: View) {
  const grid = gridOf(view.window, view.pixels);
  const asked = (panel.targets ?? []).map((target) => request(target, view, grid));
  return queryOptions({
    queryKey: ["panel", panel.id, asked],
    queryFn: async ({ signal }): Promise<PanelData> => ({
      grid,
      answers: await Promise.all(asked.map((one) => answerTo(one, signal))),
    }),
    placeholderData: keepPreviousData,
    // Comparing thousands of values costs more than drawing them.
    structuralSharing: false,
    staleTime: Infinity,
    gcTime: KEPT_MS,
  });
}

function request(target: Target, { board, values, window }: View, grid: Grid): Asked {
  const exact = {
    from: onScrape(window.from),
    to: onScrape(window.to),
    step: grid.step,
  };
  if (target.expr === undefined) {
    const q = fillQuery(target.query ?? "{ }", board, values, exact, "traceql");
    const { limit = 20, spss = 3 } = target;
    return { kind: "search", q, start: exact.from, end: exact.to, limit, spss };
  }
  if (target.instant) {
    const query = fillQuery(target.expr, board, values, exact);
    return { kind: "instant", query, time: exact.to };
  }
  const query = fillQuery(target.expr, board, values, grid);
  return { kind: "range", query, start: grid.from, end: grid.to, step: grid.step };
}

/** Nothing changes between two scrapes. */
function onScrape(moment: number): number {
  return Math.floor(moment / SCRAPE_SECONDS) * SCRAPE_SECONDS;
}

function answerTo(asked: Asked, signal: AbortSignal): Promise<unknown> {
  return shared(JSON.stringify(asked), signal, (own) => ask(asked, own));
}

async function ask(asked: Asked, signal: AbortSignal): Promise<unknown> {
  if (asked.kind === "search") {
    const { q, start, end, limit, spss } = asked;
    const query = { q, start, end, limit, spss };
    const found = await content(api.GET("/api/traces/search", { params: { query }, signal }));
    return found.traces;
  }
  if (asked.kind === "instant") {
    const params = { query: { query: asked.query, time: asked.time } };
    const found = await content(api.GET("/api/prometheus/query", { params, signal }));
    return found.data.resultType === "vector" ? found.data.result : [];
  }
  const { query, start, end, step } = asked;
  const params = { query: { query, start, end, step } };
  const found = await content(api.GET("/api/prometheus/query_range", { params, signal }));
  return found.data.result;
}

/** An event behind a value, which has a trace. */
export interface Exemplar {
  trace: string;
  span: string;
  value: number;
  /** Unix seconds. */
  time: number;
}

/** The exemplars of the targets that ask for them. */
export function exemplarQuery(panel: Panel, { board, values, window, pixels }: View) {
  const grid = gridOf(window, pixels);
  const wanted = (panel.targets ?? []).filter(({ exemplar, expr }) => exemplar && expr);
  const all = wanted.map(({ expr = "" }) => fillQuery(expr, board, values, grid));
  return queryOptions({
    queryKey: ["exemplars", panel.id, all, grid.from, grid.to],
    queryFn: async ({ signal }) => {
      const given = { start: grid.from, end: grid.to };
      const found = await Promise.all(all.map((query) => exemplars({ query, ...given }, signal)));
      // The lines of a panel often stand for the same events.
      return [...new Map(found.flat().map((one) => [one.trace, one])).values()];
    },
    enabled: all.length > 0,
    placeholderData: keepPreviousData,
    structuralSharing: false,
    staleTime: Infinity,
    gcTime: KEPT_MS,
  });
}

type ExemplarRequest = { query: string; start: number; end: number };

function exemplars(query: ExemplarRequest, signal: AbortSignal): Promise<Exemplar[]> {
  return shared(`exemplars ${JSON.stringify(query)}`, signal, async (own) => {
    const params = { query };
    const found = await content(
      api.GET("/api/prometheus/query_exemplars", { params, signal: own }),
    );
    return found.data
      .flatMap((series) => series.exemplars)
      .map(({ labels, value, timestamp }) => ({
        trace: labels.trace_id ?? "",
        span: labels.span_id ?? "",
        value: Number(value),
        time: timestamp,
      }))
      .filter(({ trace, value }) => trace && Number.isFinite(value));
  });
}

/** The values that a variable can have in a window. */
export function valuesQuery(variable: Variable, { board, values, window }: Omit<View, "pixels">) {
  const to = Math.ceil(window.to / VALUES_EVERY) * VALUES_EVERY;
  const grid = { from: Math.floor(window.from / VALUES_EVERY) * VALUES_EVERY, to, step: 60 };
  const asked = variable.type === "query" ? labelQuery(variable, board, values, grid) : null;
  return queryOptions({
    queryKey: ["variable", variable.name, asked, to],
    queryFn: async ({ signal }) => {
      const params = { query: { query: asked?.expr ?? "", time: to } };
      const found = await content(api.GET("/api/prometheus/query", { params, signal }));
      const samples = found.data.result as { metric: Record<string, string> }[];
      return samples.map(({ metric }) => metric[asked?.label ?? ""] ?? "").sort();
    },
    enabled: asked !== null,
    placeholderData: keepPreviousData,
    staleTime: Infinity,
  });
}
