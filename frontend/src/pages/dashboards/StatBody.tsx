import { useMemo } from "react";

import { fieldConfig } from "../../grafana/model";
import { statsOf, type Stat } from "../../grafana/stats";
import { keysOf } from "../../lib/keysOf";
import type { BodyProps } from "./bodies";
import { BoardLink } from "./BoardLink";
import { NoValue } from "./NoValue";
import styles from "./StatBody.module.css";

const WIDTH = 100;
const HEIGHT = 24;

export function StatBody({ panel, data }: BodyProps) {
  const stats = useMemo(() => statsOf(panel, data.answers, data.grid), [panel, data]);
  const named = panel.options?.textMode === "value_and_name" || stats.length > 1;
  const link = fieldConfig(panel).links?.[0];
  if (!stats.length) return <NoValue panel={panel} />;
  const keys = keysOf(stats.map(({ name }) => name));
  return (
    <dl className={styles.stats}>
      {stats.map((stat, place) => (
        <div key={keys[place]} className={styles.stat}>
          <dt className={named ? undefined : "visually-hidden"}>{stat.name}</dt>
          <dd style={{ color: `var(--${stat.colour})` }}>
            {link ? (
              <BoardLink link={link} row={stat.row} className={styles.value}>
                {stat.text}
              </BoardLink>
            ) : (
              stat.text
            )}
          </dd>
          {stat.course && <Course course={stat.course} colour={stat.colour} />}
        </div>
      ))}
    </dl>
  );
}

/** How the number came to be, without numbers. */
function Course({ course, colour }: { course: NonNullable<Stat["course"]>; colour: string }) {
  const known = course.filter((value) => value !== null);
  const low = Math.min(0, ...known);
  const span = Math.max(...known) - low || 1;
  const points = course.flatMap((value, index) => {
    if (value === null) return [];
    const x = (index / Math.max(1, course.length - 1)) * WIDTH;
    return [`${x.toFixed(1)},${(HEIGHT - ((value - low) / span) * (HEIGHT - 2)).toFixed(1)}`];
  });
  if (points.length < 2) return null;
  return (
    <svg
      className={styles.course}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden
      style={{ color: `var(--${colour})` }}
    >
      <polyline points={points.join(" ")} />
    </svg>
  );
}
