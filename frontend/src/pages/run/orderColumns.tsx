import type { Order, Orders } from "../../api/runQueries";
import type { Column } from "../../components/Table";
import { amount, NOTHING } from "../../lib/format";
import { market } from "../../lib/time";
import styles from "./Orders.module.css";

/** Columns of orders, with as many decimals as the instrument has. */
export function orderColumns({
  price_precision,
  size_precision,
}: Pick<Orders, "price_precision" | "size_precision">): readonly Column<Order>[] {
  const price = numbers(price_precision ?? 5);
  const size = numbers(size_precision ?? 0);
  return [
    {
      id: "created_ns",
      title: "Made (UTC)",
      width: "minmax(10.5rem, 1fr)",
      sortable: true,
      cell: (order) => <span title={order.order_id}>{market(order.created_ns)}</span>,
    },
    {
      id: "side",
      title: "Side",
      width: "4.5rem",
      sortable: true,
      cell: (order) => (
        <span className={order.side === "BUY" ? styles.buy : styles.sell}>
          <span aria-hidden>{order.side === "BUY" ? "▲" : "▼"}</span> {order.side}
        </span>
      ),
    },
    { id: "type", title: "Type", width: "6rem", from: 760, cell: (order) => order.type },
    { id: "status", title: "Status", width: "6.5rem", from: 420, cell: (order) => order.status },
    {
      id: "quantity",
      title: "Quantity",
      width: "6.5rem",
      end: true,
      sortable: true,
      from: 650,
      cell: (order) => <span title={`${size(order.filled)} filled`}>{size(order.quantity)}</span>,
    },
    {
      id: "price",
      title: "Limit",
      width: "6rem",
      end: true,
      sortable: true,
      from: 900,
      cell: (order) => price(order.price ?? order.trigger_price),
    },
    {
      id: "average_price",
      title: "Filled at",
      width: "6rem",
      end: true,
      sortable: true,
      cell: (order) => price(order.average_price),
    },
    {
      id: "commission",
      title: "Commission",
      width: "7rem",
      end: true,
      sortable: true,
      from: 1000,
      cell: (order) =>
        order.commission === null
          ? NOTHING
          : `${amount(order.commission)} ${order.commission_currency ?? ""}`,
    },
    {
      id: "pnl",
      title: "PnL",
      width: "6.5rem",
      end: true,
      sortable: true,
      from: 560,
      cell: (order) => amount(order.pnl),
    },
  ];
}

function numbers(decimals: number): (value: number | null) => string {
  const format = new Intl.NumberFormat("en", {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  return (value) => (value === null ? NOTHING : format.format(value));
}
