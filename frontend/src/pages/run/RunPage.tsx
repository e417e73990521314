import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";

import { ApiError } from "../../api/problem";
import { activeJobs, result } from "../../api/queries";
import { FollowedJob } from "../../components/JobCard";
import { Page } from "../../components/Page";
import { Panel } from "../../components/Panel";
import { Async } from "../../components/states";
import { RunResult } from "./RunResult";

const route = getRouteApi("/runs/$runId");

const AGAIN_MS = 3_000;

function isMissing(error: Error | null): boolean {
  return error instanceof ApiError && error.status === 404;
}

/** A run: while it goes on its job, afterwards its result. */
export default function RunPage() {
  const { runId } = route.useParams();
  const query = useQuery({
    ...result(runId),
    // A run that goes on has no result yet.
    refetchInterval: ({ state }) => (isMissing(state.error) ? AGAIN_MS : false),
  });
  const missing = isMissing(query.error);
  const jobs = useQuery({ ...activeJobs, enabled: missing });
  const job = jobs.data?.find((one) => one.run_id === runId);
  if (missing && job) {
    return (
      <Page title={runId}>
        <Panel title="Running">
          <FollowedJob job={job} />
        </Panel>
      </Page>
    );
  }
  if (query.data) return <RunResult run={query.data} />;
  return (
    <Page title={runId}>
      <Panel title="Result">
        <Async query={query} what="the result" lines={8}>
          {() => null}
        </Async>
      </Panel>
    </Page>
  );
}
