import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";

import { notifications } from "../../api/alertQueries";
import { alerts } from "../../api/queries";
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

interface Row extends Episode {
  /** Alertmanager has it now; without its word nobody knows. */
  active: boolean;
}

const COLUMNS: readonly Column<Row>[] = [
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
    cell: ({ starts_at, ends_at, active }) => {
      if (ends_at !== null) return lasted(starts_at, ends_at);
      return active ? <Badge tone="bad">still on</Badge> : <span className="muted">not known</span>;
    },
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
  const active = useQuery(alerts).data?.alerts;
  const rows = useMemo((): Row[] => {
    const now = new Set(active?.map(({ fingerprint }) => fingerprint));
    return episodesOf(query.data ?? [])
      .filter((one) => isWanted(one, { severity, q }))
      .map((one) => ({ ...one, active: now.has(one.fingerprint) }));
  }, [query.data, active, severity, q]);
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
