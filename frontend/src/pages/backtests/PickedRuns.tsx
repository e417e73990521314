import { Link } from "@tanstack/react-router";

import type { RunLine } from "../../api/runLines";
import { Button, buttonClass } from "../../components/Button";
import type { Column } from "../../components/Table";
import { local } from "../../lib/time";
import styles from "./BacktestsPage.module.css";

/** A box in each row that takes the run for a comparison. */
export function pickColumn(
  picked: readonly string[],
  toggle: (runId: string) => void,
): Column<RunLine> {
  return {
    id: "pick",
    title: "",
    width: "3rem",
    from: 480,
    cell: (run) => (
      <input
        type="checkbox"
        className={styles.pick}
        aria-label={`Compare the ${run.strategy} of ${local(new Date(run.created_at))}`}
        checked={picked.includes(run.run_id)}
        onChange={() => toggle(run.run_id)}
      />
    ),
  };
}

/** What can be done with the runs that were taken. */
export function PickedRuns({ picked, clear }: { picked: readonly string[]; clear: () => void }) {
  const [a, b] = picked;
  if (a === undefined) return null;
  return (
    <>
      {b === undefined ? (
        <span className="muted">take a second run</span>
      ) : (
        <Link to="/compare" search={{ a, b }} className={buttonClass("primary", true)}>
          Compare the two
        </Link>
      )}
      <Button small onClick={clear}>
        Clear
      </Button>
    </>
  );
}
