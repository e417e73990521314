import { Link } from "@tanstack/react-router";

import type { ActiveAlert } from "../../api/types";
import { Badge } from "../../components/Badge";
import { Time } from "../../components/Time";
import { SeverityBadge, stateTone } from "./badges";
import styles from "./Groups.module.css";
import { type Group, ownLabels } from "./grouping";

/** What people are told of together stands together. */
export function Groups({
  groups,
  opened,
}: {
  groups: readonly Group[];
  opened: string | undefined;
}) {
  return (
    <ul>
      {groups.map((group) => (
        <li
          key={group.key}
          className={styles.group}
          data-opened={group.name === opened || undefined}
        >
          <div className={styles.head}>
            <SeverityBadge severity={group.severity} />
            <Link
              to="/alerts"
              search={(now) => ({ ...now, alert: group.name })}
              resetScroll={false}
              className={styles.name}
              aria-current={group.name === opened || undefined}
            >
              {group.name}
            </Link>
            <span className="muted">
              {Object.entries(group.labels)
                .map(([name, value]) => `${name}=${value}`)
                .join(" ")}
            </span>
            {group.alerts.length > 1 && <span className="muted">{group.alerts.length} alerts</span>}
          </div>
          <ul>
            {group.alerts.map((alert) => (
              <Line key={alert.fingerprint} alert={alert} group={group} />
            ))}
          </ul>
        </li>
      ))}
    </ul>
  );
}

function Line({ alert, group }: { alert: ActiveAlert; group: Group }) {
  const { summary, description } = alert.annotations;
  const labels = ownLabels(alert.labels).filter(([name]) => !(name in group.labels));
  return (
    <li className={styles.alert}>
      <div className={styles.head}>
        <Badge tone={stateTone(alert.state)}>{alert.state}</Badge>
        <span className={styles.labels}>
          {labels.map(([name, value]) => `${name}=${value}`).join(" ")}
        </span>
        <span className={styles.since}>
          <Time at={alert.starts_at} relative />
        </span>
      </div>
      {(summary ?? description) && <p className={styles.summary}>{summary ?? description}</p>}
    </li>
  );
}
