/** What is asked about alerts, silences, runbooks and incidents. */

import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api, content } from "./client";
import type { ActiveAlert, Incident, Matcher, RunbookPage } from "./types";

const WATCHED = 15_000;
const SETTLED = 5 * 60_000;
/** As many as the service keeps. */
const NOTIFICATIONS = 1_000;
/** The alert that always fires, to show that alerting works, is no trouble. */
const WATCHDOG = "Watchdog";

/** Those that somebody is told of. */
export function wrongNow(all: readonly ActiveAlert[]): ActiveAlert[] {
  return withoutWatchdog(all).filter((alert) => alert.state === "firing");
}

export function withoutWatchdog(all: readonly ActiveAlert[]): ActiveAlert[] {
  return all.filter((alert) => alert.name !== WATCHDOG);
}

/** Messages to people, the newest first. */
export const notifications = queryOptions({
  queryKey: ["alerts", "notifications"],
  queryFn: async ({ signal }) => {
    const params = { query: { limit: NOTIFICATIONS } };
    return (await content(api.GET("/api/alerts/notifications", { params, signal }))).items;
  },
  refetchInterval: WATCHED,
});

export const silences = queryOptions({
  queryKey: ["alerts", "silences"],
  queryFn: ({ signal }) => content(api.GET("/api/alerts/silences", { signal })),
  refetchInterval: WATCHED,
});

/** The page of an alert as a tree; null where there is none. */
export const runbook = (alert: string) =>
  queryOptions({
    queryKey: ["runbook", alert],
    queryFn: async ({ signal }) => {
      const params = { path: { alert } };
      const headers = { Accept: "application/json" };
      const answer = await api.GET("/api/runbooks/{alert}", { params, headers, signal });
      // A rule of one's own may have none, and its name may be no runbook's.
      if ([404, 422].includes(answer.response.status)) return null;
      // Markdown is what it gives to who asks for nothing.
      return (await content(Promise.resolve(answer))) as RunbookPage;
    },
    staleTime: SETTLED,
  });

/** The value of an alert's expression now, for the series with its labels; null where none has. */
export const alertValue = (expression: string, labels: Record<string, string>) =>
  queryOptions({
    queryKey: ["alerts", "value", expression],
    queryFn: async ({ signal }) => {
      const params = { query: { query: expression } };
      const { data } = await content(api.GET("/api/prometheus/query", { params, signal }));
      return data.resultType === "vector" ? (data.result as Sample[]) : [];
    },
    select: (samples) => valueOf(samples, labels),
    refetchInterval: WATCHED,
    placeholderData: keepPreviousData,
  });

interface Sample {
  metric: Record<string, string>;
  value: [number, string];
}

/** Rules add labels to those of the series, and take none away. */
export function valueOf(samples: readonly Sample[], labels: Record<string, string>): number | null {
  const found = samples.find(({ metric }) =>
    Object.entries(metric).every(([name, value]) => name === "__name__" || labels[name] === value),
  );
  const value = Number(found?.value[1]);
  return Number.isFinite(value) ? value : null;
}

export interface SilenceRequest {
  matchers: Matcher[];
  duration_seconds: number;
  created_by: string;
  comment: string;
}

export function setSilence(body: SilenceRequest) {
  return content(api.POST("/api/alerts/silences", { body }));
}

export function endSilence(id: string) {
  const params = { path: { silence_id: id } };
  return content(api.DELETE("/api/alerts/silences/{silence_id}", { params }));
}

/** What happened between two moments (Unix seconds). */
export const incident = (from: number, to: number) =>
  queryOptions({
    queryKey: ["incident", from, to],
    queryFn: async ({ signal }) => {
      const body = incidentBody(from, to);
      return (await content(api.POST("/api/incidents", { body, signal }))) as Incident;
    },
    placeholderData: keepPreviousData,
    staleTime: SETTLED,
    gcTime: 60_000,
  });

export type BundleFormat = "json" | "markdown" | "zip";

/** The same as a file, with the name that the service gives it. */
export async function incidentFile(from: number, to: number, format: BundleFormat) {
  const answer = await api.POST("/api/incidents", {
    params: { query: { format } },
    body: incidentBody(from, to),
    parseAs: "blob",
  });
  const blob = await content(Promise.resolve(answer));
  const said = answer.response.headers.get("content-disposition") ?? "";
  return { blob, name: /filename="([^"/\\]+)"/.exec(said)?.[1] ?? `incident.${format}` };
}

function incidentBody(from: number, to: number): { start: string; end: string } {
  const [start, end] = [from, to].map((seconds) => new Date(seconds * 1_000).toISOString());
  return { start: start ?? "", end: end ?? "" };
}
