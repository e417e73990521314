import { fireEvent, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { routed } from "../../testing/routed";
import IncidentPage from "./IncidentPage";
import { readIncidentSearch } from "./search";

const INCIDENT = {
  start: "2026-01-05T12:00:00Z",
  end: "2026-01-05T13:00:00Z",
  missing: [],
  alerts: { items: [], total: 0 },
  runs: { failed: [], slowest: [], running: [], total: 0, running_total: 0, by_status: {} },
  traces: [],
};
const PROBLEM = { title: "Unavailable", status: 503, detail: "it is down" };

let down: boolean;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.parse(INCIDENT.end) });
  down = false;
  vi.stubGlobal("fetch", ({ url }: Request) => {
    const isAsked = url.endsWith("/api/incidents");
    if (isAsked && !down) return Promise.resolve(Response.json(INCIDENT));
    if (isAsked) return Promise.resolve(Response.json(PROBLEM, { status: 503 }));
    return Promise.resolve(Response.json({ items: [], panels: [] }));
  });
});

afterEach(() => void vi.useRealTimers());

it("keeps what is known when a later moment cannot be asked for", async () => {
  routed("/incident", [
    { path: "/incident", component: IncidentPage, validateSearch: readIncidentSearch },
  ]);
  await screen.findByRole("region", { name: "Alerts that fired" });
  down = true;
  vi.setSystemTime(Date.now() + 30_000);
  fireEvent.click(screen.getByRole("button", { name: "Refresh" }));
  expect((await screen.findByText(/As of/)).textContent).toContain("it is down");
  expect(screen.getByRole("region", { name: "Alerts that fired" })).toBeTruthy();
});
