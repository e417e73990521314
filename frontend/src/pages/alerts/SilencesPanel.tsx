import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { endSilence, silences } from "../../api/alertQueries";
import type { Silence } from "../../api/types";
import { Badge } from "../../components/Badge";
import { Button } from "../../components/Button";
import { Panel } from "../../components/Panel";
import { Async } from "../../components/states";
import { Time } from "../../components/Time";
import styles from "./Silences.module.css";
import { rowOf, writeFilter } from "./silence";

/** What nobody is told of at present, who wanted it so, and how to end it. */
export function SilencesPanel() {
  const query = useQuery(silences);
  return (
    <Panel title="Silences" note={query.data && String(query.data.length)}>
      <Async
        query={query}
        what="silences"
        empty="Nothing is silenced."
        isEmpty={(all) => !all.length}
      >
        {(all) => (
          <ul>
            {all.map((silence) => (
              <Line key={silence.silence_id} silence={silence} />
            ))}
          </ul>
        )}
      </Async>
    </Panel>
  );
}

function Line({ silence }: { silence: Silence }) {
  const client = useQueryClient();
  const end = useMutation({
    mutationFn: () => endSilence(silence.silence_id),
    onSettled: () => client.invalidateQueries({ queryKey: ["alerts"] }),
  });
  const matchers = writeFilter(silence.matchers.map(rowOf));
  return (
    <li className={styles.silence}>
      <div className={styles.line}>
        <Badge tone={silence.state === "active" ? "info" : "plain"}>{silence.state}</Badge>
        <code className={styles.matchers}>{matchers}</code>
        <span className={styles.end}>
          <span className="muted">
            ends <Time at={silence.ends_at} relative />
          </span>
          <Button
            small
            kind="danger"
            aria-label={`End the silence of ${matchers}`}
            disabled={end.isPending || end.isSuccess}
            onClick={() => end.mutate()}
          >
            {end.isPending || end.isSuccess ? "Ending" : "End"}
          </Button>
        </span>
      </div>
      <p className={styles.why}>
        {silence.created_by}: {silence.comment}
      </p>
      {end.error && (
        <p className={styles.error} role="alert">
          {end.error.message}
        </p>
      )}
    </li>
  );
}
