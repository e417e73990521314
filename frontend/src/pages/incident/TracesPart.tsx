import { useMemo } from "react";

import type { Incident, TraceSearch } from "../../api/types";
import { Panel } from "../../components/Panel";
import { Empty } from "../../components/states";
import { type Column, Table } from "../../components/Table";
import { Time } from "../../components/Time";
import { duration } from "../../lib/format";
import { AppLink, useOpen } from "../dashboards/AppLink";
import { traceHref } from "../dashboards/traceLink";
import styles from "./IncidentPage.module.css";

type Found = TraceSearch["traces"][number];

const COLUMNS: readonly Column<Found>[] = [
  {
    id: "name",
    title: "Trace",
    width: "minmax(8rem, 2fr)",
    cell: (trace) => (
      <AppLink href={traceHref(trace.trace_id)} data-row>
        {trace.name || trace.trace_id}
      </AppLink>
    ),
  },
  {
    id: "more",
    title: "Of it",
    width: "minmax(8rem, 3fr)",
    from: 440,
    cell: ({ attributes }) => {
      const text = said(attributes);
      return <span title={text}>{text}</span>;
    },
  },
  {
    id: "took",
    title: "Took",
    width: "minmax(5rem, 1fr)",
    end: true,
    cell: ({ duration_ms }) => duration(duration_ms / 1_000),
  },
  {
    id: "started",
    title: "Started",
    width: "minmax(5.5rem, 1fr)",
    end: true,
    cell: ({ started_at }) => <Time at={started_at} />,
  },
];

/** What the searches of the board find: failures, errors, slow requests and runs. */
export function TracesPart({ incident }: { incident: Incident }) {
  return (
    <div className={styles.pair}>
      {incident.traces.map((search) => (
        <Search key={search.title} search={search} incident={incident} />
      ))}
    </div>
  );
}

function Search({ search, incident }: { search: TraceSearch; incident: Incident }) {
  const open = useOpen();
  const all = useMemo(() => {
    const [from, to] = [incident.start, incident.end].map((text) => String(Date.parse(text)));
    return `/traces?${new URLSearchParams({ q: search.query, from: from ?? "", to: to ?? "" })}`;
  }, [search, incident]);
  return (
    <Panel
      title={`Traces: ${search.title.toLowerCase()}`}
      note={String(search.traces.length)}
      tools={<AppLink href={all}>Search</AppLink>}
    >
      {search.traces.length ? (
        <Table
          label={`Traces: ${search.title}`}
          rows={search.traces}
          columns={COLUMNS}
          rowKey={(trace) => trace.trace_id}
          onOpen={(trace) => open(traceHref(trace.trace_id))}
          className={styles.table}
        />
      ) : (
        <Empty>None.</Empty>
      )}
    </Panel>
  );
}

/** `faulty · EUR/USD.SIM`: values say enough, and names are long. */
function said(attributes: Record<string, string>): string {
  const values = Object.entries(attributes)
    .filter(([name]) => !name.endsWith("run_id") && !name.endsWith("_bytes"))
    .map(([, value]) => value);
  return [...new Set(values)].join(" · ");
}
