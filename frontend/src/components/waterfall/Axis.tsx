import { duration } from "../../lib/format";
import { placeOf, ticksOf, type View } from "../../tracing/axis";
import styles from "./Waterfall.module.css";

const NS = 1e9;
const TICK_PX = 85;
/** Of the width of a waterfall, about what its bars have. */
const BARS = 0.5;
/** After so much of the axis, a tick has no room for its text. */
const LAST = 0.9;

/** The heads of the columns; that of the bars is the time since the trace began. */
export function Axis({ view, width }: { view: View; width: number }) {
  const ticks = ticksOf(view, Math.max(2, Math.floor((width * BARS) / TICK_PX)));
  return (
    <div className={styles.head} role="rowgroup">
      <div className={styles.row} role="row" aria-rowindex={1}>
        <div role="columnheader" className={styles.name}>
          Span
        </div>
        <div role="columnheader" className={styles.axis}>
          <span className="visually-hidden">Time since the trace began</span>
          {ticks.map((tick) => (
            <span
              key={tick}
              aria-hidden
              className={styles.tick}
              style={{ left: `${100 * placeOf(tick, view)}%` }}
            >
              {placeOf(tick, view) < LAST && duration(tick / NS)}
            </span>
          ))}
        </div>
        <div role="columnheader" className={styles.number}>
          Took
        </div>
        <div role="columnheader" className={styles.share} title="Share of the critical path">
          Path
        </div>
      </div>
    </div>
  );
}
