import { Link } from "@tanstack/react-router";

import type { Panel } from "../../grafana/model";
import { usePlace } from "./BoardContext";
import { readBoardSearch } from "./boardSearch";
import styles from "./Panel.module.css";

/** Shows one panel alone, or all again. */
export function ViewLink({ panel, alone }: { panel: Panel; alone: boolean }) {
  const { uid } = usePlace();
  return (
    <Link
      to="/dashboards/$uid"
      params={{ uid }}
      search={(now) => ({
        ...readBoardSearch(now),
        viewPanel: alone ? undefined : String(panel.id),
      })}
      aria-label={alone ? "Show all panels" : `Show only ${panel.title}`}
      title={alone ? "Show all panels" : "Show only this panel"}
      className={styles.view}
    >
      {alone ? "×" : "⤢"}
    </Link>
  );
}
