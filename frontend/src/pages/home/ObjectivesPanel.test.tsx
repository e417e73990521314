import { fireEvent, screen, waitFor } from "@testing-library/react";
import { expect, it, vi } from "vitest";

import { routed } from "../../testing/routed";
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
  return routed("/", [{ path: "/", component: ObjectivesPanel }, { path: "/dashboards/$uid" }]);
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
