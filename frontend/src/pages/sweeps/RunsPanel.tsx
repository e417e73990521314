import { Link, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";

import type { Sweep, SweepRun } from "../../api/types";
import { StatusBadge } from "../../components/Badge";
import { Panel } from "../../components/Panel";
import { type Column, Table } from "../../components/Table";
import { count } from "../../lib/format";
import { sorted } from "../../lib/sorted";
import { bestFirst, FIGURE_NAMES, FIGURES, figureNamed, figureOf, figureText } from "./figures";
import { textOf, valueOf, variedOf } from "./heat";
import styles from "./SweepPage.module.css";

interface Props {
  sweep: Sweep;
  sort: string | undefined;
  onSort: (sort: string) => void;
}

/** Parameters have a name of their own in the order: one could be called `pnl`. */
const PARAMETER = "params.";

export function RunsPanel({ sweep, sort, onSort }: Props) {
  const navigate = useNavigate();
  const columns = useMemo(() => columnsOf(sweep.runs), [sweep.runs]);
  const order = sort ?? bestFirst(sweep.request.objective);
  const rows = useMemo(() => sorted(sweep.runs, order, orderedBy), [sweep.runs, order]);
  return (
    <Panel title="Runs" note={count(rows.length)}>
      <Table
        label="Runs of the sweep"
        rows={rows}
        columns={columns}
        rowKey={(run) => run.run_id}
        sort={order}
        onSort={onSort}
        onOpen={(run) => void navigate({ to: "/runs/$runId", params: { runId: run.run_id } })}
        className={styles.table}
      />
    </Panel>
  );
}

function orderedBy(run: SweepRun, column: string): string | number | null {
  if (column.startsWith(PARAMETER)) {
    const value = valueOf(run, column.slice(PARAMETER.length));
    return typeof value === "boolean" ? String(value) : value;
  }
  const figure = figureNamed(column);
  return figure ? figureOf(run, figure) : run.status;
}

/** Width from which each further figure has room, beside so many parameters. */
const FIRST_FROM = 330;
const FIGURE_PX = 92;

function columnsOf(runs: readonly SweepRun[]): readonly Column<SweepRun>[] {
  const varied = [...variedOf(runs).keys()];
  const parameters = varied.map((name): Column<SweepRun> => ({
    id: `${PARAMETER}${name}`,
    title: name.replaceAll("_", " "),
    width: "minmax(5.5rem, 1fr)",
    end: true,
    sortable: true,
    cell: (run) => textOf(valueOf(run, name)),
  }));
  const figures = FIGURE_NAMES.map((name, place): Column<SweepRun> => ({
    id: name,
    title: FIGURES[name].title,
    width: "minmax(5.5rem, 1fr)",
    end: true,
    sortable: true,
    from: place === 0 ? 0 : FIRST_FROM + FIGURE_PX * (varied.length + place),
    cell: (run) => figureText(figureOf(run, name), name),
  }));
  return [STATUS, ...parameters, ...figures];
}

const STATUS: Column<SweepRun> = {
  id: "status",
  title: "Run",
  width: "6.5rem",
  sortable: true,
  cell: (run) => (
    <Link
      to="/runs/$runId"
      params={{ runId: run.run_id }}
      data-row
      tabIndex={-1}
      title={run.error?.message}
      aria-label={`Run ${run.run_id}, ${run.status}`}
    >
      <StatusBadge status={run.status} />
    </Link>
  ),
};
