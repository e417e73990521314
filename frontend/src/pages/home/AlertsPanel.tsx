import { useQuery } from "@tanstack/react-query";

import { alerts } from "../../api/queries";
import type { ActiveAlert } from "../../api/types";
import { Badge } from "../../components/Badge";
import { Panel } from "../../components/Panel";
import { Async } from "../../components/states";
import { Time } from "../../components/Time";
import styles from "./list.module.css";

const WATCHDOG = "Watchdog";

/** What is wrong now; the alert that always fires, to show that alerting works, is no trouble. */
export function AlertsPanel() {
  const query = useQuery(alerts);
  const wrong = (all: readonly ActiveAlert[]) =>
    all.filter((alert) => alert.state === "firing" && alert.name !== WATCHDOG);
  const firing = query.data && wrong(query.data.alerts);
  const quiet = query.data?.alerts.filter((alert) => alert.state !== "firing").length ?? 0;
  return (
    <Panel
      title="Wrong now"
      note={firing && `${firing.length} firing${quiet ? `, ${quiet} silenced or waiting` : ""}`}
    >
      <Async
        query={query}
        what="alerts"
        empty="Nothing fires."
        isEmpty={(found) => !wrong(found.alerts).length}
      >
        {(found) => (
          <ul className={styles.list}>
            {wrong(found.alerts).map((alert) => (
              <Alert key={alert.fingerprint} alert={alert} />
            ))}
          </ul>
        )}
      </Async>
    </Panel>
  );
}

function Alert({ alert }: { alert: ActiveAlert }) {
  const { summary, description, dashboard_url: board, traces_url: traces } = alert.annotations;
  return (
    <li className={styles.item}>
      <div className={styles.line}>
        <Badge tone={alert.severity === "page" ? "bad" : "warn"}>{alert.severity}</Badge>
        <a className={styles.name} href={`/api/runbooks/${alert.name}`}>
          {alert.name}
        </a>
        <span className={styles.end}>
          {isWeb(board) && <a href={board}>board</a>}
          {isWeb(traces) && <a href={traces}>traces</a>}
          <span className="muted">
            <Time at={alert.starts_at} relative />
          </span>
        </span>
      </div>
      {(summary ?? description) && <p className={styles.detail}>{summary ?? description}</p>}
    </li>
  );
}

/** Annotations are text of rules: only addresses become links. */
function isWeb(address: string | undefined): address is string {
  return /^(https?:\/\/|\/(?!\/))/.test(address ?? "");
}
