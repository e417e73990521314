import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { lastRuns } from "../../api/queries";
import type { ResultSummary } from "../../api/types";
import { StatusBadge } from "../../components/Badge";
import { Panel } from "../../components/Panel";
import { Async } from "../../components/states";
import { Time } from "../../components/Time";
import { duration } from "../../lib/format";
import { pnlText } from "../../lib/pnl";
import list from "./list.module.css";
import styles from "./LastRuns.module.css";

const SHOWN = 12;

export function LastRuns() {
  const query = useQuery(lastRuns(SHOWN));
  return (
    <Panel title="Last runs" tools={<Link to="/backtests">All</Link>}>
      <Async
        query={query}
        what="runs"
        lines={6}
        isEmpty={(page) => !page.items.length}
        empty={
          <>
            No run yet. <Link to="/backtests">Start one</Link>
          </>
        }
      >
        {(page) => (
          <ul className={styles.runs}>
            {page.items.map((run) => (
              <Run key={run.run_id} run={run} />
            ))}
          </ul>
        )}
      </Async>
    </Panel>
  );
}

function Run({ run }: { run: ResultSummary }) {
  return (
    <li className={`${list.item} ${styles.run}`}>
      <StatusBadge status={run.status} />
      <Link to="/runs/$runId" params={{ runId: run.run_id }} className={styles.name}>
        {run.request.strategy} · {run.request.instrument_id}
      </Link>
      <span className={styles.figures}>
        <span>{pnlText(run.pnl)}</span>
        <span className={styles.took}>{duration(run.duration_seconds)}</span>
      </span>
      <span className={styles.when}>
        <Time at={run.finished_at} relative />
      </span>
      {run.error && <p className={styles.error}>{run.error.message}</p>}
    </li>
  );
}
