import type { BacktestResult } from "../../api/types";
import { Panel } from "../../components/Panel";
import { Empty } from "../../components/states";
import { duration, percent } from "../../lib/format";
import styles from "./RunPage.module.css";

/** Where the time went, in the order of the work. */
export function StagesPanel({ run }: { run: BacktestResult }) {
  const stages = Object.entries(run.stages ?? {});
  const total = stages.reduce((sum, [, seconds]) => sum + seconds, 0);
  return (
    <Panel title="Stages" note={duration(total)}>
      {stages.length === 0 && <Empty>No stage was reached.</Empty>}
      <ol className={styles.stages}>
        {stages.map(([name, seconds]) => (
          <li key={name} className={styles.stage}>
            <span>{name}</span>
            <div>
              <div
                className={styles.bar}
                style={{ width: `${total ? (100 * seconds) / total : 0}%` }}
              />
            </div>
            <span>{duration(seconds)}</span>
            <span className="muted">{total ? percent(seconds / total, 2) : ""}</span>
          </li>
        ))}
      </ol>
    </Panel>
  );
}
