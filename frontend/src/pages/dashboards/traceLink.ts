import type { Panel } from "../../grafana/model";
import { fillQuery } from "../../grafana/variables";
import type { Shown } from "./BoardContext";

const TRACE_ID = /^[0-9a-f]{1,32}$/i;
const DIGITS = 32;

/** The trace that a panel shows, by the variables of its board; null when none is chosen. */
export function chosenTrace(panel: Panel, { board, values, window }: Shown): string | null {
  const grid = { ...window, step: 60 };
  const id = fillQuery(panel.targets?.[0]?.query ?? "", board, values, grid, "traceql");
  return TRACE_ID.test(id) ? id.toLowerCase().padStart(DIGITS, "0") : null;
}

/** Where a trace is shown; a span of it is shown with its details. */
export function traceHref(trace: string, span = ""): string {
  return `/traces/${trace}${span && `?span=${span}`}`;
}
