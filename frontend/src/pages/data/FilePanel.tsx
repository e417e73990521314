import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { rejects } from "../../api/dataQueries";
import type { RawFile, RejectReport } from "../../api/types";
import { Badge } from "../../components/Badge";
import { buttonClass } from "../../components/Button";
import { Panel } from "../../components/Panel";
import { Async } from "../../components/states";
import { type Column, Table } from "../../components/Table";
import { Time } from "../../components/Time";
import { count } from "../../lib/format";
import styles from "./DataPage.module.css";
import { stateOf } from "./days";

/** One raw file: how it is and why, which rows the catalog could not hold, what was made of it. */
export function FilePanel({ file }: { file: RawFile }) {
  const { tone, word, why } = stateOf(file);
  const { kind, failure } = file;
  return (
    <Panel
      title={file.path}
      note={file.day}
      className={styles.file}
      tools={
        <Link to="/data" search={{ day: file.day }} className={buttonClass("plain", true)}>
          Close
        </Link>
      }
    >
      <div className={styles.why}>
        <Badge tone={tone}>{word}</Badge>
        <p>
          {why}
          {failure && (
            <span className="muted">
              {" "}
              <Time at={failure.at} relative />
              {failure.field && (
                <>
                  , about <code>{failure.field}</code>
                </>
              )}
            </span>
          )}
        </p>
      </div>
      {kind && file.state === "converted" && (
        <p className={styles.made}>
          Ticks:{" "}
          {(file.instrument_ids ?? []).map((instrument) => (
            <Link
              key={instrument}
              to="/data/ticks"
              search={{ instrument, kind, limit: 1_000_000, ...wholeDay(file.day) }}
            >
              {instrument}
            </Link>
          ))}
        </p>
      )}
      {file.reject_report && <Rejects file={file} />}
    </Panel>
  );
}

function wholeDay(day: string): { start: string; end: string } {
  return { start: `${day}T00:00:00.000Z`, end: `${day}T23:59:59.999Z` };
}

type Rejected = RejectReport["listed"][number];

const COLUMNS: readonly Column<Rejected>[] = [
  { id: "row", title: "Row", width: "6rem", end: true, cell: ({ row }) => count(row) },
  { id: "field", title: "Field", width: "minmax(6rem, 1fr)", cell: ({ field }) => field },
  {
    id: "column",
    title: "Column",
    width: "minmax(6rem, 1fr)",
    from: 620,
    cell: ({ column }) => column ?? "–",
  },
  { id: "value", title: "Value", width: "minmax(6rem, 1fr)", cell: ({ value }) => value ?? "–" },
  {
    id: "reason",
    title: "Reason",
    width: "minmax(9rem, 2fr)",
    cell: ({ reason }) => <span title={reason}>{reason}</span>,
  },
];

function Rejects({ file }: { file: RawFile }) {
  const query = useQuery(rejects(file.day, file.path));
  return (
    <Async query={query} what="rejected rows">
      {({ rows_rejected, rows_read, reasons, listed }) => (
        <>
          {!file.failure && (
            <p className={styles.made}>
              <strong>
                {count(rows_rejected)} of {count(rows_read)} rows
              </strong>{" "}
              cannot be held by the catalog.
            </p>
          )}
          <ul className={styles.reasons}>
            {Object.entries(reasons).map(([reason, rows]) => (
              <li key={reason}>
                <strong>{count(rows)}</strong> {reason}
              </li>
            ))}
          </ul>
          <Table
            label={`Rejected rows of ${file.path}`}
            rows={listed}
            columns={COLUMNS}
            rowKey={({ row }) => String(row)}
            className={styles.rejected}
            foot={listed.length < rows_rejected && `The first ${count(listed.length)} are listed.`}
          />
        </>
      )}
    </Async>
  );
}
