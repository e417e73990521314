type Value = string | number | null | undefined;

/** Rows by a column, with `-` before its name for descending; those without a value come last. */
export function sorted<T>(
  rows: readonly T[],
  sort: string,
  valueOf: (row: T, column: string) => Value,
): T[] {
  const column = sort.replace(/^-/, "");
  const way = sort.startsWith("-") ? -1 : 1;
  const pairs = rows.map((row) => [valueOf(row, column), row] as const);
  pairs.sort(([a], [b]) => {
    if (a == null || b == null) return Number(a == null) - Number(b == null);
    return way * compare(a, b);
  });
  return pairs.map(([, row]) => row);
}

function compare(a: string | number, b: string | number): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  const [left, right] = [String(a), String(b)];
  return left < right ? -1 : Number(left > right);
}
