/** A job as it goes on, from the service's events; asks again when the stream breaks. */

import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

import { isActive, job as jobQuery } from "./queries";
import { reportAnswer, reportSilence } from "./reachability";
import type { Job } from "./types";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

/**
 * Follow a job to its end: each of its events is put into the cache of queries.
 * Call the result to stop. A stream that breaks is opened again, later each time.
 */
export function followJob(jobId: string, client: QueryClient): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wait = FIRST_WAIT_MS;
  let stopped = false;

  function stop(): void {
    stopped = true;
    source?.close();
    clearTimeout(timer);
  }

  function open(): void {
    source = new EventSource(`/api/jobs/${jobId}/events`);
    source.addEventListener("job", (event: MessageEvent<string>) => {
      const update = JSON.parse(event.data) as Job;
      wait = FIRST_WAIT_MS;
      reportAnswer();
      client.setQueryData(jobQuery(jobId).queryKey, update);
      if (!isActive(update)) {
        stop();
        void client.invalidateQueries({ queryKey: ["jobs", "active"] });
        void client.invalidateQueries({ queryKey: ["results"] });
        void client.invalidateQueries({ queryKey: ["result", update.run_id] });
      }
    });
    source.onerror = () => void retry();
  }

  async function retry(): Promise<void> {
    source?.close();
    reportSilence();
    try {
      // A service that was restarted knows the job no longer: this says so.
      await client.query({ ...jobQuery(jobId), staleTime: 0, retry: false });
    } catch {
      // Whoever shows the job reads the error from the cache.
    }
    if (stopped || client.getQueryState(jobQuery(jobId).queryKey)?.error?.name === "ApiError") {
      return;
    }
    timer = setTimeout(open, wait);
    wait = Math.min(2 * wait, LONGEST_WAIT_MS);
  }

  open();
  return stop;
}

/** A job that is followed while the component is there and the job goes on. */
export function useJob(jobId: string, initial?: Job) {
  const client = useQueryClient();
  const query = useQuery({
    ...jobQuery(jobId),
    ...(initial ? { initialData: initial } : {}),
    staleTime: Infinity,
  });
  const over = query.data !== undefined && !isActive(query.data);
  useEffect(() => (over ? undefined : followJob(jobId, client)), [jobId, client, over]);
  return query;
}
