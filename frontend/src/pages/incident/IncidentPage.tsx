import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useMemo } from "react";

import { incident } from "../../api/alertQueries";
import { Button } from "../../components/Button";
import { Page } from "../../components/Page";
import { Async, Empty, Loading, Stale } from "../../components/states";
import { TimeRange } from "../../components/TimeRange";
import { isLive, resolve, type TextRange, type Window } from "../../grafana/range";
import { useLast } from "../../lib/useLast";
import { isAgain, useNow } from "../../lib/useNow";
import { AlertsPart } from "./AlertsPart";
import { DownloadMenu } from "./DownloadMenu";
import { FromAlert } from "./FromAlert";
import styles from "./IncidentPage.module.css";
import { Overview } from "./Overview";
import { askedOf, LAST_HOUR, settled } from "./range";
import { RunsPart } from "./RunsPart";
import { TracesPart } from "./TracesPart";

// The lists are drawn before the charts are there.
const KeyPanels = lazy(() => import("./KeyPanels"));
const EVERY_SECONDS = 30;
const route = getRouteApi("/incident");

/** All that is known of a time, on one page, and as a file. */
export default function IncidentPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const range = useMemo(
    () => ({ from: search.from ?? LAST_HOUR.from, to: search.to ?? LAST_HOUR.to }),
    [search.from, search.to],
  );
  const every = isLive(range) ? EVERY_SECONDS : null;
  const [exactly, update] = useNow(every, `${range.from} ${range.to}`);
  const now = settled(exactly);
  const change = useCallback(
    (changed: TextRange) => {
      if (isAgain(changed, range)) update();
      else void navigate({ search: (before) => ({ ...before, ...changed }), resetScroll: false });
    },
    [navigate, range, update],
  );
  const asked = useMemo(() => askedOf(range, now), [range, now]);
  const usable = typeof asked === "object";
  return (
    <Page title="Incident" tools={usable && <DownloadMenu window={asked} />}>
      <div className={styles.toolbar} role="group" aria-label="Time">
        <TimeRange range={range} window={usable ? asked : resolve(range, now)} change={change} />
        <FromAlert change={change} />
        <Button onClick={update} aria-label="Refresh" title="Refresh">
          ↻
        </Button>
      </div>
      {usable ? (
        <Known range={range} window={asked} change={change} />
      ) : (
        <Empty>
          <span role="alert">{asked}</span>
          <Button onClick={() => change(LAST_HOUR)}>Show the last hour</Button>
        </Empty>
      )}
    </Page>
  );
}

interface KnownProps {
  range: TextRange;
  window: Window;
  change: (changed: TextRange) => void;
}

function Known(props: KnownProps) {
  const query = useQuery(incident(props.window.from, props.window.to));
  const { data: found, at } = useLast(query, `${props.range.from} ${props.range.to}`);
  const charts = (
    <Suspense fallback={<Loading what="the charts" lines={6} />}>
      <KeyPanels {...props} />
    </Suspense>
  );
  return (
    <div className={styles.parts} aria-busy={query.isFetching}>
      {found ? (
        <>
          {query.error && <Stale at={at} error={query.error} retry={() => void query.refetch()} />}
          <Overview incident={found} />
          <AlertsPart incident={found} />
          <RunsPart incident={found} />
          {charts}
          <TracesPart incident={found} />
        </>
      ) : (
        <>
          <Async query={query} what="the incident" lines={10}>
            {() => null}
          </Async>
          {query.isError && charts}
        </>
      )}
    </div>
  );
}
