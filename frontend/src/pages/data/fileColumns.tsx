import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import type { RawFile } from "../../api/types";
import { Badge } from "../../components/Badge";
import type { Column } from "../../components/Table";
import { bytes, count } from "../../lib/format";
import styles from "./DataPage.module.css";
import { stateOf } from "./days";

/** Columns of a day's files; `chosen` are to be converted, `all` chooses all. */
export function fileColumns(
  chosen: ReadonlySet<string>,
  choose: (path: string) => void,
  all: ReactNode,
): readonly Column<RawFile>[] {
  return [
    {
      id: "chosen",
      title: "Chosen",
      head: all,
      width: "2.5rem",
      cell: ({ path }) => (
        <input
          type="checkbox"
          className={styles.check}
          aria-label={`Convert ${path}`}
          checked={chosen.has(path)}
          onChange={() => choose(path)}
        />
      ),
    },
    {
      id: "path",
      title: "File",
      width: "minmax(9rem, 2fr)",
      cell: ({ day, path }) => (
        <Link to="/data" search={{ day, file: path }} data-row tabIndex={-1} title={path}>
          {path}
        </Link>
      ),
    },
    {
      id: "state",
      title: "State",
      width: "8.5rem",
      cell: (file) => {
        const { tone, word, why } = stateOf(file);
        return (
          <span title={why}>
            <Badge tone={tone}>{word}</Badge>
          </span>
        );
      },
    },
    {
      id: "instruments",
      title: "Instruments",
      width: "minmax(10.5rem, 1fr)",
      // The name of a file is cut last.
      from: 780,
      cell: ({ kind, instrument_ids }) => {
        const text = instrumentsText(kind, instrument_ids ?? []);
        return <span title={text}>{text}</span>;
      },
    },
    {
      id: "rows",
      title: "Rows",
      width: "6.5rem",
      end: true,
      from: 420,
      cell: ({ rows }) => count(rows),
    },
    {
      id: "rejected",
      title: "Rejected",
      width: "5.5rem",
      end: true,
      from: 520,
      cell: ({ rows_rejected }) => count(rows_rejected),
    },
    {
      id: "size",
      title: "Size",
      width: "6rem",
      end: true,
      from: 890,
      cell: ({ size }) => bytes(size),
    },
  ];
}

/** `EUR/USD.SIM quotes`, `3 instruments, trades`. */
function instrumentsText(kind: string | null | undefined, ids: readonly string[]): string {
  if (!kind) return "–";
  return ids.length === 1 ? `${ids[0] ?? ""} ${kind}s` : `${ids.length} instruments, ${kind}s`;
}
