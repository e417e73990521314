import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";

import { type Order, orders, type Orders } from "../../api/runQueries";
import type { BacktestResult } from "../../api/types";
import { Panel } from "../../components/Panel";
import { Async } from "../../components/states";
import { Table } from "../../components/Table";
import { count } from "../../lib/format";
import { sorted } from "../../lib/sorted";
import { orderColumns } from "./orderColumns";
import styles from "./Orders.module.css";

const SHOWN: Record<string, (order: Order) => boolean> = {
  all: () => true,
  "with fills": (order) => order.filled > 0,
  "without fills": (order) => order.filled === 0,
  buys: (order) => order.side === "BUY",
  sells: (order) => order.side === "SELL",
};

/** The orders of a run, in the order of their making. */
export function OrdersPanel({ run }: { run: BacktestResult }) {
  const [shown, setShown] = useState("all");
  const made = run.orders;
  const query = useQuery({ ...orders(run.run_id), enabled: made > 0 });
  if (!made) return null;
  return (
    <Panel
      title="Orders"
      note={count(query.data?.total ?? made)}
      className={styles.panel}
      tools={
        <select
          aria-label="Orders shown"
          value={shown}
          onChange={(event) => setShown(event.target.value)}
        >
          {Object.keys(SHOWN).map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      }
    >
      <Async
        query={query}
        what="the orders"
        lines={6}
        isEmpty={(found) => found.orders.length === 0}
        empty={query.data?.note}
      >
        {(found) => <OrderTable found={found} shown={shown} />}
      </Async>
    </Panel>
  );
}

function OrderTable({ found, shown }: { found: Orders; shown: string }) {
  const [sort, setSort] = useState("created_ns");
  const columns = useMemo(() => orderColumns(found), [found]);
  const rows = useMemo(
    () => sorted(found.orders.filter(SHOWN[shown] ?? (() => true)), sort, value),
    [found, shown, sort],
  );
  return (
    <>
      {found.note && <p className={styles.note}>{found.note}.</p>}
      <Table
        label="Orders"
        rows={rows}
        columns={columns}
        rowKey={(order) => order.order_id}
        sort={sort}
        onSort={setSort}
        className={styles.table}
      />
    </>
  );
}

function value(order: Order, column: string): string | number | null {
  return order[column as keyof Order];
}
