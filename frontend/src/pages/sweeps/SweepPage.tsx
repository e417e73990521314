import { useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useCallback } from "react";

import { cancelSweep, sweep as sweepQuery, useSweep } from "../../api/runQueries";
import type { Sweep } from "../../api/types";
import { Button, buttonClass } from "../../components/Button";
import { Page } from "../../components/Page";
import { Panel } from "../../components/Panel";
import { Async } from "../../components/states";
import { HeatPanel } from "./HeatPanel";
import { RunsPanel } from "./RunsPanel";
import type { SweepSearch } from "./search";
import styles from "./SweepPage.module.css";
import { SweepBadge } from "./SweepBadge";
import { SummaryPanel } from "./SummaryPanel";

const route = getRouteApi("/sweeps/$sweepId");

/** A sweep while it goes on and afterwards: how far it is, the best, the map, all runs. */
export default function SweepPage() {
  const { sweepId } = route.useParams();
  const query = useSweep(sweepId);
  const sweep = query.data;
  return (
    <Page
      title={sweep ? `Sweep · ${sweep.request.strategy} · ${sweep.request.instrument_id}` : "Sweep"}
      note={
        <>
          {sweep && <SweepBadge status={sweep.status} />}
          <span className="mono muted">{sweepId}</span>
        </>
      }
      tools={sweep && <Tools sweep={sweep} />}
    >
      {sweep ? (
        // Also when it could not be asked for again.
        <Async query={query} what="the sweep">
          {(found) => <Drawn key={found.sweep_id} sweep={found} />}
        </Async>
      ) : (
        <Panel title="Sweep">
          <Async query={query} what="the sweep" lines={8}>
            {() => null}
          </Async>
        </Panel>
      )}
    </Page>
  );
}

function Drawn({ sweep }: { sweep: Sweep }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const change = useCallback(
    (changed: SweepSearch) =>
      void navigate({
        search: (now) => ({ ...now, ...changed }),
        replace: true,
        resetScroll: false,
      }),
    [navigate],
  );
  const onSort = useCallback((sort: string) => change({ sort }), [change]);
  return (
    <div className={styles.page}>
      <SummaryPanel sweep={sweep} />
      <HeatPanel sweep={sweep} search={search} change={change} />
      <RunsPanel sweep={sweep} sort={search.sort} onSort={onSort} />
    </div>
  );
}

function Tools({ sweep }: { sweep: Sweep }) {
  const client = useQueryClient();
  const cancel = useMutation({
    mutationFn: () => cancelSweep(sweep.sweep_id),
    onSuccess: (now) => client.setQueryData(sweepQuery(sweep.sweep_id).queryKey, now),
    onSettled: () => client.invalidateQueries({ queryKey: ["sweeps"] }),
  });
  return (
    <>
      {cancel.error && <span role="alert">{cancel.error.message}</span>}
      <Link to="/sweeps" className={buttonClass()}>
        All sweeps
      </Link>
      {sweep.status === "running" && (
        <Button kind="danger" disabled={cancel.isPending} onClick={() => cancel.mutate()}>
          {cancel.isPending ? "Cancelling" : "Cancel the sweep"}
        </Button>
      )}
    </>
  );
}
