/** What pages ask for: one place for the keys of the cache and for how fresh things must be. */

import {
  infiniteQueryOptions,
  keepPreviousData,
  MutationCache,
  QueryCache,
  QueryClient,
  queryOptions,
} from "@tanstack/react-query";

import { api, content } from "./client";
import { unlessLive } from "./live";
import { ApiError } from "./problem";
import { onRecovery } from "./reachability";
import { runLines } from "./runLines";
import type { BacktestResult, Job, JobStatus, Objective, ResultTable, RunStatus } from "./types";

const SECOND = 1_000;
const LIVE = 2 * SECOND;
const WATCHED = 15 * SECOND;
const SETTLED = 5 * 60 * SECOND;
const TRIES = 2;

/** The cache of all answers. Refusals are final; silence is asked again. */
export function makeQueryClient(): QueryClient {
  /** A session that has ended shows by what is refused. */
  function refused(error: Error): void {
    if (!(error instanceof ApiError) || error.status !== 401) return;
    void client.invalidateQueries({ queryKey: session.queryKey }, { cancelRefetch: false });
  }
  const client = new QueryClient({
    queryCache: new QueryCache({
      onError: (error, { queryKey }) => queryKey[0] !== session.queryKey[0] && refused(error),
    }),
    mutationCache: new MutationCache({ onError: refused }),
    defaultOptions: {
      queries: {
        staleTime: 5 * SECOND,
        retry: (failures, error) => !(error instanceof ApiError) && failures < TRIES,
        // A query waits for no sign of the browser: the service may be on this machine.
        networkMode: "always",
      },
      mutations: { networkMode: "always" },
    },
  });
  onRecovery(() => void client.invalidateQueries());
  return client;
}

// Jobs and runs -----------------------------------------------------------------------------------

export const ACTIVE: readonly JobStatus[] = ["queued", "running"];

export function isActive(job: Pick<Job, "status">): boolean {
  return ACTIVE.includes(job.status);
}

export const activeJobs = queryOptions({
  queryKey: ["jobs", "active"],
  queryFn: async ({ signal }) => {
    const lists = await Promise.all(
      ACTIVE.map((status) =>
        content(api.GET("/api/jobs", { params: { query: { status } }, signal })),
      ),
    );
    return lists.flat().filter((job) => !waitsInSweep(job));
  },
  refetchInterval: () => unlessLive(LIVE),
  staleTime: LIVE,
});

/** The job of a run; null for a run that never was, or that the service does not remember. */
export const jobOfRun = (runId: string) =>
  queryOptions({
    queryKey: ["jobs", "run", runId],
    queryFn: async ({ signal }) => {
      const query = { run_id: runId, limit: 1 };
      const [found] = await content(api.GET("/api/jobs", { params: { query }, signal }));
      return found ?? null;
    },
    staleTime: LIVE,
    // A service that starts again goes on with a sweep in jobs of other ids.
    refetchInterval: LIVE,
  });

/** A sweep has hundreds of runs that wait; they are jobs to look at once they begin. */
function waitsInSweep(job: Job): boolean {
  return job.job_type === "sweep" && job.status === "queued";
}

export const job = (jobId: string) =>
  queryOptions({
    queryKey: ["jobs", jobId],
    queryFn: ({ signal }) =>
      content(api.GET("/api/jobs/{job_id}", { params: { path: { job_id: jobId } }, signal })),
    staleTime: Infinity,
    refetchInterval: ({ state }) =>
      state.data && isActive(state.data) && !state.error && unlessLive(LIVE),
  });

export interface ResultFilter {
  sort?: string | undefined;
  strategy?: string | undefined;
  instrument_id?: string | undefined;
  status?: RunStatus | undefined;
}

/** Lines asked for at once: enough to scroll through without waiting, few enough to come at once. */
const LINES = 2_000;

