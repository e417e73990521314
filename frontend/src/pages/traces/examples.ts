/** Questions that are often asked. */

export interface Example {
  title: string;
  q: string;
}

const RUN = 'name = "backtest run"';

export const EXAMPLES: readonly Example[] = [
  { title: "Everything", q: "{ }" },
  {
    title: "What failed, and why",
    q: "{ status = error } | select(statusMessage)",
  },
  {
    title: "Backtest runs",
    q: `{ ${RUN} } | select(span.nautilus.strategy, span.nautilus.window, span.nautilus.status)`,
  },
  {
    title: "Slow runs",
    q: `{ ${RUN} && duration > 10s } | select(span.nautilus.strategy, span.nautilus.peak_memory_bytes)`,
  },
  { title: "Runs that were killed", q: '{ span.nautilus.status = "killed" }' },
  {
    title: "Long waits for a worker",
    q: '{ name = "job queue" && duration > 5s }',
  },
  { title: "Slow queries of the catalog", q: '{ name = "catalog query" && duration > 500ms }' },
  { title: "Conversions", q: '{ name = "conversion" } | select(span.nautilus.rows)' },
  { title: "Requests answered with 5xx", q: "{ span.http.status_code >= 500 }" },
];
