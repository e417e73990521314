import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";

import { sweeps } from "../../api/runQueries";
import type { SweepSummary } from "../../api/types";
import { buttonClass } from "../../components/Button";
import { Page } from "../../components/Page";
import { Panel } from "../../components/Panel";
import { Progress } from "../../components/Progress";
import { Async } from "../../components/states";
import { type Column, Table } from "../../components/Table";
import { Time } from "../../components/Time";
import { count } from "../../lib/format";
import { FIGURES, figureOf, figureText } from "./figures";
import { countsOf } from "./progress";
import { SweepBadge } from "./SweepBadge";
import styles from "./SweepPage.module.css";

/** The newest sweeps. */
export default function SweepsPage() {
  const query = useQuery(sweeps);
  const navigate = useNavigate();
  return (
    <Page
      title="Sweeps"
      tools={
        <Link to="/backtests" search={{ sweep: true }} className={buttonClass("primary")}>
          New sweep
        </Link>
      }
    >
      <Panel title="Sweeps" note={query.data && count(query.data.length)}>
        <Async
          query={query}
          what="the sweeps"
          lines={6}
          isEmpty={(all) => all.length === 0}
          empty="No sweep was started yet. A sweep is one backtest with many sets of parameters."
        >
          {(all) => (
            <Table
              label="Sweeps"
              rows={all}
              columns={COLUMNS}
              rowKey={(one) => one.sweep_id}
              onOpen={(one) =>
                void navigate({ to: "/sweeps/$sweepId", params: { sweepId: one.sweep_id } })
              }
              className={styles.list}
            />
          )}
        </Async>
      </Panel>
    </Page>
  );
}

const COLUMNS: readonly Column<SweepSummary>[] = [
  {
    id: "created_at",
    title: "Started",
    width: "minmax(8.5rem, 1fr)",
    cell: (one) => (
      <Link to="/sweeps/$sweepId" params={{ sweepId: one.sweep_id }} data-row tabIndex={-1}>
        <Time at={one.created_at} />
      </Link>
    ),
  },
  {
    id: "status",
    title: "Status",
    width: "6.5rem",
    cell: (one) => <SweepBadge status={one.status} />,
  },
  {
    id: "strategy",
    title: "Strategy",
    width: "minmax(7.5rem, 1fr)",
    cell: (one) => one.request.strategy,
  },
  {
    id: "instrument_id",
    title: "Instrument",
    width: "minmax(9rem, 1fr)",
    from: 560,
    cell: (one) => one.request.instrument_id,
  },
  {
    id: "grid",
    title: "Parameters",
    width: "minmax(9rem, 2fr)",
    from: 900,
    cell: (one) =>
      Object.entries(one.request.grid ?? {})
        .map(([name, values]) => `${name} (${values.length})`)
        .join(", ") || `${count(one.request.sets?.length)} sets`,
  },
  {
    id: "progress",
    title: "Runs",
    width: "6rem",
    end: true,
    cell: (one) => `${count(countsOf(one).ended)} / ${count(one.total)}`,
  },
  {
    id: "bar",
    title: "Progress",
    width: "7rem",
    from: 720,
    cell: (one) => {
      const { ended, failed } = countsOf(one);
      const tone = failed ? "warn" : undefined;
      return <Progress label="Progress" value={ended / one.total} tone={tone} />;
    },
  },
  {
    id: "best",
    title: "Best",
    width: "minmax(9rem, 1fr)",
    end: true,
    from: 640,
    cell: ({ best, request: { objective } }) =>
      best && `${FIGURES[objective].title} ${figureText(figureOf(best, objective), objective)}`,
  },
];
