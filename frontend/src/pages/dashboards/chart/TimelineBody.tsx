import { useMemo } from "react";

import { panelLines } from "../../../grafana/series";
import { NoValue } from "../NoValue";
import type { BodyProps } from "../bodies";
import { BoardChart } from "./BoardChart";
import styles from "./TimelineBody.module.css";
import { stateOf, timelinePicture } from "./timeline";

export default function TimelineBody({ panel, data }: BodyProps) {
  const lines = useMemo(() => panelLines(panel, data.answers, data.grid), [panel, data]);
  const picture = useMemo(() => timelinePicture(panel, data.grid, lines), [panel, data, lines]);
  const states = useMemo(() => {
    const values = new Set(lines.lines.flatMap((line) => line.values));
    const all = [...values].filter((value) => value !== null).sort((a, b) => a - b);
    return all.map((value) => stateOf(panel, value));
  }, [panel, lines]);
  if (!lines.lines.length) return <NoValue panel={panel} />;
  return (
    <>
      <BoardChart label={`${panel.title}: states over time`} picture={picture} />
      <ul className={styles.states}>
        {states.map(({ text, token }) => (
          <li key={text}>
            <span style={{ background: `var(--${token})` }} />
            {text}
          </li>
        ))}
      </ul>
    </>
  );
}
