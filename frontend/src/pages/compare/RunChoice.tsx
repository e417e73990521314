import { useQuery } from "@tanstack/react-query";

import { lastRuns } from "../../api/queries";
import type { ResultSummary } from "../../api/types";
import { local, utc } from "../../lib/time";

interface Props {
  label: string;
  value: string | undefined;
  /** The run that this one is compared with: those like it are offered first. */
  other: string | undefined;
  onChange: (runId: string) => void;
}

const OFFERED = 100;

/** Chooses one of the newest runs. */
export function RunChoice({ label, value, other, onChange }: Props) {
  const query = useQuery(lastRuns(OFFERED));
  const items = query.data?.items ?? [];
  const like = items.find((run) => run.run_id === other)?.request.strategy;
  const near = items.filter((run) => run.request.strategy === like && run.run_id !== other);
  const far = items.filter((run) => run.request.strategy !== like && run.run_id !== other);
  const chosen = items.find((run) => run.run_id === value);
  return (
    <select
      aria-label={label}
      title={chosen && utc(new Date(chosen.created_at))}
      value={value ?? ""}
      onChange={(event) => event.target.value && onChange(event.target.value)}
    >
      {!value && <option value="">{query.isPending ? "Loading runs" : "Choose a run"}</option>}
      {value && (!chosen || value === other) && <option value={value}>{value}</option>}
      {near.length > 0 && (
        <optgroup label="Same strategy">
          <Options runs={near} />
        </optgroup>
      )}
      {far.length > 0 && (
        <optgroup label={near.length > 0 ? "Others" : "Newest runs"}>
          <Options runs={far} />
        </optgroup>
      )}
    </select>
  );
}

function Options({ runs }: { runs: readonly ResultSummary[] }) {
  return runs.map((run) => (
    <option key={run.run_id} value={run.run_id} title={utc(new Date(run.created_at))}>
      {`${local(new Date(run.created_at))} · ${run.request.strategy} · ` +
        `${run.request.instrument_id} · ${run.window}${run.status === "ok" ? "" : ` · ${run.status}`}`}
    </option>
  ));
}
