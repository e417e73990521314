import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";

import { api, content } from "../../api/client";
import { Button } from "../../components/Button";
import { useEscape } from "../../lib/useEscape";

const ASKED_MS = 5_000;

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
  useEscape(asked ? () => setAsked(false) : null);
  // Safari gives a clicked button no focus: it is never left.
  useEffect(() => {
    if (!asked) return;
    const timer = setTimeout(() => setAsked(false), ASKED_MS);
    return () => clearTimeout(timer);
  }, [asked]);
  return (
    <>
      {remove.error && <span role="alert">{remove.error.message}</span>}
      <Button
        kind="danger"
        disabled={remove.isPending}
        onBlur={() => setAsked(false)}
        onClick={({ detail }) => {
          // The second click of a double one answers nothing.
          if (detail > 1) return;
          setAsked(!asked);
          if (asked) remove.mutate();
        }}
      >
        {remove.isPending ? "Deleting" : asked ? "Delete for good" : "Delete"}
      </Button>
    </>
  );
}
