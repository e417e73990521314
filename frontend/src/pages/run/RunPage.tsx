import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";

import { useJob } from "../../api/events";
import { isMissing } from "../../api/problem";
import { jobOfRun, result } from "../../api/queries";
import type { Job } from "../../api/types";
import { useMissing } from "../../api/useMissing";
import { JobCard } from "../../components/JobCard";
import { Page } from "../../components/Page";
import { Panel } from "../../components/Panel";
import { Async, Failed } from "../../components/states";
import { RunResult } from "./RunResult";

const route = getRouteApi("/runs/$runId");

const AGAIN_MS = 3_000;

/** A run: while it waits or goes on its job, afterwards its result. */
export default function RunPage() {
  const { runId } = route.useParams();
  const query = useQuery({
    ...result(runId),
    // A run that goes on has no result yet.
    refetchInterval: ({ state }) => (isMissing(state.error) ? AGAIN_MS : false),
  });
  const missing = useMissing(runId, query);
  const { data: job } = useQuery({ ...jobOfRun(runId), enabled: missing !== null });
  if (missing && job) {
    return (
      <Page title={runId}>
        <GoingOn job={job} />
      </Page>
    );
  }
  // Of another run nothing is kept: neither what is armed nor what is sought.
  if (query.data) return <RunResult key={runId} run={query.data} />;
  return (
    <Page title={runId}>
      <Panel title="Result">
        {missing ? (
          <Failed error={missing} retry={() => void query.refetch()} />
        ) : (
          <Async query={query} what="the result" lines={8}>
            {() => null}
          </Async>
        )}
      </Panel>
    </Page>
  );
}

const STATES: Partial<Record<Job["status"], string>> = { queued: "Waiting", running: "Running" };

function GoingOn({ job: found }: { job: Job }) {
  const { data: job = found, dataUpdatedAt } = useJob(found.job_id, found);
  return (
    <Panel title={STATES[job.status] ?? "Ended"}>
      <JobCard job={job} at={dataUpdatedAt} />
    </Panel>
  );
}