export const results = (filter: ResultFilter) =>
  infiniteQueryOptions({
    queryKey: ["results", "table", filter],
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }) => {
      const query = { ...set(filter), limit: LINES, ...(pageParam ? { cursor: pageParam } : {}) };
      const table = await content(api.GET("/api/backtest/table", { params: { query }, signal }));
      return { rows: runLines(table as ResultTable), next: table.next_cursor };
    },
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
    refetchInterval: WATCHED,
  });

export const lastRuns = (limit: number) =>
  queryOptions({
    queryKey: ["results", "last", limit],
    queryFn: ({ signal }) =>
      content(api.GET("/api/backtest/results", { params: { query: { limit } }, signal })),
    refetchInterval: WATCHED,
  });

export const result = (runId: string) =>
  queryOptions({
    queryKey: ["result", runId],
    queryFn: async ({ signal }) => {
      const params = { path: { run_id: runId } };
      const found = await content(api.GET("/api/backtest/results/{run_id}", { params, signal }));
      // The client's types forget how long the pairs of the curve are.
      return found as BacktestResult;
    },
    staleTime: Infinity,
  });

// What there is -----------------------------------------------------------------------------------

export const strategies = queryOptions({
  queryKey: ["strategies"],
  queryFn: ({ signal }) => content(api.GET("/api/strategies", { signal })),
  staleTime: SETTLED,
});

export const instruments = queryOptions({
  queryKey: ["instruments"],
  queryFn: ({ signal }) => content(api.GET("/api/catalog/instruments", { signal })),
  staleTime: WATCHED,
});

export const rawDays = queryOptions({
  queryKey: ["datasets"],
  queryFn: ({ signal }) => content(api.GET("/api/datasets", { signal })),
  staleTime: WATCHED,
});

export const boards = queryOptions({
  queryKey: ["boards"],
  queryFn: ({ signal }) => content(api.GET("/api/dashboards", { signal })),
  staleTime: SETTLED,
});

export const runbooks = queryOptions({
  queryKey: ["runbooks"],
  queryFn: ({ signal }) => content(api.GET("/api/runbooks", { signal })),
  staleTime: SETTLED,
});

// How it is ---------------------------------------------------------------------------------------

export const session = queryOptions({
  queryKey: ["session"],
  queryFn: ({ signal }) => content(api.GET("/api/session", { signal })),
  staleTime: SETTLED,
});

/** Ready or not: a service that cannot run jobs says so with 503 and the same document. */
export const readiness = queryOptions({
  queryKey: ["ready"],
  queryFn: async ({ signal }) => {
    const { data, error, response } = await api.GET("/api/ready", { signal });
    if (response.status === 503 && error && "checks" in error) return error;
    return content(Promise.resolve({ data, error, response }));
  },
  refetchInterval: WATCHED,
});

export const alerts = queryOptions({
  queryKey: ["alerts"],
  queryFn: ({ signal }) => content(api.GET("/api/alerts", { signal })),
  refetchInterval: WATCHED,
});

export const objectives = queryOptions({
  queryKey: ["objectives"],
  queryFn: async ({ signal }) => (await content(api.GET("/api/objectives", { signal }))).objectives,
  staleTime: SETTLED,
});

type Figure = "budget_left" | "good_ratio" | "events" | "burn_rate";

/** One figure of all objectives, by the objective's name. Those without events have none. */
export const objectiveFigures = (all: readonly Objective[], figure: Figure) =>
  queryOptions({
    queryKey: ["objective", figure],
    queryFn: async ({ signal }) => {
      const query = all.map((one) => `(${one.queries[figure] ?? "vector(0) < 0"})`).join(" or ");
      const params = { query: { query } };
      const answer = await content(api.GET("/api/prometheus/query", { params, signal }));
      const samples = answer.data.result as { metric: Record<string, string>; value: Sample }[];
      return new Map(samples.map(({ metric, value }) => [metric.objective, Number(value[1])]));
    },
    enabled: all.length > 0,
    refetchInterval: WATCHED,
  });

type Sample = [number, string];

/** Without the members that are undefined. */
function set<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
