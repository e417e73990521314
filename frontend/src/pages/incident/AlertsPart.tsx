import { Link } from "@tanstack/react-router";

import type { Incident, IncidentAlert } from "../../api/types";
import { Badge } from "../../components/Badge";
import { Panel } from "../../components/Panel";
import { Empty } from "../../components/states";
import { type Column, Table } from "../../components/Table";
import { Time } from "../../components/Time";
import { keysOf } from "../../lib/keysOf";
import { SeverityBadge, stateTone } from "../alerts/badges";
import { ownLabels } from "../alerts/grouping";
import styles from "./IncidentPage.module.css";

type Row = IncidentAlert & { key: string };

const COLUMNS: readonly Column<Row>[] = [
  {
    id: "name",
    title: "Alert",
    width: "minmax(11rem, 2fr)",
    cell: ({ name }) => (
      <Link to="/alerts" search={{ alert: name }} data-row>
        {name}
      </Link>
    ),
  },
  {
    id: "severity",
    title: "Severity",
    width: "6rem",
    from: 620,
    cell: ({ severity }) => <SeverityBadge severity={severity} />,
  },
  {
    id: "state",
    title: "State",
    width: "6.5rem",
    from: 420,
    cell: ({ state }) => <Badge tone={stateTone(state)}>{state}</Badge>,
  },
  {
    id: "what",
    title: "What",
    width: "minmax(8rem, 4fr)",
    from: 900,
    cell: ({ annotations, labels }) =>
      annotations.summary ??
      ownLabels(labels)
        .map(([name, value]) => `${name}=${value}`)
        .join(" "),
  },
  {
    id: "starts_at",
    title: "From",
    width: "minmax(5.5rem, 1fr)",
    end: true,
    cell: ({ starts_at }) => <Time at={starts_at} />,
  },
  {
    id: "ends_at",
    title: "To",
    width: "minmax(5.5rem, 1fr)",
    end: true,
    cell: ({ ends_at }) => <Time at={ends_at} />,
  },
  {
    id: "told_at",
    title: "Told",
    width: "minmax(5.5rem, 1fr)",
    end: true,
    from: 760,
    cell: ({ told_at }) => <Time at={told_at} />,
  },
];

/** What fired, the first first: what broke first is often the cause. */
export function AlertsPart({ incident }: { incident: Incident }) {
  const { items, total } = incident.alerts;
  const rows = rowsOf(items);
  const note = total > items.length ? `the first ${items.length} of ${total}` : String(total);
  return (
    <Panel title="Alerts that fired" note={note}>
      {rows.length ? (
        <Table
          label="Alerts that fired"
          rows={rows}
          columns={COLUMNS}
          rowKey={({ key }) => key}
          className={styles.table}
        />
      ) : (
        <Empty>Nothing fired.</Empty>
      )}
    </Panel>
  );
}

/** Each with a key of what it is, whatever else comes or goes; equals are numbered. */
function rowsOf(items: readonly IncidentAlert[]): Row[] {
  const keys = keysOf(
    items.map(({ name, labels, starts_at }) =>
      JSON.stringify([name, Object.entries(labels).sort(), starts_at]),
    ),
  );
  return items.map((one, place) => ({ ...one, key: keys[place] ?? "" }));
}
