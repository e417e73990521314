import { Link, useNavigate } from "@tanstack/react-router";
import type { MouseEvent } from "react";

import type { Panel } from "../../grafana/model";
import { afterPaint } from "../../lib/afterPaint";
import { usePlace } from "./BoardContext";
import { readBoardSearch } from "./boardSearch";
import styles from "./Panel.module.css";

/** Shows one panel alone, or all again. Either draws much: the link is seen to be pressed before. */
export function ViewLink({ panel, alone }: { panel: Panel; alone: boolean }) {
  const { uid } = usePlace();
  const navigate = useNavigate();
  const to = {
    to: "/dashboards/$uid",
    params: { uid },
    search: (now: Record<string, unknown>) => ({
      ...readBoardSearch(now),
      viewPanel: alone ? undefined : String(panel.id),
    }),
  } as const;
  function onClick(event: MouseEvent): void {
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    afterPaint(() => void navigate(to));
  }
  return (
    <Link
      {...to}
      onClick={onClick}
      aria-label={alone ? "Show all panels" : `Show only ${panel.title}`}
      title={alone ? "Show all panels" : "Show only this panel"}
      className={styles.view}
    >
      {alone ? "×" : "⤢"}
    </Link>
  );
}
