import type { Panel } from "../../grafana/model";
import { fillQuery } from "../../grafana/variables";
import { AppLink } from "./AppLink";
import { useBoard } from "./BoardContext";
import styles from "./Panel.module.css";
import { traceHref } from "./traceLink";

const TRACE_ID = /^[0-9a-f]{1,32}$/i;

/** Grafana draws the trace here; the console has a page for it. */
export function TracesBody({ panel }: { panel: Panel }) {
  const { board, values, window } = useBoard();
  const grid = { ...window, step: 60 };
  const trace = fillQuery(panel.targets?.[0]?.query ?? "", board, values, grid, "traceql");
  if (!TRACE_ID.test(trace)) {
    return <p className={styles.nothing}>No trace is chosen: open one from a table above.</p>;
  }
  return (
    <p className={styles.nothing}>
      Traces are not drawn on boards.{" "}
      <AppLink href={traceHref(trace)}>
        Open trace <code>{trace}</code>
      </AppLink>
    </p>
  );
}
