import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";

import { lastRuns } from "../../api/queries";
import { RunChoice } from "./RunChoice";

it("says on hover in UTC when a run was made", () => {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } });
  const run = {
    run_id: "run-1",
    created_at: "2024-01-02T09:30:00Z",
    request: { strategy: "EMACross", instrument_id: "EUR/USD.SIM" },
    window: "1d",
    status: "ok",
  };
  client.setQueryData(lastRuns(100).queryKey, { items: [run] } as never);
  render(
    <QueryClientProvider client={client}>
      <RunChoice label="Run A" value="run-1" other={undefined} onChange={() => undefined} />
    </QueryClientProvider>,
  );
  for (const place of [screen.getByRole("combobox"), screen.getByRole("option")]) {
    expect(place.title).toBe("2024-01-02 09:30:00 UTC");
  }
});
