/** All jobs as they go on, from one stream of events, put into the cache of queries. */

import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

import { setLive } from "./live";
import { activeJobs, isActive, job as jobQuery } from "./queries";
import { listen } from "./stream";
import type { Job, JobsMessage } from "./types";

/** Lists of results are long: sweeps end many runs a second, and are not asked for as often. */
const RESULTS_MS = 3_000;

/** Follow all jobs of the service. Call the result to stop. */
export function followJobs(client: QueryClient): () => void {
  const results = makeRefresh(client);
  // Changes are told to what was known: the list is kept where no page shows it.
  client.setQueryDefaults(activeJobs.queryKey, { gcTime: Infinity });
  const stop = listen<JobsMessage>("/api/jobs/events", "jobs", {
    hear: (message) => {
      setLive(true);
      hear(message, client, results.soon);
    },
    onBreak: () => {
      setLive(false);
      void client.invalidateQueries({ queryKey: activeJobs.queryKey });
    },
  });
  return () => {
    stop();
    results.stop();
    setLive(false);
  };
}

function hear(message: JobsMessage, client: QueryClient, refreshResults: () => void): void {
  const before = client.getQueryData(activeJobs.queryKey) ?? [];
  const told = new Map(message.jobs.map((job) => [job.job_id, job]));
  const kept = message.kind === "changes" ? before.filter((job) => !told.has(job.job_id)) : [];
  const gone =
    message.kind === "state" ? known(before, client).filter((job) => !told.has(job.job_id)) : [];
  // An answer that is on its way is older than this.
  void client.cancelQueries({ queryKey: activeJobs.queryKey }, { silent: true });
  client.setQueryData(activeJobs.queryKey, newestFirst([...kept, ...message.jobs]));
  message.jobs.forEach((job) => put(job, client));
  // What went on when the stream broke and does so no longer has ended, or is not remembered.
  gone.forEach((job) => invalidate(client, ["jobs", job.job_id]));
  const ended = [...gone, ...message.jobs.filter((job) => !isActive(job))];
  for (const { run_id } of ended) {
    if (run_id) invalidate(client, ["result", run_id]);
  }
  if (ended.length) refreshResults();
}

/** Jobs that went on so far: those of the list, and those that pages look at. */
function known(listed: Job[], client: QueryClient): Job[] {
  const followed = client
    .getQueriesData<Job>({ queryKey: ["jobs"] })
    .flatMap(([[, id], job]) => (job && job.job_id === id && isActive(job) ? [job] : []));
  return [...new Map([...listed, ...followed].map((job) => [job.job_id, job])).values()];
}

/** Only what is looked at is kept: a sweep has thousands of jobs. */
function put(job: Job, client: QueryClient): void {
  const { queryKey } = jobQuery(job.job_id);
  if (!client.getQueryState(queryKey)) return;
  client.setQueryData(queryKey, job);
  // Its report is not in the stream.
  if (!isActive(job)) invalidate(client, queryKey);
}

function newestFirst(jobs: Job[]): Job[] {
  return jobs.filter(isActive).sort((a, b) => b.created_at.localeCompare(a.created_at));
}

function invalidate(client: QueryClient, queryKey: readonly unknown[]): void {
  void client.invalidateQueries({ queryKey, exact: true });
}

/** Asks for lists of results again: at once at first, then no more often than RESULTS_MS. */
function makeRefresh(client: QueryClient) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let again = false;
  function refresh(): void {
    void client.invalidateQueries({ queryKey: ["results"] });
    again = false;
    timer = setTimeout(() => {
      timer = undefined;
      if (again) refresh();
    }, RESULTS_MS);
  }
  return {
    soon: () => {
      if (timer === undefined) refresh();
      else again = true;
    },
    stop: () => clearTimeout(timer),
  };
}

/** Follows all jobs while the component is there. */
export function useJobFeed(): void {
  const client = useQueryClient();
  useEffect(() => followJobs(client), [client]);
}

/** A job as it goes on; `initial` until it is heard of. */
export function useJob(jobId: string, initial?: Job) {
  return useQuery({ ...jobQuery(jobId), ...(initial ? { initialData: initial } : {}) });
}
