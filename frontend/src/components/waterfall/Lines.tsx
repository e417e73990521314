/** The spans in sight, with keys that move through them. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useEffect, useId, useRef } from "react";

import { useWidth } from "../../lib/useWidth";
import { moveBy } from "../../tracing/rows";
import { Axis } from "./Axis";
import { Line } from "./Line";
import type { WaterfallState } from "./useWaterfall";
import styles from "./Waterfall.module.css";

const OVERSCAN = 10;
const ROW_REM = 1.75;

export function Lines({ state, onSearch }: { state: WaterfallState; onSearch: () => void }) {
  const { rows, chosen, closed, view, path, colours, matches, toggle, goTo } = state;
  const id = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const width = useWidth(scroller);
  const at = chosen ? rows.indexOf(chosen) : -1;

  // eslint-disable-next-line react-hooks/incompatible-library -- nothing of it is memoised here
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: rowHeight,
    overscan: OVERSCAN,
    scrollPaddingEnd: 2 * rowHeight(),
  });
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at, { align: "auto" });
    // Only when another span is chosen: who scrolls away may stay there.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [chosen?.span.id]);

  function onKeyDown(event: KeyboardEvent<HTMLDivElement>): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / rowHeight()) - 2);
    const move = moveBy(event.key, rows, chosen, closed, page);
    if (move) {
      if ("to" in move) goTo(move.to);
      else toggle(move.toggle);
    } else if (event.key === "e") state.step(state.failed, 1);
    else if (event.key === "f") onSearch();
    else return;
    event.preventDefault();
  }

  return (
    <div
      ref={scroller}
      className={styles.lines}
      role="treegrid"
      aria-label="Spans"
      aria-rowcount={rows.length + 1}
      aria-activedescendant={at >= 0 ? `${id}-${at}` : undefined}
      aria-keyshortcuts="e f"
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      <Axis view={view} width={width} />
      <div className={styles.body} role="rowgroup" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, start }) => {
          const node = rows[index];
          if (!node) return null;
          const { span } = node;
          return (
            <Line
              key={span.id}
              id={`${id}-${index}`}
              index={index}
              top={start}
              node={node}
              from={view.from}
              to={view.to}
              colour={colours.get(span.process) ?? ""}
              onPath={path.get(span.id)}
              share={(path.get(span.id)?.own ?? 0) / (state.length || 1)}
              isClosed={closed.has(span.id)}
              isChosen={index === at}
              isDim={matches !== null && !matches.has(span.id)}
              onToggle={toggle}
              onChoose={goTo}
            />
          );
        })}
      </div>
    </div>
  );
}

function rowHeight(): number {
  return ROW_REM * parseFloat(getComputedStyle(document.documentElement).fontSize || "16");
}
