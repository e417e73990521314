import { Link, useNavigate } from "@tanstack/react-router";

import type { Incident, IncidentRun, RunningRun } from "../../api/types";
import { StatusBadge } from "../../components/Badge";
import { Panel } from "../../components/Panel";
import { Empty } from "../../components/states";
import { type Column, Table } from "../../components/Table";
import { Time } from "../../components/Time";
import { bytes, count, duration, NOTHING, percent } from "../../lib/format";
import styles from "./IncidentPage.module.css";

type AnyRun = IncidentRun | RunningRun;

const RUN = {
  id: "run",
  title: "Run",
  width: "minmax(8rem, 3fr)",
  cell: (run: AnyRun) => (
    <Link to="/runs/$runId" params={{ runId: run.run_id }} data-row>
      {run.strategy} · {run.instrument_id}
    </Link>
  ),
};
const WINDOW = {
  id: "window",
  title: "Window",
  width: "5rem",
  from: 620,
  cell: ({ window }: AnyRun) => window,
};
const STARTED = {
  id: "started",
  title: "Started",
  width: "minmax(5.5rem, 1fr)",
  end: true,
  cell: (run: AnyRun) => <Time at={run.started_at} />,
};

/** How long runs took, or have taken so far, against what they may take; `within` when they do. */
function against<R extends AnyRun>(
  title: string,
  within: string,
  seconds: (run: R) => number,
): Column<R>[] {
  const isLate = (run: R) => run.objective_seconds != null && seconds(run) > run.objective_seconds;
  return [
    {
      id: "took",
      title,
      width: "minmax(5rem, 1fr)",
      end: true,
      cell: (run) => (
        <span className={isLate(run) ? styles.late : undefined}>{duration(seconds(run))}</span>
      ),
    },
    {
      id: "objective",
      title: "Objective",
      width: "minmax(7rem, 1fr)",
      end: true,
      from: 420,
      cell: (run) =>
        run.objective_seconds == null
          ? NOTHING
          : duration(run.objective_seconds) + (isLate(run) ? ", missed" : within),
    },
  ];
}

const RUNNING: readonly Column<RunningRun>[] = [
  RUN,
  WINDOW,
  {
    id: "stage",
    title: "Stage",
    width: "minmax(5rem, 1fr)",
    from: 520,
    cell: ({ stage }) => stage ?? NOTHING,
  },
  {
    id: "progress",
    title: "Done",
    width: "4rem",
    end: true,
    from: 760,
    cell: ({ progress }) => (progress == null ? NOTHING : percent(progress, 2)),
  },
  ...against<RunningRun>("So far", "", (run) => run.seconds_so_far),
  STARTED,
];

const FAILED: readonly Column<IncidentRun>[] = [
  RUN,
  {
    id: "status",
    title: "Status",
    width: "6rem",
    cell: ({ status }) => <StatusBadge status={status} />,
  },
  {
    id: "error",
    title: "Error",
    width: "minmax(7rem, 3fr)",
    from: 460,
    cell: ({ error }) => <span title={error ?? ""}>{error ?? NOTHING}</span>,
  },
  {
    id: "stage",
    title: "Stage",
    width: "5rem",
    from: 900,
    cell: ({ last_stage }) => last_stage ?? NOTHING,
  },
  STARTED,
];

const SLOW: readonly Column<IncidentRun>[] = [
  RUN,
  WINDOW,
  ...against<IncidentRun>("Took", ", met", (run) => run.duration_seconds),
  {
    id: "memory",
    title: "Memory",
    width: "minmax(5rem, 1fr)",
    end: true,
    from: 760,
    cell: (run) => (run.peak_memory_bytes ? bytes(run.peak_memory_bytes) : NOTHING),
  },
  STARTED,
];

/** Runs that failed, those that took longest against what they may take, and what goes on. */
export function RunsPart({ incident }: { incident: Incident }) {
  const { failed, slowest, running, running_total, by_status: by, total } = incident.runs;
  const lost = total - (by.ok ?? 0) - (by.cancelled ?? 0);
  return (
    <>
      {running.length > 0 && (
        <Runs
          title="Still running"
          note={
            running_total > running.length
              ? `the longest ${running.length} of ${count(running_total)}`
              : count(running_total)
          }
          rows={running}
          columns={RUNNING}
          none=""
        />
      )}
      <div className={styles.pair}>
        <Runs
          title="Failed runs"
          note={
            lost > failed.length ? `the newest ${failed.length} of ${count(lost)}` : count(lost)
          }
          rows={failed}
          columns={FAILED}
          none="No run failed."
        />
        <Runs
          title="Slowest runs"
          note={`of ${count(by.ok ?? 0)}`}
          rows={slowest}
          columns={SLOW}
          none="No run ended well in this time."
        />
      </div>
    </>
  );
}

interface RunsProps<R> {
  title: string;
  note: string;
  rows: readonly R[];
  columns: readonly Column<R>[];
  none: string;
}

function Runs<R extends AnyRun>({ title, note, rows, columns, none }: RunsProps<R>) {
  const navigate = useNavigate();
  return (
    <Panel title={title} note={note}>
      {rows.length ? (
        <Table
          label={title}
          rows={rows}
          columns={columns}
          rowKey={(run) => run.run_id}
          onOpen={(run) => void navigate({ to: "/runs/$runId", params: { runId: run.run_id } })}
          className={styles.table}
        />
      ) : (
        <Empty>{none}</Empty>
      )}
    </Panel>
  );
}
