import { Link, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";

import type { components } from "../../api/schema";
import { MOST_TRACES } from "../../api/traceQueries";
import { Badge } from "../../components/Badge";
import { type Column, Table } from "../../components/Table";
import { Time } from "../../components/Time";
import { count, duration } from "../../lib/format";
import { attributeText } from "../../tracing/attributeText";
import { type FoundTrace, readFound, shownAttributes, sortedFound } from "./found";
import styles from "./TracesPage.module.css";

interface Props {
  found: readonly components["schemas"]["FoundTrace"][];
  sort: string;
  onSort: (sort: string) => void;
  /** The query asks for some spans: the first of them is shown when a trace is opened. */
  isNarrowed: boolean;
}

const ATTRIBUTES = 8;
/** Shown by a column of their own. */
const KNOWN = ["duration"];

export function FoundTable({ found, sort, onSort, isNarrowed }: Props) {
  const navigate = useNavigate();
  const all = useMemo(() => found.map(readFound), [found]);
  const rows = useMemo(() => sortedFound(all, sort), [all, sort]);
  const columns = useMemo(() => columnsOf(all, isNarrowed), [all, isNarrowed]);
  const place = (trace: FoundTrace) => placeOf(trace, isNarrowed);
  return (
    <Table
      label="Traces"
      rows={rows}
      columns={columns}
      rowKey={({ id }) => id}
      onOpen={(trace) => void navigate(place(trace))}
      sort={sort}
      onSort={onSort}
      className={styles.table}
    />
  );
}

function placeOf({ id, first }: FoundTrace, isNarrowed: boolean) {
  const search = isNarrowed && first ? { span: first.id } : {};
  return { to: "/traces/$traceId", params: { traceId: id }, search } as const;
}

function columnsOf(all: readonly FoundTrace[], isNarrowed: boolean): Column<FoundTrace>[] {
  const counted = all.some(({ spans }) => spans !== null);
  // Older ones that failed follow, with what they were asked for by.
  const names = shownAttributes(all.slice(0, MOST_TRACES))
    .filter((name) => !KNOWN.includes(name))
    .slice(0, ATTRIBUTES);
  return [
    {
      id: "start",
      title: "Started",
      width: "minmax(5.5rem, 8rem)",
      sortable: true,
      from: 520,
      cell: ({ start }) => <Time at={new Date(start)} />,
    },
    {
      id: "name",
      title: "Trace",
      width: "minmax(10.5rem, 2fr)",
      sortable: true,
      cell: (trace) => (
        <Link {...placeOf(trace, isNarrowed)} data-row title={trace.id}>
          {trace.name}
        </Link>
      ),
    },
    {
      id: "errors",
      title: "Errors",
      width: "6rem",
      sortable: true,
      cell: ({ errors }) => errors > 0 && <Badge tone="bad">{`${errors} failed`}</Badge>,
    },
    {
      id: "took",
      title: "Took",
      width: "5rem",
      end: true,
      sortable: true,
      cell: ({ took }) => (took ? duration(took) : "< 1 ms"),
    },
    {
      id: "service",
      title: "Service",
      width: "minmax(5rem, 9rem)",
      sortable: true,
      from: 900,
      cell: ({ service }) => service,
    },
    ...(counted
      ? [
          {
            id: "spans",
            title: "Spans",
            width: "4.5rem",
            end: true,
            sortable: true,
            from: 700,
            cell: ({ spans }: FoundTrace) => count(spans),
          },
        ]
      : []),
    {
      id: "matched",
      title: "Matched",
      width: "5rem",
      end: true,
      sortable: true,
      from: 700,
      cell: ({ matched }) => count(matched),
    },
    ...names.map((name, place) => attributeColumn(name, place, all)),
  ];
}

const FIRST_ATTRIBUTE_PX = 520;
const EACH_PX = 140;

function attributeColumn(
  name: string,
  place: number,
  all: readonly FoundTrace[],
): Column<FoundTrace> {
  const end = all.some(({ attributes }) => typeof attributes[name] === "number");
  return {
    id: name,
    title: name.replace(/^nautilus\./, ""),
    width: end ? "minmax(6rem, 1fr)" : "minmax(7rem, 1.5fr)",
    end,
    sortable: true,
    from: FIRST_ATTRIBUTE_PX + EACH_PX * place,
    cell: ({ attributes }) => {
      const value = attributes[name];
      if (value === undefined) return "";
      const text = attributeText(name, value);
      return <span title={text}>{text}</span>;
    },
  };
}
