import type { UseQueryResult } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useMemo } from "react";

import type { RawDay } from "../../api/types";
import { Badge } from "../../components/Badge";
import { Panel } from "../../components/Panel";
import { Async } from "../../components/states";
import { type Column, Table } from "../../components/Table";
import { bytes, count, short } from "../../lib/format";
import styles from "./DataPage.module.css";
import { type DayLine, daysOf } from "./days";

const route = getRouteApi("/data");

const COLUMNS: readonly Column<DayLine>[] = [
  {
    id: "day",
    title: "Day",
    width: "minmax(6.5rem, 1fr)",
    cell: ({ day }) => (
      <Link to="/data" search={{ day }} data-row tabIndex={-1}>
        {day}
      </Link>
    ),
  },
  {
    id: "state",
    title: "Converted",
    width: "6.5rem",
    cell: (line) => <Converted line={line} />,
  },
  {
    id: "rows",
    title: "Rows",
    width: "4.5rem",
    end: true,
    cell: ({ rows }) => <span title={count(rows)}>{short(rows)}</span>,
  },
  {
    id: "rejected",
    title: "Rejected",
    width: "6rem",
    end: true,
    from: 400,
    cell: ({ rejected }) => <span title={count(rejected)}>{short(rejected)}</span>,
  },
  {
    id: "size",
    title: "Size",
    width: "6rem",
    end: true,
    from: 460,
    cell: ({ size }) => bytes(size),
  },
];

interface Props {
  query: UseQueryResult<RawDay[]>;
  open: string | undefined;
}

export function DaysPanel({ query, open }: Props) {
  const navigate = route.useNavigate();
  const lines = useMemo(() => daysOf(query.data ?? []), [query.data]);
  return (
    <Panel title="Raw days" note={query.data && count(lines.length)} className={styles.days}>
      <Async
        query={query}
        what="raw days"
        lines={6}
        isEmpty={(days) => !days.length}
        empty={
          <>
            There are no raw days. Put files below <code>by_date/day-YYYY-MM-DD</code> in the folder
            that <code>RAW_TICK_DIR</code> names.
          </>
        }
      >
        {() => (
          <Table
            label="Raw days"
            rows={lines}
            columns={COLUMNS}
            rowKey={({ day }) => day}
            onOpen={({ day }) => void navigate({ search: { day } })}
            isOpen={({ day }) => day === open}
          />
        )}
      </Async>
    </Panel>
  );
}

function Converted({ line }: { line: DayLine }) {
  const { converted, files, wrong } = line;
  const text = `${converted} of ${files}`;
  if (wrong) return <Badge tone="bad">{text}</Badge>;
  return <Badge tone={converted === files ? "good" : "plain"}>{text}</Badge>;
}
