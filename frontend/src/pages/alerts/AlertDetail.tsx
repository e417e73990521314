import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useRef } from "react";

import { notifications, runbook } from "../../api/alertQueries";
import type { ActiveAlert } from "../../api/types";
import { Button, buttonClass } from "../../components/Button";
import { Panel } from "../../components/Panel";
import { Async, Empty, Loading } from "../../components/states";
import styles from "./AlertDetail.module.css";
import { AlertFacts } from "./AlertFacts";
import { episodesOf } from "./grouping";
import { filterOf } from "./silence";

// The page is drawn before its longest part.
const RunbookTree = lazy(() => import("../../components/RunbookTree"));
const SHOWN = 10;

interface Props {
  name: string;
  /** Undefined while nobody knows. */
  active: readonly ActiveAlert[] | undefined;
  silence: (matchers: string) => void;
}

/** One alert: each that fires of that name, else the last time it did; and what to do about it. */
export function AlertDetail({ name, active, silence }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const told = useQuery(notifications);
  const last = episodesOf(told.data ?? []).find((one) => one.name === name);
  const quiet = active?.length === 0;
  useEffect(() => {
    // Not handed back: newer browsers give a promise, which is no way to undo it.
    place.current?.scrollIntoView({ block: "nearest" });
  }, []);
  return (
    <div ref={place} className={styles.detail}>
      <Panel
        title={name}
        note={quiet ? "does not fire" : undefined}
        tools={
          <>
            <Button small onClick={() => silence(filterOf({ alertname: name }))}>
              Silence {active && active.length > 1 ? "all" : ""}
            </Button>
            <Link
              to="/alerts"
              search={(now) => ({ ...now, alert: undefined })}
              resetScroll={false}
              className={buttonClass("plain", true)}
              aria-label="Close"
              title="Close"
            >
              ×
            </Link>
          </>
        }
      >
        {active?.slice(0, SHOWN).map((alert) => (
          <AlertFacts
            key={alert.fingerprint}
            alert={{ ...alert, ends_at: null }}
            state={alert.state}
            silence={() => silence(filterOf(alert.labels))}
          />
        ))}
        {active && active.length > SHOWN && (
          <Empty>{active.length - SHOWN} more of this name fire.</Empty>
        )}
        {quiet && last && (
          <AlertFacts
            alert={last}
            state={last.ends_at === null ? null : "resolved"}
            silence={() => silence(filterOf(last.labels))}
          />
        )}
        {quiet && !last && !told.isPending && (
          <Empty>Nobody was told of an alert of this name, as far as is remembered.</Empty>
        )}
        <Runbook name={name} />
      </Panel>
    </div>
  );
}

function Runbook({ name }: { name: string }) {
  const query = useQuery(runbook(name));
  return (
    <section className={styles.runbook} aria-label={`Runbook of ${name}`}>
      <h3>
        Runbook{" "}
        {query.data && (
          <Link to="/runbooks/$alert" params={{ alert: name }}>
            on a page of its own
          </Link>
        )}
      </h3>
      <Async query={query} what="the runbook" lines={6}>
        {(page) =>
          page ? (
            <Suspense fallback={<Loading what="the runbook" lines={6} />}>
              <RunbookTree content={page.content} under={2} />
            </Suspense>
          ) : (
            <p className="muted">There is no runbook of that name.</p>
          )
        }
      </Async>
    </section>
  );
}
