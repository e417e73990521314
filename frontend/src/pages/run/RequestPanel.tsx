import type { BacktestResult } from "../../api/types";
import { Panel } from "../../components/Panel";
import { Empty } from "../../components/states";
import { utc } from "../../lib/time";
import { Facts } from "./Facts";
import styles from "./RunPage.module.css";

/** What was asked for. */
export function RequestPanel({ run }: { run: BacktestResult }) {
  const { request } = run;
  const params = Object.entries(request.params ?? {});
  return (
    <Panel title="Request">
      <Facts
        of={[
          ["instrument", request.instrument_id],
          [
            request.kind === "bar" ? "bars" : "ticks",
            request.kind === "bar" ? (request.bar_type ?? "–") : `${request.kind}s`,
          ],
          ["from", utc(new Date(request.start))],
          ["to", utc(new Date(request.end))],
          ["window", run.window],
          ["account", request.venue?.account_type ?? "–"],
          ["balances", request.starting_balances?.join(", ") ?? "the instrument's usual"],
        ]}
      />
      <h3 className={styles.group}>Parameters of {request.strategy}</h3>
      {params.length ? (
        <Facts of={params.map(([name, value]) => [name, JSON.stringify(value)])} />
      ) : (
        <Empty>All at their defaults.</Empty>
      )}
    </Panel>
  );
}

export function VersionsPanel({ versions }: { versions: Record<string, string> }) {
  return (
    <Panel title="Versions">
      <Facts of={Object.entries(versions)} />
    </Panel>
  );
}
