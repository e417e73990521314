import { Link, useNavigate } from "@tanstack/react-router";

import type { Incident, IncidentRun } from "../../api/types";
import { StatusBadge } from "../../components/Badge";
import { Panel } from "../../components/Panel";
import { Empty } from "../../components/states";
import { type Column, Table } from "../../components/Table";
import { Time } from "../../components/Time";
import { bytes, count, duration, NOTHING } from "../../lib/format";
import styles from "./IncidentPage.module.css";

const RUN: Column<IncidentRun> = {
  id: "run",
  title: "Run",
  width: "minmax(8rem, 3fr)",
  cell: (run) => (
    <Link to="/runs/$runId" params={{ runId: run.run_id }} data-row>
      {run.strategy} · {run.instrument_id}
    </Link>
  ),
};
const STARTED: Column<IncidentRun> = {
  id: "started",
  title: "Started",
  width: "minmax(5.5rem, 1fr)",
  end: true,
  cell: (run) => <Time at={run.started_at} />,
};

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
  { id: "window", title: "Window", width: "5rem", from: 620, cell: ({ window }) => window },
  {
    id: "took",
    title: "Took",
    width: "minmax(5rem, 1fr)",
    end: true,
    cell: (run) => (
      <span className={isLate(run) ? styles.late : undefined}>
        {duration(run.duration_seconds)}
      </span>
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
        : `${duration(run.objective_seconds)}, ${isLate(run) ? "missed" : "met"}`,
  },
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

function isLate(run: IncidentRun): boolean {
  return run.objective_seconds != null && run.duration_seconds > run.objective_seconds;
}

/** Runs that failed, and those that took longest against what they may take. */
export function RunsPart({ incident }: { incident: Incident }) {
  const { failed, slowest, by_status: by, total } = incident.runs;
  const lost = total - (by.ok ?? 0) - (by.cancelled ?? 0);
  return (
    <div className={styles.pair}>
      <Runs
        title="Failed runs"
        note={lost > failed.length ? `the newest ${failed.length} of ${count(lost)}` : count(lost)}
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
  );
}

interface RunsProps {
  title: string;
  note: string;
  rows: readonly IncidentRun[];
  columns: readonly Column<IncidentRun>[];
  none: string;
}

function Runs({ title, note, rows, columns, none }: RunsProps) {
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
