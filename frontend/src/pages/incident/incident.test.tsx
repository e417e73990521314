import { fireEvent, render, screen, within } from "@testing-library/react";
import { useState } from "react";
import { expect, it, vi } from "vitest";

import { incidentFile } from "../../api/alertQueries";
import type { Incident } from "../../api/types";
import type { Panel } from "../../grafana/model";
import { routed } from "../../testing/routed";
import { sectionsOf } from "../dashboards/layout";
import { AlertsPart } from "./AlertsPart";
import { Overview } from "./Overview";
import { keyPanels } from "./panels";
import { askedOf, settled } from "./range";
import { RunsPart } from "./RunsPart";
import { readIncidentSearch } from "./search";

const NOW = 1_800_000_000;
const ms = (seconds: number) => String(seconds * 1_000);

it.each([
  [
    { from: "now-1h", to: "now" },
    { from: NOW - 3_600, to: NOW },
  ],
  [
    { from: ms(NOW - 600), to: ms(NOW - 300) },
    { from: NOW - 600, to: NOW - 300 },
  ],
  [
    { from: ms(NOW - 600), to: ms(NOW + 300) },
    { from: NOW - 600, to: NOW },
  ],
])("asks for %j", (range, window) => {
  expect(askedOf(range, NOW)).toEqual(window);
});

it.each([
  [{ from: "yesterday", to: "now" }, "names no time"],
  [{ from: "now", to: "now-1h" }, "not after the start"],
  [{ from: ms(NOW + 60), to: ms(NOW + 120) }, "in the future"],
  [{ from: "now-8d", to: "now" }, "7 days at most"],
])("says what is wrong with %j", (range, words) => {
  expect(askedOf(range, NOW)).toContain(words);
});

it("asks for the same window for ten seconds", () => {
  expect([settled(1_239), settled(1_230.5), settled(1_240)]).toEqual([1_230, 1_230, 1_240]);
});

it("takes the time from the address, as text", () => {
  const given = { from: "now-1h", to: 5 };
  expect({ ...given, ...readIncidentSearch(given) }).toEqual({ from: "now-1h", to: undefined });
});

function panel(id: number, type: string, x = 0, w = 12): Panel {
  return { id, type, title: `${type} ${id}`, gridPos: { x, w, y: 0, h: 4 } };
}

it("draws the charts of the board under their rows, and no row without any", () => {
  const board = [
    panel(1, "text"),
    panel(2, "row"),
    panel(3, "table", 0, 8),
    panel(4, "state-timeline", 8, 16),
    panel(5, "row"),
    panel(6, "table"),
    panel(7, "row"),
    panel(8, "timeseries"),
    panel(9, "timeseries", 12),
  ];
  const found = keyPanels(sectionsOf(board));
  expect(found.map(({ id }) => id)).toEqual([2, 4, 7, 8, 9]);
  expect(found[1]?.gridPos).toMatchObject({ x: 0, w: 24 });
});

const INCIDENT = {
  start: "2026-01-05T12:00:00Z",
  end: "2026-01-05T13:00:00Z",
  missing: [],
  alerts: { items: [{ severity: "page" }, { severity: "ticket" }], total: 2 },
  runs: { total: 7, by_status: { ok: 3, cancelled: 1, error: 2, killed: 1 }, running_total: 0 },
  traces: [
    { title: "Errors", traces: [{}, {}] },
    { title: "Failed runs", traces: [{}] },
  ],
} as unknown as Incident;

function figures(): Record<string, string> {
  const names = screen.getAllByRole("term").map((one) => one.textContent);
  const values = screen.getAllByRole("definition").map((one) => one.textContent.trim());
  return Object.fromEntries(names.map((name, place) => [name, values[place] ?? ""]));
}

it("counts what there is; what was cancelled did not fail", () => {
  render(<Overview incident={INCIDENT} />);
  expect(figures()).toMatchObject({ Alerts: "2 1 page", Runs: "7 3 failed", Errors: "2" });
  expect(screen.queryByText("Not all of it is here.")).toBeNull();
});

it("keeps the mark on an alert when an earlier one comes before it", async () => {
  // Nothing is laid out here: the table believes that it is this large.
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(600);
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(1_200);
  const at = { starts_at: INCIDENT.start, ends_at: null, told_at: INCIDENT.start };
  const fired = (name: string) => ({ ...at, name, state: "firing", labels: {}, annotations: {} });
  function Part() {
    const [items, setItems] = useState(["b", "c", "c"].map(fired));
    const alerts = { items, total: items.length };
    return (
      <>
        <button onClick={() => setItems([fired("a"), ...items])}>more</button>
        <AlertsPart incident={{ ...INCIDENT, alerts } as unknown as Incident} />
      </>
    );
  }
  routed("/", [{ path: "/", component: Part }]);
  const table = await screen.findByRole("grid", { name: "Alerts that fired" });
  fireEvent.keyDown(table, { key: "ArrowDown" });
  expect(within(table).getByRole("row", { selected: true }).textContent).toMatch(/^b/);
  fireEvent.click(screen.getByRole("button", { name: "more" }));
  expect(within(table).getByRole("row", { selected: true }).textContent).toMatch(/^b/);
  expect(within(table).getAllByText("c")).toHaveLength(2);
});

it("shows what still runs, and that it is late already", async () => {
  // Nothing is laid out here: the table believes that it is this large.
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(600);
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(1_200);
  const run = { strategy: "idle", instrument_id: "EUR/USD.SIM", window: "1h", stage: "run" };
  const running = [
    { ...run, run_id: "run-1", progress: 0.25, seconds_so_far: 75, objective_seconds: 60 },
  ];
  const runs = { ...INCIDENT.runs, failed: [], slowest: [], running, running_total: 51 };
  const incident = { ...INCIDENT, runs } as unknown as Incident;
  routed("/", [{ path: "/", component: () => <RunsPart incident={incident} /> }]);
  const table = await screen.findByRole("grid", { name: "Still running" });
  expect(within(table).getByRole("link").getAttribute("href")).toBe("/runs/run-1");
  expect(table.textContent).toMatch(/run25\s%/u);
  expect(table.textContent).toContain("1 min, missed");
  expect(screen.getByText("the longest 1 of 51")).toBeTruthy();
});

it("says what is missing, and why", () => {
  const missing = [
    {
      source: "prometheus" as const,
      what: "Failures, Targets",
      reason: "it is down",
      hint: "start it",
    },
  ];
  render(<Overview incident={{ ...INCIDENT, missing }} />);
  expect(screen.getByText(/Failures, Targets: it is down/).textContent).toContain("(start it)");
});

it("has the file under the name that the service gives it, and no other folder's", async () => {
  let url = "";
  const named = (name: string) => ({
    headers: { "content-disposition": `attachment; filename="${name}"` },
  });
  vi.stubGlobal("fetch", (request: Request) => {
    url = request.url;
    return Promise.resolve(new Response("PK", named("incident-1.zip")));
  });
  const file = await incidentFile(NOW - 60, NOW, "zip");
  expect(file.name).toBe("incident-1.zip");
  expect(await file.blob.text()).toBe("PK");
  expect(url).toContain("/api/incidents?format=zip");
  vi.stubGlobal("fetch", () => Promise.resolve(new Response("PK", named("../../x"))));
  expect((await incidentFile(NOW - 60, NOW, "zip")).name).toBe("incident.zip");
});
