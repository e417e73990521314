import { memo } from "react";

import { duration, percent } from "../../lib/format";
import { barOf } from "../../tracing/axis";
import type { OnPath } from "../../tracing/criticalPath";
import { busyOf, callsOf } from "../../tracing/model";
import type { Node } from "../../tracing/tree";
import styles from "./Waterfall.module.css";

interface Props {
  id: string;
  index: number;
  top: number;
  node: Node;
  /** The view's ends, nanoseconds since the trace began. */
  from: number;
  to: number;
  colour: string;
  onPath: OnPath | undefined;
  /** Of the critical path, from 0 to 1. */
  share: number;
  isClosed: boolean;
  isChosen: boolean;
  isDim: boolean;
  onToggle: (id: string) => void;
  onChoose: (node: Node) => void;
}

const NS = 1e9;
const LEAST_SHARE = 0.005;

/** One span: its name by its depth, its bar, how long it took, and its share of the critical path. */
export const Line = memo(function Line(props: Props) {
  const { id, index, top, node, from, to, colour, onPath, isClosed, isChosen, isDim } = props;
  const { span, depth, children, failedBelow, below } = node;
  const calls = callsOf(span);
  const hidden = isClosed ? failedBelow : 0;
  return (
    // Keys are the grid's, which keeps the focus.
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
    <div
      id={id}
      role="row"
      aria-rowindex={index + 2}
      aria-level={depth + 1}
      aria-expanded={children.length ? !isClosed : undefined}
      aria-selected={isChosen}
      className={classes(styles.row, isChosen && styles.chosen, isDim && styles.dim)}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => props.onChoose(node)}
    >
      <div
        role="gridcell"
        className={classes(styles.name, onPath && styles.onPath, span.failed && styles.failed)}
        // However deep it is, its name has half of the column.
        style={{ paddingLeft: `min(${0.5 + 0.8 * depth}rem, 45%)` }}
        title={`${span.name} · ${span.process}`}
      >
        {children.length ? (
          // A mouse's way; keys have arrows.
          <span
            className={styles.fold}
            aria-hidden
            onClick={(event) => {
              event.stopPropagation();
              props.onToggle(span.id);
            }}
          >
            {isClosed ? "▸" : "▾"}
          </span>
        ) : (
          <span className={styles.fold} aria-hidden />
        )}
        <span className={styles.dot} aria-hidden>
          {onPath ? "●" : ""}
        </span>
        <span className={styles.text}>
          {span.failed && <span aria-hidden>✗ </span>}
          {span.name}
          {calls > 1 && ` ×${calls}`}
        </span>
        {(onPath ?? span.failed) && (
          <span className="visually-hidden">
            {[span.failed && "failed", onPath && "on the critical path"].filter(Boolean).join(", ")}
          </span>
        )}
        {isClosed && (
          <span className={hidden ? styles.failedBelow : styles.below}>
            {hidden ? `${hidden} failed` : `+${below}`}
          </span>
        )}
      </div>
      <div role="gridcell" className={styles.bars}>
        <Bar {...{ node, from, to, colour, onPath, calls }} />
      </div>
      <div role="gridcell" className={styles.number}>
        {duration(busyOf(span) / NS)}
      </div>
      <div role="gridcell" className={styles.share}>
        {props.share >= LEAST_SHARE && percent(props.share, 2)}
      </div>
    </div>
  );
});

type BarProps = Pick<Props, "node" | "from" | "to" | "colour" | "onPath"> & { calls: number };

/** The span's time; a line in it says when the critical path ran through it. */
function Bar({ node, from, to, colour, onPath, calls }: BarProps) {
  const { start, end, failed, events } = node.span;
  const view = { from, to };
  const bar = barOf(start, end, view);
  return (
    <>
      {bar && (
        <div
          className={classes(
            styles.bar,
            !onPath && styles.offPath,
            calls > 1 && styles.summed,
            failed && styles.failedBar,
          )}
          style={{ left: `${bar[0]}%`, width: `${bar[1]}%`, color: failed ? undefined : colour }}
        />
      )}
      {onPath?.when.map(([begin, until]) => {
        const part = barOf(begin, until, view);
        if (!part) return null;
        const style = { left: `${part[0]}%`, width: `${part[1]}%` };
        return <div key={begin} className={styles.pathPart} style={style} />;
      })}
      {events.map(({ at, name }, place) => {
        const mark = name === "exception" ? barOf(at, at, view) : null;
        return mark && <div key={place} className={styles.event} style={{ left: `${mark[0]}%` }} />;
      })}
    </>
  );
}

function classes(...names: (string | false | null | undefined)[]): string {
  return names.filter(Boolean).join(" ");
}
