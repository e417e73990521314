import type { Incident } from "../../api/types";
import { Figures } from "../../components/Figures";
import { Time } from "../../components/Time";
import { count, duration } from "../../lib/format";
import styles from "./IncidentPage.module.css";

/** How much of what there is, and what is not known. */
export function Overview({ incident }: { incident: Incident }) {
  const { alerts, runs, traces, missing } = incident;
  const failed = runs.total - (runs.by_status.ok ?? 0) - (runs.by_status.cancelled ?? 0);
  const running = runs.running_total > 0 ? `, ${count(runs.running_total)} running` : "";
  const runNote = `${count(failed)} failed${running}`;
  const pages = alerts.items.filter(({ severity }) => severity === "page").length;
  const length = (Date.parse(incident.end) - Date.parse(incident.start)) / 1_000;
  return (
    <>
      {missing.length > 0 && (
        <div className={styles.missing} role="status">
          <strong>Not all of it is here.</strong>
          <ul>
            {missing.map(({ source, what, reason, hint }) => (
              <li key={`${source} ${reason}`}>
                {what}: {reason}
                {hint && <span> ({hint})</span>}
              </li>
            ))}
          </ul>
        </div>
      )}
      <div className={styles.figures}>
        <Figures
          of={[
            { name: "From", value: <Time at={incident.start} />, note: duration(length) },
            {
              name: "Alerts",
              value: count(alerts.total),
              note: pages === 1 ? "1 page" : `${count(pages)} pages`,
            },
            { name: "Runs", value: count(runs.total), note: runNote },
            ...traces
              // The results have counted runs already.
              .filter(({ title }) => !title.endsWith(" runs"))
              .map(({ title, traces: found }) => ({ name: title, value: count(found.length) })),
          ]}
        />
      </div>
    </>
  );
}
