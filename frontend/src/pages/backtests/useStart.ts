import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api, content } from "../../api/client";
import { startSweep } from "../../api/runQueries";
import type { BacktestRequest, SweepRequest } from "../../api/types";

export type Asked = { run: BacktestRequest } | { sweep: SweepRequest };
export type Started = { run_id: string } | { sweep_id: string; runs: number };

/** Starts a backtest or a sweep; the lists of what goes on are asked anew. */
export function useStart() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (asked: Asked): Promise<Started> => {
      if ("sweep" in asked) {
        const { sweep_id, runs } = await startSweep(asked.sweep);
        return { sweep_id, runs: runs.length };
      }
      const { run_id } = await content(api.POST("/api/backtest/run", { body: asked.run }));
      return { run_id };
    },
    onSuccess: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ["jobs", "active"] }),
        client.invalidateQueries({ queryKey: ["sweeps"] }),
      ]),
  });
}
