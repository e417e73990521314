import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { alertValue } from "../../api/alertQueries";
import type { ActiveAlert } from "../../api/types";
import { Badge } from "../../components/Badge";
import { Button } from "../../components/Button";
import { Time } from "../../components/Time";
import { duration, plain } from "../../lib/format";
import styles from "./AlertDetail.module.css";
import { SeverityBadge, stateTone } from "./badges";
import { ownLabels } from "./grouping";
import { boardHref, expressionOf, incidentRange, tracesHref, webAddress } from "./links";
import { TargetLink } from "./TargetLink";

interface Facts {
  severity: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  starts_at: string;
  ends_at: string | null;
  generator_url: string;
}

interface Props {
  alert: Facts;
  /** Null: nobody knows whether it ended. */
  state: ActiveAlert["state"] | "resolved" | null;
  silence: () => void;
}

/** An alert in full, and where it leads. */
export function AlertFacts({ alert, state, silence }: Props) {
  const { summary, description } = alert.annotations;
  return (
    <article className={styles.facts} aria-label={summary ?? "alert"}>
      <div className={styles.line}>
        <SeverityBadge severity={alert.severity} />
        {state && <Badge tone={stateTone(state)}>{state}</Badge>}
        <span>
          since <Time at={alert.starts_at} />
        </span>
        {alert.ends_at && (
          <span className="muted">for {lasted(alert.starts_at, alert.ends_at)}</span>
        )}
        {state && state !== "resolved" && <Value alert={alert} />}
      </div>
      {summary && <p className={styles.summary}>{summary}</p>}
      {description && <p className={styles.text}>{description}</p>}
      <div className={styles.labels}>
        {ownLabels(alert.labels).map(([name, value]) => (
          <span key={name} className={styles.label}>
            {name}={value}
          </span>
        ))}
      </div>
      <Links alert={alert} silence={silence} />
    </article>
  );
}

function Links({ alert, silence }: Omit<Props, "state">) {
  const board = boardHref(alert);
  const traces = tracesHref(alert);
  const expression = webAddress(alert.generator_url);
  return (
    <div className={styles.links}>
      {board && <TargetLink href={board}>Board</TargetLink>}
      {traces && (
        <TargetLink href={traces} title={alert.annotations.traceql}>
          Traces
        </TargetLink>
      )}
      <Link to="/incident" search={incidentRange(alert)}>
        Incident
      </Link>
      {expression && (
        <a href={expression.href} rel="noreferrer">
          Expression
        </a>
      )}
      <Button small onClick={silence}>
        Silence
      </Button>
    </div>
  );
}

/** What the expression gives now; the texts have the value of when it began. */
function Value({ alert }: { alert: Facts }) {
  const expression = expressionOf(alert.generator_url);
  const query = useQuery({
    ...alertValue(expression ?? "", alert.labels),
    enabled: expression !== null,
  });
  if (query.data === undefined) return null;
  return (
    <span className="muted" title={expression ?? ""}>
      {query.data === null ? "no value now" : `value now ${plain(query.data)}`}
    </span>
  );
}

export function lasted(starts_at: string, ends_at: string): string {
  return duration((Date.parse(ends_at) - Date.parse(starts_at)) / 1_000);
}
