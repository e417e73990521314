import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";

import { boards } from "../../api/queries";
import { Button } from "../../components/Button";
import { TimeRange } from "../../components/TimeRange";
import tool from "../../components/toolField.module.css";
import { isAgain } from "../../lib/useNow";
import { useBoard } from "./BoardContext";
import { type Change, lookOf } from "./boardSearch";
import styles from "./Toolbar.module.css";
import { VariableFields } from "./VariableFields";

const INTERVALS = ["5s", "10s", "30s", "1m", "5m"];
const OFF = "off";

interface Props {
  refresh: string;
  change: Change;
  update: () => void;
}

/** What can be chosen on a board. */
export function Toolbar({ refresh, change, update }: Props) {
  const { board, range, window } = useBoard();
  const offered = board.timepicker?.refresh_intervals ?? INTERVALS;
  const intervals =
    offered.includes(refresh) || !refresh || refresh === OFF ? offered : [refresh, ...offered];
  return (
    <div className={styles.toolbar} role="group" aria-label="Time and variables">
      <OtherBoards />
      <VariableFields change={change} />
      <TimeRange
        range={range}
        window={window}
        change={(to) => (isAgain(to, range) ? update() : change({ ...to }))}
      />
      <div className={styles.group}>
        <Button onClick={update} aria-label="Refresh" title="Refresh">
          ↻
        </Button>
        <label className={tool.field}>
          <span className="visually-hidden">Refresh every</span>
          <select
            value={refresh || OFF}
            onChange={(event) => change({ refresh: event.target.value })}
          >
            <option value={OFF}>off</option>
            {intervals.map((every) => (
              <option key={every} value={every}>
                {every}
              </option>
            ))}
          </select>
        </label>
      </div>
    </div>
  );
}

/** To another board, over the same time with the same variables. */
function OtherBoards() {
  const { board } = useBoard();
  const all = useQuery(boards).data ?? [board];
  const navigate = useNavigate({ from: "/dashboards/$uid" });
  return (
    <label className={tool.field}>
      <span>Board</span>
      <select
        value={board.uid}
        onChange={(event) =>
          void navigate({
            to: "/dashboards/$uid",
            params: { uid: event.target.value },
            search: (before) => ({ ...before, viewPanel: undefined, ...lookOf({}) }),
          })
        }
      >
        {all.map(({ uid, title }) => (
          <option key={uid} value={uid}>
            {title}
          </option>
        ))}
      </select>
    </label>
  );
}
