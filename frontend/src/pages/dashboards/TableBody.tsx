import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useMemo } from "react";

import { type Column, Table } from "../../components/Table";
import { Time } from "../../components/Time";
import { fieldConfig, type Panel } from "../../grafana/model";
import { cellText, sortedRows, START, tableOf, type Table as Data } from "../../grafana/tables";
import { linkTarget } from "../../grafana/variables";
import { keysOf } from "../../lib/keysOf";
import { usePlace } from "./BoardContext";
import { BoardLink } from "./BoardLink";
import type { BodyProps } from "./bodies";
import { searchTo } from "./boardSearch";
import { NoValue } from "./NoValue";
import styles from "./Panel.module.css";
import { useKept } from "./useKept";

type Row = Data["rows"][number] & { __row: string };

export default function TableBody({ panel, data }: BodyProps) {
  const navigate = useNavigate();
  const { uid, values, range } = usePlace();
  const [order, setOrder] = useKept("order", panel.id);
  const target = panel.targets?.[0];
  const table = useMemo(
    () => (target ? tableOf(panel, target, data.answers[0]) : { fields: [], rows: [] }),
    [panel, target, data],
  );
  const first = firstSort(panel);
  const sort = order !== null && table.fields.includes(fieldOf(order)) ? order : first;
  const rows = useMemo(() => {
    const field = sort && fieldOf(sort);
    const ordered = field ? sortedRows(table, field, sort.startsWith("-")) : table.rows;
    const keys = keysOf(ordered.map(nameOf));
    return ordered.map((row, place) => ({ ...row, __row: keys[place] ?? "" }));
  }, [table, sort]);
  const columns = useMemo(() => columnsOf(panel, table), [panel, table]);
  if (!rows.length) return <NoValue panel={panel} />;

  function open(row: Row): void {
    const link = fieldConfig(panel).links?.[0];
    const to = link && linkTarget(link.url, values, range, row);
    if (!to) return;
    const search = searchTo(to, uid);
    void navigate({ to: "/dashboards/$uid", params: { uid: to.uid }, search });
  }

  return (
    <Table
      label={panel.title}
      rows={rows}
      columns={columns}
      rowKey={(row) => row.__row}
      onOpen={open}
      sort={sort}
      onSort={(to) => setOrder(to === first ? null : to)}
      className={styles.table}
    />
  );
}

/** What a row is of: its labels, or its trace and when it began; numbers change. */
function nameOf(row: Data["rows"][number]): string {
  const fixed = Object.entries(row).filter(
    ([field, cell]) => field === START || typeof cell === "string",
  );
  return JSON.stringify(fixed);
}

/** Pixels of the table from which on fields are shown that say least. */
const LEFT_OUT: Record<string, number> = { Trace: 1_200, Name: 400 };
const [LEAST, MOST] = [5, 22];

/** As wide as the longest text of the column, within limits. */
function widthOf(panel: Panel, table: Data, field: string, title: string): string {
  const texts = table.rows.map((row) =>
    field === START ? "00:00:00" : cellText(panel, field, row[field]),
  );
  const longest = Math.max(title.length + 2, ...texts.map((text) => text.length));
  const characters = Math.min(MOST, Math.max(LEAST, longest));
  return `minmax(${(characters * 0.45 + 1.6).toFixed(2)}rem, ${characters}fr)`;
}

function fieldOf(sort: string): string {
  return sort.replace(/^-/, "");
}

function firstSort(panel: Panel): string | undefined {
  const [by] = panel.options?.sortBy ?? [];
  return by && `${by.desc ? "-" : ""}${by.displayName}`;
}

function columnsOf(panel: Panel, table: Data): Column<Row>[] {
  const link = fieldConfig(panel).links?.[0];
  return table.fields.map((field, place) => {
    const title = fieldConfig(panel, field).displayName ?? field.replace(/^nautilus\./, "");
    const numbers = table.rows.some((row) => typeof row[field] === "number") && field !== START;
    const cell = (row: Row): ReactNode => {
      const text =
        field === START ? (
          <Time at={new Date(Number(row[field]) * 1_000)} />
        ) : (
          cellText(panel, field, row[field])
        );
      if (place > 0 || !link) return text;
      return (
        <BoardLink link={link} row={row} ofRow>
          {text}
        </BoardLink>
      );
    };
    return {
      id: field,
      title,
      width: widthOf(panel, table, field, title),
      ...(field in LEFT_OUT ? { from: LEFT_OUT[field] ?? 0 } : {}),
      end: numbers,
      sortable: true,
      cell,
    };
  });
}
