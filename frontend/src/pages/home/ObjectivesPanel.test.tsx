import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  RouterProvider,
} from "@tanstack/react-router";
import { fireEvent, render, screen, waitFor } from "@testing-library/react";
import { expect, it, vi } from "vitest";

import { ObjectivesPanel } from "./ObjectivesPanel";

const OBJECTIVE = {
  name: "health", title: "Health check", protects: "probes", target: "0.99", threshold: 0.1,
  unit: "seconds", window: "30d", runbook: "RequestsSlow", queries: {},
  board: { topic: "api", variables: {} },
}; // prettier-ignore

function open() {
  vi.stubGlobal("fetch", ({ url }: Request) =>
    Promise.resolve(
      Response.json(
        url.includes("/prometheus/")
          ? { status: "success", data: { resultType: "vector", result: [] } }
          : { objectives: [OBJECTIVE] },
      ),
    ),
  );
  const root = createRootRoute();
  const home = createRoute({
    getParentRoute: () => root, path: "/", component: ObjectivesPanel,
  }); // prettier-ignore
  const board = createRoute({ getParentRoute: () => root, path: "/dashboards/$uid" });
  const router = createRouter({
    routeTree: root.addChildren([home, board]),
    history: createMemoryHistory({ initialEntries: ["/"] }),
  });
  render(
    <QueryClientProvider client={new QueryClient()}>
      <RouterProvider router={router as never} />
    </QueryClientProvider>,
  );
  return router;
}

it("says of a budget that is not known that it is counted once a minute", async () => {
  open();
  expect((await screen.findByText("not counted yet")).title).toContain("once a minute");
});

it("goes to an objective's board without loading the console again", async () => {
  const router = open();
  fireEvent.click(await screen.findByText("Health check"));
  await waitFor(() => {
    expect(router.state.location.pathname).toBe("/dashboards/nautobs-api");
  });
});
