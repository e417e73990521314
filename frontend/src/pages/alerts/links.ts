/** Where an alert leads: its board, its traces, its expression, and the time around it. */

import { lengthOf } from "../../grafana/range";

const HOUR_MS = 3_600_000;
const AFTER_MS = 600_000;
const BEFORE_MS = 900_000;
const RELATIVE = /([?&]from=)now-(\d+[smhdw])(&to=)now(?=&|$)/;
const OWN_BOARD = /^\/dashboards\/[a-z0-9-]+$/;

export interface Told {
  annotations: Record<string, string>;
  starts_at: string;
  /** Null while it fires. */
  ends_at: string | null;
}

/** Its board, from as long before the start as it usually shows; null without a usable address. */
export function boardHref({ annotations, starts_at, ends_at }: Told): string | null {
  const address = webAddress(annotations.dashboard_url);
  if (!address) return null;
  const start = Date.parse(starts_at);
  const fixed = address.href.replace(RELATIVE, (whole, from: string, since: string, to: string) => {
    const seconds = lengthOf(since);
    return seconds === null ? whole : `${from}${start - seconds * 1_000}${to}${endOf(ends_at)}`;
  });
  // Boards of the console open in it, by whatever name of the machine the rule knows it.
  return OWN_BOARD.test(address.pathname) ? fixed.slice(address.origin.length) : fixed;
}

/** The search that finds the culprits, from an hour before the start. */
export function tracesHref({ annotations, starts_at, ends_at }: Told): string | null {
  if (!annotations.traceql) return null;
  const search = new URLSearchParams({
    q: annotations.traceql,
    from: String(Date.parse(starts_at) - HOUR_MS),
    to: endOf(ends_at),
  });
  return `/traces?${search}`;
}

/** The time around it, for the page of an incident. */
export function incidentRange({ starts_at, ends_at }: Omit<Told, "annotations">) {
  return { from: String(Date.parse(starts_at) - BEFORE_MS), to: endOf(ends_at) };
}

/** The expression of the rule, out of its address in Prometheus. */
export function expressionOf(generator: string): string | null {
  return webAddress(generator)?.searchParams.get("g0.expr") ?? null;
}

/** Texts of rules are anybody's: only addresses of the web become links. */
export function webAddress(text: string | undefined): URL | null {
  const address = text ? URL.parse(text, globalThis.location.origin) : null;
  return address && ["http:", "https:"].includes(address.protocol) ? address : null;
}

function endOf(ends_at: string | null): string {
  return ends_at === null ? "now" : String(Date.parse(ends_at) + AFTER_MS);
}
