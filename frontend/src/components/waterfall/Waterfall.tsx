/** A trace as a waterfall: spans by their parents, on one time axis, with details of the chosen one. */

import { useEffect, useRef } from "react";

import type { Trace } from "../../tracing/model";
import { Lines } from "./Lines";
import { Overview } from "./Overview";
import { PathSummary } from "./PathSummary";
import { SpanDetails } from "./SpanDetails";
import { Tools } from "./Tools";
import { useWaterfall } from "./useWaterfall";
import styles from "./Waterfall.module.css";

interface Props {
  trace: Trace;
  /** Id of the span whose details are shown. */
  chosen: string | undefined;
  onChoose: (id: string | undefined) => void;
}

export default function Waterfall({ trace, chosen, onChoose }: Props) {
  const state = useWaterfall(trace, chosen, onChoose);
  const search = useRef<HTMLInputElement>(null);
  const lost = chosen !== undefined && !state.chosen;
  return (
    <div className={styles.whole}>
      <Tools state={state} search={search} />
      <PathSummary state={state} />
      {lost && (
        <p className={styles.lost} role="status">
          Span <code>{chosen}</code> is not in this trace, or not yet.
        </p>
      )}
      <div className={state.chosen ? styles.split : styles.alone}>
        <div className={styles.left}>
          <Overview state={state} />
          <Lines state={state} onSearch={() => search.current?.focus()} />
        </div>
        {state.chosen && (
          <Details key={state.chosen.span.id}>
            <SpanDetails
              node={state.chosen}
              trace={trace}
              own={state.path.get(state.chosen.span.id)?.own}
              onClose={() => onChoose(undefined)}
              onZoom={state.zoom}
              onGoTo={state.goTo}
            />
          </Details>
        )}
      </div>
    </div>
  );
}

/** Begins at its top for each span. */
function Details({ children }: { children: React.ReactNode }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Newer browsers answer with a promise, which is no way to clean up.
    place.current?.scrollTo(0, 0);
  }, []);
  return (
    // Focusable, so that it can be scrolled by keys.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div ref={place} className={styles.details} tabIndex={0} role="region" aria-label="Span">
      {children}
    </div>
  );
}
