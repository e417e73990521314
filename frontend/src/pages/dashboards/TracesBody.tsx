import { useState } from "react";

import { TraceView } from "../../components/waterfall/TraceView";
import type { Panel } from "../../grafana/model";
import { fillQuery } from "../../grafana/variables";
import { AppLink } from "./AppLink";
import { useBoard } from "./BoardContext";
import styles from "./Panel.module.css";
import { traceHref } from "./traceLink";

const TRACE_ID = /^[0-9a-f]{1,32}$/i;
const DIGITS = 32;

/** The trace that is chosen by a table of the board. */
export function TracesBody({ panel }: { panel: Panel }) {
  const { board, values, window } = useBoard();
  const [span, setSpan] = useState<string>();
  const grid = { ...window, step: 60 };
  const trace = fillQuery(panel.targets?.[0]?.query ?? "", board, values, grid, "traceql");
  if (!TRACE_ID.test(trace)) {
    return <p className={styles.nothing}>No trace is chosen: open one from a table above.</p>;
  }
  return (
    <div className={styles.trace}>
      <p>
        <AppLink href={traceHref(trace, span)}>On a page of its own</AppLink>
      </p>
      <TraceView
        key={trace}
        id={trace.toLowerCase().padStart(DIGITS, "0")}
        chosen={span}
        onChoose={setSpan}
      />
    </div>
  );
}
