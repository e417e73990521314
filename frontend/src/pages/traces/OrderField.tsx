import { ERRORS_FIRST } from "./search";

const ORDERS = [
  [ERRORS_FIRST, "errors first"],
  ["-start", "newest first"],
  ["-took", "slowest first"],
  ["-spans", "most spans first"],
] as const;

/** The usual orders, also where the heads of columns have no room. */
export function OrderField({ sort, onSort }: { sort: string; onSort: (sort: string) => void }) {
  const isUsual = ORDERS.some(([value]) => value === sort);
  return (
    <select aria-label="Order" value={sort} onChange={(event) => onSort(event.target.value)}>
      {ORDERS.map(([value, title]) => (
        <option key={value} value={value}>
          {title}
        </option>
      ))}
      {!isUsual && <option value={sort}>by {sort.replace(/^-/, "")}</option>}
    </select>
  );
}
