import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";

import { notifications } from "../../api/alertQueries";
import { Badge } from "../../components/Badge";
import { Panel } from "../../components/Panel";
import { Async } from "../../components/states";
import { type Column, Table } from "../../components/Table";
import { Time } from "../../components/Time";
import { count } from "../../lib/format";
import { lasted } from "./AlertFacts";
import styles from "./AlertsPage.module.css";
import { SeverityBadge } from "./badges";
import { type Episode, episodesOf, isWanted, ownLabels } from "./grouping";
import type { AlertsSearch } from "./search";

const COLUMNS: readonly Column<Episode>[] = [
  {
    id: "name",
    title: "Alert",
    width: "minmax(11rem, 3fr)",
    cell: ({ name }) => (
      <Link to="/alerts" search={(now) => ({ ...now, alert: name })} resetScroll={false} data-row>
        {name}
      </Link>
    ),
  },
  {
    id: "severity",
    title: "Severity",
    width: "6rem",
    from: 460,
    cell: ({ severity }) => <SeverityBadge severity={severity} />,
  },
  {
    id: "labels",
    title: "Labels",
    width: "minmax(6rem, 3fr)",
    from: 620,
    cell: ({ labels }) =>
      ownLabels(labels)
        .map(([name, value]) => `${name}=${value}`)
        .join(" "),
  },
  {
    id: "starts_at",
    title: "Since",
    width: "minmax(6rem, 1fr)",
    end: true,
    cell: ({ starts_at }) => <Time at={starts_at} relative />,
  },
  {
    id: "lasted",
    title: "Lasted",
    width: "minmax(6.5rem, 1fr)",
    end: true,
    cell: ({ starts_at, ends_at }) =>
      ends_at === null ? <Badge tone="bad">no end</Badge> : lasted(starts_at, ends_at),
  },
  {
    id: "times",
    title: "Messages",
    width: "5.5rem",
    end: true,
    from: 760,
    cell: ({ times }) => count(times),
  },
];

/** What people were told, each time an alert fired as one line. */
export function RecentPanel({ search }: { search: AlertsSearch }) {
  const query = useQuery(notifications);
  const navigate = useNavigate();
  const { severity, q } = search;
  const rows = useMemo(
    () => episodesOf(query.data ?? []).filter((one) => isWanted(one, { severity, q })),
    [query.data, severity, q],
  );
  return (
    <Panel title="Recent" note={query.data && `${count(rows.length)} times somebody was told`}>
      <Async
        query={query}
        what="messages"
        isEmpty={() => !rows.length}
        empty={query.data?.length ? "None matches." : "Nobody was told of anything yet."}
      >
        {() => (
          <Table
            label="Recent alerts"
            rows={rows}
            columns={COLUMNS}
            rowKey={({ id }) => id}
            onOpen={({ name }) =>
              void navigate({
                to: "/alerts",
                search: (now: AlertsSearch) => ({ ...now, alert: name }),
                resetScroll: false,
              })
            }
            className={styles.recent}
          />
        )}
      </Async>
    </Panel>
  );
}
