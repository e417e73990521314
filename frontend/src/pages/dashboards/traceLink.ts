import pages from "../../../pages.json";

const HALF_HOUR_MS = 1_800_000;

/** Where a trace is shown; `time` (Unix seconds) is when it was. */
export function traceHref(trace: string, time?: number): string {
  if ("/traces/$traceId" in pages) return `/traces/${trace}`;
  const around = time === undefined ? null : Math.round(time * 1_000);
  const range = around === null ? { from: "now-7d", to: "now" } : aroundOf(around);
  return `/traces?${new URLSearchParams({ q: `{ trace:id = "${trace}" }`, ...range })}`;
}

function aroundOf(ms: number): { from: string; to: string } {
  return { from: String(ms - HALF_HOUR_MS), to: String(ms + HALF_HOUR_MS) };
}

/** Whether the console itself has the page of an address. */
export function isOwn(href: string): boolean {
  return !href.startsWith("/traces?") || "/traces" in pages;
}
