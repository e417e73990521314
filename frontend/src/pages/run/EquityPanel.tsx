import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";

import { orders } from "../../api/runQueries";
import type { BacktestResult } from "../../api/types";
import { Chart } from "../../components/Chart";
import { Panel } from "../../components/Panel";
import { Empty } from "../../components/states";
import { amount, count } from "../../lib/format";
import { fillMarks } from "./marks";
import styles from "./Orders.module.css";

const NS = 1e9;

export function EquityPanel({ run }: { run: BacktestResult }) {
  const curve = run.equity_curve;
  const [times, series] = useMemo(() => {
    const points = curve ?? [];
    const values = points.map(([, equity]) => equity);
    return [points.map(([ns]) => ns / NS), [{ label: "Equity", values }]] as const;
  }, [curve]);
  const found = useQuery({ ...orders(run.run_id), enabled: run.orders > 0 }).data;
  const marks = useMemo(
    () => fillMarks(found?.orders ?? [], times, series[0].values),
    [found, times, series],
  );
  const bought = marks.filter((mark) => mark.up).length;
  return (
    <Panel
      title="Equity"
      note={
        <>
          drag to zoom, click twice for all
          {marks.length > 0 && (
            <span className={styles.key}>
              <span className={styles.buy}>▲</span> {count(bought)} bought{" "}
              <span className={styles.sell}>▼</span> {count(marks.length - bought)} sold
            </span>
          )}
        </>
      }
    >
      {times.length > 1 ? (
        <Chart
          label="Equity over time, with the orders that were filled"
          times={times}
          series={series}
          format={amount}
          marks={marks}
        />
      ) : (
        <Empty>This run has no equity curve.</Empty>
      )}
    </Panel>
  );
}
