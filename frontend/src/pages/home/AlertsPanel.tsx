import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { withoutWatchdog, wrongNow } from "../../api/alertQueries";
import { alerts } from "../../api/queries";
import type { ActiveAlert } from "../../api/types";
import { Badge } from "../../components/Badge";
import { Panel } from "../../components/Panel";
import { Async } from "../../components/states";
import { Time } from "../../components/Time";
import { boardHref, incidentRange, tracesHref } from "../alerts/links";
import { TargetLink } from "../alerts/TargetLink";
import styles from "./list.module.css";

/** What is wrong now. */
export function AlertsPanel() {
  const query = useQuery(alerts);
  const firing = query.data && wrongNow(query.data.alerts);
  const quiet = query.data
    ? withoutWatchdog(query.data.alerts).length - wrongNow(query.data.alerts).length
    : 0;
  return (
    <Panel
      title="Wrong now"
      note={firing && `${firing.length} firing${quiet ? `, ${quiet} silenced or waiting` : ""}`}
      tools={
        <Link to="/alerts" search={{}}>
          All
        </Link>
      }
    >
      <Async
        query={query}
        what="alerts"
        empty="Nothing fires."
        isEmpty={(found) => !wrongNow(found.alerts).length}
      >
        {(found) => (
          <ul className={styles.list}>
            {wrongNow(found.alerts).map((alert) => (
              <Alert key={alert.fingerprint} alert={alert} />
            ))}
          </ul>
        )}
      </Async>
    </Panel>
  );
}

function Alert({ alert }: { alert: ActiveAlert }) {
  const { summary, description } = alert.annotations;
  const told = { ...alert, ends_at: null };
  const board = boardHref(told);
  const traces = tracesHref(told);
  return (
    <li className={styles.item}>
      <div className={styles.line}>
        <Badge tone={alert.severity === "page" ? "bad" : "warn"}>{alert.severity}</Badge>
        <Link to="/alerts" search={{ alert: alert.name }} className={styles.name}>
          {alert.name}
        </Link>
        <span className={styles.end}>
          {board && <TargetLink href={board}>board</TargetLink>}
          {traces && <TargetLink href={traces}>traces</TargetLink>}
          <Link to="/incident" search={incidentRange(told)}>
            incident
          </Link>
          <span className="muted">
            <Time at={alert.starts_at} relative />
          </span>
        </span>
      </div>
      {(summary ?? description) && <p className={styles.detail}>{summary ?? description}</p>}
    </li>
  );
}
