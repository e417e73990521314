import type { BacktestResult } from "../../api/types";
import type { Figure } from "../../components/Figures";
import { Time } from "../../components/Time";
import { amount, bytes, count, duration, percent, plain, short } from "../../lib/format";
import { pnlText } from "../../lib/pnl";

type Trading = NonNullable<BacktestResult["trading"]>;

/** What a run came to and what it cost. */
export function figuresOf(run: BacktestResult): Figure[] {
  const data = run.request.kind === "bar" ? "Bars" : "Ticks";
  return [
    { name: "PnL", value: pnlText(run.pnl) },
    { name: "Orders", value: count(run.orders), note: `${count(run.events)} events` },
    { name: "Positions", value: count(run.positions) },
    { name: "Took", value: duration(run.duration_seconds) },
    {
      name: data,
      value: short(run.data_points),
      note: `${short(run.data_points_per_second)}/s`,
      title: `${count(run.data_points)} ${data.toLowerCase()}`,
    },
    { name: "Peak memory", value: bytes(run.peak_memory_bytes) },
    {
      name: "Garbage collection",
      value: duration(run.gc_seconds),
      note: run.duration_seconds ? percent(run.gc_seconds / run.duration_seconds, 2) : "",
    },
    { name: `${data} came from`, value: run.cache_source ?? "–" },
    { name: "Finished", value: <Time at={run.finished_at} relative /> },
  ];
}

export function tradingOf(trading: Trading): Figure[] {
  const { closed, won, gross_profit, gross_loss } = trading;
  return [
    { name: "Fills", value: count(trading.fills) },
    { name: "Value traded", value: amount(trading.traded_value) },
    { name: "Trades closed", value: count(closed) },
    { name: "Won", value: count(won), note: closed ? percent(won / closed, 3) : "" },
    { name: "Gross profit", value: amount(gross_profit) },
    { name: "Gross loss", value: amount(gross_loss) },
    {
      name: "Profit factor",
      value: gross_loss ? plain(gross_profit / gross_loss, 3) : "–",
      title: "Gross profit over gross loss",
    },
    { name: "Time in the market", value: duration(trading.exposed_seconds) },
  ];
}
