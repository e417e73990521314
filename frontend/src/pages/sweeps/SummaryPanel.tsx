import { Link } from "@tanstack/react-router";

import type { Sweep, SweepRun } from "../../api/types";
import { Figures } from "../../components/Figures";
import { Panel } from "../../components/Panel";
import { Progress } from "../../components/Progress";
import { Time } from "../../components/Time";
import { count } from "../../lib/format";
import { utc } from "../../lib/time";
import { FIGURES, figureOf, figureText, OBJECTIVES } from "./figures";
import { textOf, valueOf, variedOf } from "./heat";
import { countsOf } from "./progress";
import styles from "./SweepPage.module.css";

/** How far the sweep is, and the best run so far. */
export function SummaryPanel({ sweep }: { sweep: Sweep }) {
  const { ended, failed, running, waiting } = countsOf(sweep);
  const { request } = sweep;
  const goesOn = sweep.status === "running";
  return (
    <Panel title="Progress" note={`${count(ended)} of ${count(sweep.total)} runs have ended`}>
      <div className={styles.progress}>
        <Progress
          label="Progress of the sweep"
          value={ended / sweep.total}
          tone={failed ? "warn" : undefined}
        />
      </div>
      <Figures
        of={[
          { name: "Running", value: count(running) },
          { name: "Waiting", value: count(waiting) },
          { name: "Failed", value: count(failed) },
          { name: "Cancelled", value: count(sweep.counts.cancelled ?? 0) },
          { name: "Started", value: <Time at={sweep.created_at} relative /> },
          { name: "Ended", value: goesOn ? "–" : <Time at={sweep.finished_at} relative /> },
        ]}
      />
      {sweep.best ? (
        <Best sweep={sweep} run={sweep.best} />
      ) : (
        <p className={styles.line}>
          No run has a {FIGURES[request.objective].title} {goesOn ? "yet" : ""}.
        </p>
      )}
      <p className={styles.line}>
        <span className="muted">
          {request.kind}s from {utc(new Date(request.start))} to {utc(new Date(request.end))}
        </span>
      </p>
    </Panel>
  );
}

function Best({ sweep, run }: { sweep: Sweep; run: SweepRun }) {
  const { objective } = sweep.request;
  const names = [...variedOf(sweep.runs).keys()];
  const rest = OBJECTIVES.filter((name) => name !== objective).slice(0, 5);
  return (
    <div className={styles.best}>
      <p>
        Best {FIGURES[objective].title}
        {sweep.status === "running" ? " so far" : ""}:{" "}
        <strong>{figureText(figureOf(run, objective), objective)}</strong>{" "}
        {objective === "pnl" && run.figures?.currency} with{" "}
        {names.map((name) => `${name} ${textOf(valueOf(run, name))}`).join(", ")}{" "}
        <Link to="/runs/$runId" params={{ runId: run.run_id }} className="mono">
          {run.run_id}
        </Link>
      </p>
      <p className="muted">
        {rest
          .map((name) => `${FIGURES[name].title} ${figureText(figureOf(run, name), name)}`)
          .join(" · ")}
      </p>
    </div>
  );
}
