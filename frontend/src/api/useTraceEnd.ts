import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { activeJobs } from "./queries";

/** When the job of a trace was seen to have ended, in Unix milliseconds; Infinity before that. */
export function useJobEnd(traceId: string): number | undefined {
  const client = useQueryClient();
  const { data: isGoing = false } = useQuery({
    ...activeJobs,
    select: (jobs) => jobs.some((job) => job.trace_id === traceId),
  });
  const [before, setBefore] = useState<{ isGoing: boolean; end?: number | undefined }>({ isGoing });
  if (before.isGoing !== isGoing) {
    setBefore({ isGoing, end: client.getQueryState(activeJobs.queryKey)?.dataUpdatedAt });
  }
  return isGoing ? Infinity : before.end;
}
