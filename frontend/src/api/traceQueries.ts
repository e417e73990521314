/** What is asked of the trace store. */

import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { readTrace } from "../tracing/otlp";
import { type Trace, unixMs } from "../tracing/model";
import { api, content } from "./client";
import { ApiError, isMissing } from "./problem";

const SECOND = 1_000;
/** Spans of what has just happened are still on their way for so long. */
const ARRIVING = 30 * SECOND;
const AGAIN = 3 * SECOND;
const NAMES_FRESH = 60 * SECOND;

/**
 * A trace; one that has just happened is asked for again until all of it should be there.
 *
 * `endedAt`: when what it is of ended, in Unix milliseconds. Its last span alone does not tell: that
 * of a run comes at its end, long after that of the request for it.
 */
export const trace = (id: string, endedAt?: number) => {
  const endOf = (data?: Trace) => Math.max(endedAt ?? 0, data ? unixMs(data, data.length) : 0);
  return queryOptions({
    queryKey: ["trace", id],
    queryFn: async ({ signal }) => {
      const params = { path: { trace_id: id } };
      const found = readTrace(await content(api.GET("/api/traces/{trace_id}", { params, signal })));
      if (found) return found;
      const detail = `no trace ${id}`;
      throw new ApiError({ title: "Not Found", status: 404, detail });
    },
    staleTime: ({ state: { data, dataUpdatedAt } }) =>
      endedAt !== undefined && dataUpdatedAt - endOf(data) > ARRIVING ? Infinity : ARRIVING,
    // Comparing thousands of spans one by one takes longer than drawing them.
    structuralSharing: (before, now) => (isSame(before, now) ? before : now),
    refetchInterval: ({ state: { data, error } }) => {
      const awaited = data !== undefined || isMissing(error);
      return awaited && Date.now() - endOf(data) < ARRIVING ? AGAIN : false;
    },
  });
};

/** Traces only grow. */
function isSame(before: unknown, now: unknown): boolean {
  const [one, other] = [before, now] as [Trace | undefined, Trace];
  return one?.spans.length === other.spans.length && one.length === other.length;
}

/** Unix seconds. */
export interface Seconds {
  start: number;
  end: number;
}

/** How many traces are asked for; what was found may be more. */
export const MOST_TRACES = 200;
/** Spans shown of each trace. */
const SPANS = 5;

/** Texts of a query, in which anything may stand. */
const TEXTS = /"(?:\\.|[^"\\])*"|`[^`]*`/g;
const PIPE = /(?<!\|)\|(?!\|)/;
/** What can be said of a whole query only: what is shown of spans, groups of them, hints. */
const WHOLE = /\b(?:select|by|coalesce|with)\s*\(/;

/** What finds those of a query's traces that have failed spans; null where nothing can. */
export function failedOf(q: string): string | null {
  const bare = q.replace(TEXTS, '""');
  if (WHOLE.test(bare)) return null;
  // Tempo joins a pipeline to another pipeline only.
  const failed = PIPE.test(bare) ? "({ status = error } | count() > 0)" : "{ status = error }";
  return `(${q}) && ${failed}`;
}

/** The newest, and where there are more, the newest that failed. */
export const foundTraces = (q: string, range: Seconds) =>
  queryOptions({
    queryKey: ["traces", "found", q, range],
    queryFn: async ({ signal }) => {
      const ask = (asked: string) => {
        const query = { q: asked, ...range, limit: MOST_TRACES, spss: SPANS };
        return content(api.GET("/api/traces/search", { params: { query }, signal }));
      };
      const found = await ask(q);
      const narrower = failedOf(q);
      if (found.traces.length < MOST_TRACES || narrower === null) return found;
      // The newest fill the answer: what failed before them would not be seen.
      const failed = await ask(narrower).catch(() => ({ traces: [] }));
      const known = new Set(found.traces.map(({ traceID }) => traceID));
      const older = failed.traces.filter(({ traceID }) => !known.has(traceID));
      return { ...found, traces: [...found.traces, ...older] };
    },
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    gcTime: 60 * SECOND,
  });

/** Names that can be asked for, such as `span.nautilus.strategy` and `duration`. */
export const attributeNames = queryOptions({
  queryKey: ["traces", "names"],
  queryFn: async ({ signal }) => {
    const { scopes } = await content(api.GET("/api/traces/tags", { signal }));
    return scopes;
  },
  staleTime: NAMES_FRESH,
});

const MOST_VALUES = 500;

export const attributeValues = (tag: string, range: Seconds) =>
  queryOptions({
    queryKey: ["traces", "values", tag],
    queryFn: async ({ signal }) => {
      const params = { path: { tag }, query: { ...range, limit: MOST_VALUES } };
      const found = await content(api.GET("/api/traces/tags/{tag}/values", { params, signal }));
      return found.tagValues;
    },
    staleTime: NAMES_FRESH,
  });
