/** How keys move through a table, and clicks through its orders. */

/** The row that a key leads to from row `active` (-1: none); null for keys that do not move. */
export function moved(key: string, active: number, rows: number, page: number): number | null {
  const last = rows - 1;
  if (last < 0) return null;
  const within = (row: number) => Math.min(last, Math.max(0, row));
  switch (key) {
    case "ArrowDown":
      return within(active + 1);
    case "ArrowUp":
      return within(active - 1);
    case "PageDown":
      return within(active + page);
    case "PageUp":
      return within(active - page);
    case "Home":
      return 0;
    case "End":
      return last;
    default:
      return null;
  }
}

/** A row that is marked: rows may come before it, as results do that arrive. */
export interface Mark {
  key: string;
  /** Where it was last. */
  index: number;
}

/** Where the marked row is among `rows` now; -1 when there is none, or it has gone. */
export function placeOf<T>(
  mark: Mark | null,
  rows: readonly T[],
  rowKey: (row: T) => string,
): number {
  if (mark === null) return -1;
  const there = rows[mark.index];
  if (there !== undefined && rowKey(there) === mark.key) return mark.index;
  return rows.findIndex((row) => rowKey(row) === mark.key);
}

/** How `column` is ordered by `sort`, such as `-created_at`. */
export function direction(
  sort: string | undefined,
  column: string,
): "ascending" | "descending" | null {
  if (sort === column) return "ascending";
  return sort === `-${column}` ? "descending" : null;
}

/** The order after a click on `column`: down first, since the most is asked for most. */
export function nextSort(sort: string | undefined, column: string): string {
  return sort === `-${column}` ? column : `-${column}`;
}
