import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { api, content } from "../../api/client";
import { Button } from "../../components/Button";

/** Deletes a result at the second click; the first asks. */
export function DeleteRun({ runId }: { runId: string }) {
  const [asked, setAsked] = useState(false);
  const client = useQueryClient();
  const navigate = useNavigate();
  const remove = useMutation({
    mutationFn: () =>
      content(
        api.DELETE("/api/backtest/results/{run_id}", { params: { path: { run_id: runId } } }),
      ),
    onSuccess: async () => {
      await navigate({ to: "/backtests" });
      client.removeQueries({ queryKey: ["result", runId] });
      await client.invalidateQueries({ queryKey: ["results"] });
    },
  });
  if (remove.error) return <Button disabled>{remove.error.message}</Button>;
  return (
    <Button
      kind="danger"
      disabled={remove.isPending}
      onBlur={() => setAsked(false)}
      onClick={() => (asked ? remove.mutate() : setAsked(true))}
    >
      {asked ? "Delete for good" : "Delete"}
    </Button>
  );
}
