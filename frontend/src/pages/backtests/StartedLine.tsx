import { Link } from "@tanstack/react-router";

import { count } from "../../lib/format";
import type { Started } from "./useStart";

/** What was started, with a link to it. */
export function StartedLine({ started }: { started: Started }) {
  return (
    <p>
      Started{" "}
      {"run_id" in started ? (
        <Link to="/runs/$runId" params={{ runId: started.run_id }} className="mono">
          {started.run_id}
        </Link>
      ) : (
        <>
          <Link to="/sweeps/$sweepId" params={{ sweepId: started.sweep_id }} className="mono">
            {started.sweep_id}
          </Link>{" "}
          with {count(started.runs)} runs
        </>
      )}
    </p>
  );
}
