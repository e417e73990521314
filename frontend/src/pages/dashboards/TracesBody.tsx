import { useState } from "react";

import { TraceView } from "../../components/waterfall/TraceView";
import type { Panel } from "../../grafana/model";
import { AppLink } from "./AppLink";
import { useBoard } from "./BoardContext";
import styles from "./Panel.module.css";
import { chosenTrace, traceHref } from "./traceLink";

/** The trace that is chosen by a table of the board. */
export function TracesBody({ panel }: { panel: Panel }) {
  const trace = chosenTrace(panel, useBoard());
  const [span, setSpan] = useState<string>();
  if (!trace) {
    return <p className={styles.nothing}>No trace is chosen: open one from a table above.</p>;
  }
  return (
    <div className={styles.trace}>
      <p>
        <AppLink href={traceHref(trace, span)}>On a page of its own</AppLink>
      </p>
      <TraceView key={trace} id={trace} chosen={span} onChoose={setSpan} />
    </div>
  );
}
