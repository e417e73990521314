import { Link } from "@tanstack/react-router";

import { buttonClass } from "../../components/Button";
import { Time } from "../../components/Time";
import { count, duration } from "../../lib/format";
import { runOf, type Trace, unixMs } from "../../tracing/model";
import { readBoardSearch } from "../dashboards/boardSearch";
import styles from "./TracePage.module.css";

const NS = 1e9;
/** Around a trace, so that what led to it is seen: a scrape comes every few seconds. */
const AROUND_MS = 120_000;

/** The first span without a parent. */
export function traceTitle(trace: Trace): string {
  const known = new Set(trace.spans.map(({ id }) => id));
  const roots = trace.spans.filter(({ parent }) => !known.has(parent));
  const [first] = roots.sort((a, b) => a.start - b.start);
  return first?.name ?? "Trace";
}

/** When it was, how long it took, how much is in it. */
export function TraceHead({ trace }: { trace: Trace }) {
  const failed = trace.spans.filter((span) => span.failed).length;
  const processes = new Set(trace.spans.map(({ process }) => process)).size;
  return (
    <>
      <Time at={new Date(unixMs(trace, 0))} /> · {duration(trace.length / NS)} ·{" "}
      {count(trace.spans.length)} {trace.spans.length === 1 ? "span" : "spans"} of {processes}{" "}
      {processes === 1 ? "process" : "processes"}
      {failed > 0 && <span className={styles.errors}> · {count(failed)} failed</span>}
    </>
  );
}

/** To the run that it is of, and to the metrics of its time. */
export function TraceLinks({ trace }: { trace: Trace }) {
  const run = runOf(trace);
  const time = {
    from: String(Math.floor(unixMs(trace, 0)) - AROUND_MS),
    to: String(Math.ceil(unixMs(trace, trace.length)) + AROUND_MS),
  };
  return (
    <>
      {run && (
        <Link to="/runs/$runId" params={{ runId: run }} className={buttonClass()}>
          Run
        </Link>
      )}
      <Link
        to="/dashboards/$uid"
        params={{ uid: run ? "nautobs-run" : "nautobs-overview" }}
        search={readBoardSearch({ ...time, ...(run ? { "var-run_id": run } : {}) })}
        className={buttonClass()}
      >
        Metrics of that time
      </Link>
    </>
  );
}
