import { useMemo } from "react";

import type { BacktestResult } from "../../api/types";
import { Chart } from "../../components/Chart";
import { Panel } from "../../components/Panel";
import { Empty } from "../../components/states";
import { amount } from "../../lib/format";

const NS = 1e9;

export function EquityPanel({ run }: { run: BacktestResult }) {
  const curve = run.equity_curve;
  const [times, series] = useMemo(() => {
    const points = curve ?? [];
    const values = points.map(([, equity]) => equity);
    return [points.map(([ns]) => ns / NS), [{ label: "Equity", values }]] as const;
  }, [curve]);
  return (
    <Panel title="Equity" note="drag to zoom, click twice for all">
      {times.length > 1 ? (
        <Chart label="Equity over time" times={times} series={series} format={amount} />
      ) : (
        <Empty>This run has no equity curve.</Empty>
      )}
    </Panel>
  );
}
