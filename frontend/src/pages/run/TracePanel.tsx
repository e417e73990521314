import { Link } from "@tanstack/react-router";
import { useRef, useState } from "react";

import type { BacktestResult } from "../../api/types";
import { Panel } from "../../components/Panel";
import { Empty, Loading } from "../../components/states";
import { TraceView } from "../../components/waterfall/TraceView";
import { useSeen } from "../../lib/useSeen";
import styles from "./TracePanel.module.css";

/** The run's trace as a waterfall, asked for when it comes into sight. */
export function TracePanel({ run }: { run: BacktestResult }) {
  const place = useRef<HTMLDivElement>(null);
  const isSeen = useSeen(place);
  const [span, setSpan] = useState<string>();
  const id = run.trace_id;
  return (
    <Panel
      title="Trace"
      className={styles.panel}
      tools={
        id && (
          <Link to="/traces/$traceId" params={{ traceId: id }} search={span ? { span } : {}}>
            On a page of its own
          </Link>
        )
      }
    >
      <div ref={place} className={styles.place}>
        {!id ? (
          <Empty>This run has no trace: tracing was off when it ran.</Empty>
        ) : isSeen ? (
          <TraceView
            id={id}
            endedAt={new Date(run.finished_at).getTime()}
            chosen={span}
            onChoose={setSpan}
          />
        ) : (
          <Loading what="the trace" lines={10} />
        )}
      </div>
    </Panel>
  );
}
