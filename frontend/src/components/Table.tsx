/** A table of any length: only the rows in sight are drawn. */

import { useVirtualizer } from "@tanstack/react-virtual";
import {
  type KeyboardEvent,
  memo,
  type ReactNode,
  useEffect,
  useId,
  useMemo,
  useRef,
  useState,
} from "react";

import { useWidth } from "../lib/useWidth";
import styles from "./Table.module.css";
import { direction, type Mark, moved, nextSort, placeOf } from "./tableMoves";

export interface Column<T> {
  id: string;
  title: string;
  /** In place of the title, which it must name: a control for the whole column. */
  head?: ReactNode;
  cell: (row: T) => ReactNode;
  /** A track of a CSS grid, such as `minmax(8rem, 1fr)`. */
  width: string;
  /** Numbers stand at the end. */
  end?: boolean;
  sortable?: boolean;
  /** Left out where the table is narrower, in pixels. */
  from?: number;
}

interface Props<T> {
  label: string;
  rows: readonly T[];
  columns: readonly Column<T>[];
  rowKey: (row: T) => string;
  /** Enter on a row. Its cells should hold a link with `data-row` for the same. */
  onOpen?: (row: T) => void;
  /** Marks the row that is open beside the table. */
  isOpen?: (row: T) => boolean;
  /** The column in order, with `-` before it when it goes down. */
  sort?: string | undefined;
  onSort?: (sort: string) => void;
  /** How many rows there are, where not all are here yet. */
  total?: number | undefined;
  /** The last rows come into sight: bring more. */
  onEnd?: (() => void) | undefined;
  /** Said below the last row. */
  foot?: ReactNode;
  className?: string | undefined;
}

const OVERSCAN = 8;
const ROW_REM = 2;

export function Table<T>(props: Props<T>) {
  const { label, rows, columns, rowKey, onOpen, onEnd, total, foot } = props;
  const id = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const [mark, setMark] = useState<Mark | null>(null);
  const active = placeOf(mark, rows, rowKey);
  const width = useWidth(scroller);
  const shown = useMemo(
    () => columns.filter((column) => width === 0 || width >= (column.from ?? 0)),
    [columns, width],
  );
  const tracks = shown.map((column) => column.width).join(" ");

  // eslint-disable-next-line react-hooks/incompatible-library -- nothing of it is memoised here
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: rowHeight,
    overscan: OVERSCAN,
    scrollPaddingStart: 0,
    scrollPaddingEnd: ROW_REM * 16,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (last >= rows.length - OVERSCAN) onEnd?.();
  }, [last, rows.length, onEnd]);

  function onKeyDown(event: KeyboardEvent<HTMLDivElement>): void {
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / rowHeight()) - 2);
    const next = moved(event.key, active, rows.length, page);
    const row = rows[active];
    const aim = next === null ? undefined : rows[next];
    if (next !== null && aim !== undefined) {
      event.preventDefault();
      setMark({ key: rowKey(aim), index: next });
      virtual.scrollToIndex(next);
    } else if (event.key === "Enter" && event.target === event.currentTarget && row) {
      onOpen?.(row);
    }
  }

  return (
    <div
      ref={scroller}
      className={[styles.table, props.className].filter(Boolean).join(" ")}
      role="grid"
      aria-label={label}
      aria-rowcount={(total ?? rows.length) + 1}
      aria-activedescendant={rows[active] ? `${id}-${active}` : undefined}
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      <Head columns={shown} tracks={tracks} sort={props.sort} onSort={props.onSort} />
      <div className={styles.body} role="rowgroup" style={{ height: virtual.getTotalSize() }}>
        {items.map(({ index, start }) => {
          const row = rows[index];
          if (row === undefined) return null;
          return (
            <Row
              key={rowKey(row)}
              id={`${id}-${index}`}
              row={row}
              index={index}
              active={index === active}
              open={props.isOpen?.(row) ?? false}
              columns={shown as readonly Column<unknown>[]}
              tracks={tracks}
              start={start}
            />
          );
        })}
      </div>
      {foot && <div className={styles.more}>{foot}</div>}
    </div>
  );
}

interface RowProps {
  id: string;
  row: unknown;
  index: number;
  active: boolean;
  open: boolean;
  columns: readonly Column<unknown>[];
  tracks: string;
  start: number;
}

/** Drawn again only when it changes: a key moves through thirty rows, and changes two. */
const Row = memo(function Row(props: RowProps) {
  const { id, row, index, active, open, columns, tracks, start } = props;
  return (
    <div
      id={id}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={active}
      aria-current={open || undefined}
      className={[styles.row, active ? styles.active : "", open ? styles.open : ""].join(" ")}
      style={{ gridTemplateColumns: tracks, transform: `translateY(${start}px)` }}
    >
      {columns.map((column) => (
        <div key={column.id} role="gridcell" className={cellClass(column)}>
          {column.cell(row)}
        </div>
      ))}
    </div>
  );
});

interface HeadProps<T> {
  columns: readonly Column<T>[];
  tracks: string;
  sort?: string | undefined;
  onSort?: ((sort: string) => void) | undefined;
}

function Head<T>({ columns, tracks, sort, onSort }: HeadProps<T>) {
  return (
    <div className={styles.head} role="rowgroup">
      <div
        className={styles.row}
        role="row"
        aria-rowindex={1}
        style={{ gridTemplateColumns: tracks }}
      >
        {columns.map((column) => {
          const order = direction(sort, column.id);
          const sortable = column.sortable && onSort;
          return (
            <div
              key={column.id}
              role="columnheader"
              className={cellClass(column)}
              aria-sort={sortable ? (order ?? "none") : undefined}
            >
              {sortable ? (
                <button
                  type="button"
                  className={[styles.sort, order ? styles.sorted : ""].join(" ")}
                  onClick={() => onSort(nextSort(sort, column.id))}
                >
                  {column.title}
                  {order && <span aria-hidden> {order === "ascending" ? "↑" : "↓"}</span>}
                </button>
              ) : (
                (column.head ??
                (column.title || <span className="visually-hidden">{column.id}</span>))
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function cellClass(column: { end?: boolean }): string {
  return [styles.cell, column.end ? styles.end : ""].filter(Boolean).join(" ");
}

function rowHeight(): number {
  return ROW_REM * parseFloat(getComputedStyle(document.documentElement).fontSize || "16");
}
