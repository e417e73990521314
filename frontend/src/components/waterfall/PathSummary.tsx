import { useMemo } from "react";

import { duration, percent } from "../../lib/format";
import { pathByName } from "../../tracing/pathByName";
import type { WaterfallState } from "./useWaterfall";
import styles from "./Waterfall.module.css";

const SHOWN = 5;
const NS = 1e9;

/** What the end of the trace waited for, the most first. */
export function PathSummary({ state }: { state: WaterfallState }) {
  const { tree, path, goTo, length } = state;
  const all = useMemo(() => pathByName(tree, path), [tree, path]);
  if (!length) return null;
  return (
    <div className={styles.path}>
      <span className={styles.pathTitle}>Critical path</span>
      <ol>
        {all.slice(0, SHOWN).map(({ name, own, longest }) => (
          <li key={name}>
            <button type="button" title={`Show the longest ${name}`} onClick={() => goTo(longest)}>
              {name} <strong>{percent(own / length, 2)}</strong>{" "}
              <span className="muted">{duration(own / NS)}</span>
            </button>
          </li>
        ))}
      </ol>
    </div>
  );
}
