/** What pages about single runs, pairs of runs and sweeps ask for. */

import { useQuery, useQueryClient, queryOptions } from "@tanstack/react-query";
import { useEffect } from "react";

import { api, content } from "./client";
import { listen } from "./stream";
import type { Comparison, OrderTable, Sweep, SweepRequest, SweepSummary } from "./types";

const LIVE_MS = 2_000;
/** A sweep is long; its runs are asked for no more often than this while they end. */
const SWEEP_MS = 1_000;
const ALL_ORDERS = 10_000;

export interface Order {
  order_id: string;
  side: "BUY" | "SELL";
  type: string;
  time_in_force: string;
  quantity: number;
  filled: number;
  price: number | null;
  trigger_price: number | null;
  average_price: number | null;
  status: string;
  created_ns: number;
  ended_ns: number | null;
  filled_ns: number | null;
  commission: number | null;
  commission_currency: string | null;
  pnl: number | null;
  position_id: string | null;
}

export interface Orders extends Omit<OrderTable, "rows" | "columns"> {
  orders: Order[];
}

/** The orders of a table by the names of its columns, whatever their order. */
export function ordersOf({ rows, columns, ...rest }: OrderTable): Orders {
  const named = (row: readonly unknown[]) =>
    Object.fromEntries(columns.map((column, place) => [column, row[place]]));
  return { ...rest, orders: rows.map((row) => named(row) as unknown as Order) };
}

/** All orders of a run that were kept. */
export const orders = (runId: string) =>
  queryOptions({
    queryKey: ["orders", runId],
    queryFn: async ({ signal }) => {
      const params = { path: { run_id: runId }, query: { limit: ALL_ORDERS } };
      const path = "/api/backtest/results/{run_id}/orders";
      return ordersOf((await content(api.GET(path, { params, signal }))) as OrderTable);
    },
    staleTime: Infinity,
  });

export const comparison = (a: string, b: string) =>
  queryOptions({
    queryKey: ["compare", a, b],
    queryFn: async ({ signal }) => {
      const params = { query: { a, b } };
      // Only with format=csv it is a text.
      return (await content(api.GET("/api/backtest/compare", { params, signal }))) as Comparison;
    },
    staleTime: Infinity,
  });

// Sweeps ------------------------------------------------------------------------------------------

export const sweeps = queryOptions({
  queryKey: ["sweeps"],
  queryFn: ({ signal }) =>
    content(api.GET("/api/backtest/sweeps", { params: { query: { limit: 100 } }, signal })),
  refetchInterval: ({ state }) =>
    state.data?.some((one) => one.status === "running") ? LIVE_MS : false,
});

export const sweep = (sweepId: string) =>
  queryOptions({
    queryKey: ["sweep", sweepId],
    queryFn: ({ signal }) =>
      content(
        api.GET("/api/backtest/sweeps/{sweep_id}", {
          params: { path: { sweep_id: sweepId } },
          signal,
        }),
      ),
    staleTime: Infinity,
  });

/** A sweep with its runs: followed by its events while it goes on. */
export function useSweep(sweepId: string) {
  const client = useQueryClient();
  const query = useQuery(sweep(sweepId));
  const goesOn = query.data?.status === "running";
  useEffect(() => {
    if (!goesOn) return;
    const { queryKey } = sweep(sweepId);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const bringRuns = () => {
      timer = undefined;
      void client.invalidateQueries({ queryKey, exact: true });
    };
    const stop = listen<SweepSummary>(`/api/backtest/sweeps/${sweepId}/events`, "sweep", {
      hear: (summary) => {
        client.setQueryData(queryKey, (now) => now && withSummary(now, summary));
        // The events have no runs.
        if (summary.status !== "running") bringRuns();
        else timer ??= setTimeout(bringRuns, SWEEP_MS);
      },
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [client, sweepId, goesOn]);
  return query;
}

/** What the event says, except the end: with the last runs still missing it would not be followed. */
function withSummary(now: Sweep, { counts, best }: SweepSummary): Sweep {
  return { ...now, counts, best };
}

export function startSweep(body: SweepRequest) {
  return content(api.POST("/api/backtest/sweep", { body }));
}

export function cancelSweep(sweepId: string) {
  return content(
    api.DELETE("/api/backtest/sweeps/{sweep_id}", { params: { path: { sweep_id: sweepId } } }),
  );
}
