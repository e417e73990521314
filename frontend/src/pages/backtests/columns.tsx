import { Link } from "@tanstack/react-router";

import type { RunLine } from "../../api/runLines";
import { StatusBadge } from "../../components/Badge";
import type { Column } from "../../components/Table";
import { Time } from "../../components/Time";
import { amount, bytes, count, duration, NOTHING, short } from "../../lib/format";

/** The columns of results; those with an order have the service's name for it. */
export const COLUMNS: readonly Column<RunLine>[] = [
  {
    id: "created_at",
    title: "Started",
    width: "minmax(8.5rem, 2fr)",
    sortable: true,
    cell: (run) => (
      <Link to="/runs/$runId" params={{ runId: run.run_id }} data-row tabIndex={-1}>
        <Time at={run.created_at} />
      </Link>
    ),
  },
  {
    id: "status",
    title: "Status",
    width: "6rem",
    cell: (run) => <StatusBadge status={run.status} />,
  },
  {
    id: "strategy",
    title: "Strategy",
    width: "minmax(7.5rem, 1fr)",
    cell: (run) => run.strategy,
  },
  {
    id: "instrument_id",
    title: "Instrument",
    width: "minmax(8rem, 1.2fr)",
    from: 460,
    cell: (run) => run.instrument_id,
  },
  {
    id: "window",
    title: "Window",
    width: "5rem",
    from: 870,
    cell: (run) => run.window,
  },
  {
    id: "pnl",
    title: "PnL",
    width: "minmax(7rem, 1fr)",
    end: true,
    sortable: true,
    from: 620,
    cell: (run) => (run.currency ? `${amount(run.pnl)} ${run.currency}` : NOTHING),
  },
  {
    id: "duration_seconds",
    title: "Took",
    width: "5.5rem",
    end: true,
    sortable: true,
    from: 760,
    cell: (run) => duration(run.duration_seconds),
  },
  {
    id: "data_points",
    title: "Ticks",
    width: "5.5rem",
    end: true,
    sortable: true,
    from: 960,
    cell: (run) => <span title={count(run.data_points)}>{short(run.data_points)}</span>,
  },
  {
    id: "data_points_per_second",
    title: "Ticks/s",
    width: "5.5rem",
    end: true,
    sortable: true,
    from: 1050,
    cell: (run) => short(run.data_points_per_second),
  },
  {
    id: "peak_memory_bytes",
    title: "Memory",
    width: "6rem",
    end: true,
    sortable: true,
    from: 1140,
    cell: (run) => bytes(run.peak_memory_bytes),
  },
  {
    id: "orders",
    title: "Orders",
    width: "5.5rem",
    end: true,
    sortable: true,
    from: 1240,
    cell: (run) => count(run.orders),
  },
];
