/** Where a trace is shown; a span of it is shown with its details. */
export function traceHref(trace: string, span = ""): string {
  return `/traces/${trace}${span && `?span=${span}`}`;
}
