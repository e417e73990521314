import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { activeJobs } from "./queries";

/**
 * When what the trace is of ended, in Unix milliseconds: `endedAt` where that is known, else when its
 * job was seen to have ended. Infinity as long as that goes on; undefined where nobody knows.
 */
export function useTraceEnd(traceId: string, endedAt?: number): number | undefined {
  const client = useQueryClient();
  const { data: isGoing = false } = useQuery({
    ...activeJobs,
    enabled: endedAt === undefined,
    select: (jobs) => jobs.some((job) => job.trace_id === traceId),
  });
  const [before, setBefore] = useState<{ isGoing: boolean; end?: number | undefined }>({ isGoing });
  if (before.isGoing !== isGoing) {
    setBefore({ isGoing, end: client.getQueryState(activeJobs.queryKey)?.dataUpdatedAt });
  }
  return endedAt ?? (isGoing ? Infinity : before.end);
}
