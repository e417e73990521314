/** What the address of a trace holds: the span whose details are shown. */

export interface TraceSearch {
  span?: string | undefined;
}

const SPAN_ID = /^[0-9a-f]{1,16}$/i;

export function readTraceSearch(given: Record<string, unknown>): TraceSearch {
  const { span } = given;
  return typeof span === "string" && SPAN_ID.test(span)
    ? { span: span.toLowerCase().padStart(16, "0") }
    : {};
}
