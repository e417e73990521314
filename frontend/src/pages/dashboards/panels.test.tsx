import { screen } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";

import type { Panel } from "../../grafana/model";
import { routed } from "../../testing/routed";
import { BoardContext, PlaceContext, type Shown } from "./BoardContext";
import { PanelFrame } from "./PanelFrame";

const PANEL: Panel = {
  id: 3,
  type: "stat",
  title: "Failed runs",
  description: "Runs that failed.",
  gridPos: { x: 0, y: 0, w: 6, h: 4 },
  targets: [{ refId: "A", expr: "x", instant: true, legendFormat: "failed" }],
  fieldConfig: {
    defaults: {
      unit: "short",
      noValue: "nothing yet",
      links: [{ title: "Board", url: "/d/nautobs-api?${__url_time_range}&${job:queryparam}" }],
    },
  },
};
const SHOWN: Shown = {
  board: { uid: "u", title: "t", panels: [PANEL] },
  values: { job: ["nautilus"] },
  range: { from: "now-1h", to: "now" },
  window: { from: 1_000, to: 4_600 },
  zoom: () => undefined,
  zoomOut: () => undefined,
};

let result: unknown[] = [];

/** An element that is in sight, and 600 px wide. */
class Seen {
  constructor(private readonly tell: (entries: unknown[]) => void) {}
  observe(): void {
    this.tell([{ isIntersecting: true, contentRect: { width: 600, height: 300 } }]);
  }
  disconnect(): void {
    return;
  }
}

beforeEach(() => {
  result = [];
  vi.stubGlobal("IntersectionObserver", Seen);
  vi.stubGlobal("ResizeObserver", Seen);
  vi.stubGlobal("fetch", () =>
    Promise.resolve(Response.json({ status: "success", data: { resultType: "vector", result } })),
  );
});

function draw(changed: Partial<Panel> = {}): void {
  const board = () => (
    <PlaceContext value={{ ...SHOWN, uid: SHOWN.board.uid }}>
      <BoardContext value={SHOWN}>
        <PanelFrame panel={{ ...PANEL, ...changed }} marks={[]} alone={false} />
      </BoardContext>
    </PlaceContext>
  );
  routed("/dashboards/u", [{ path: "/dashboards/$uid", component: board }]);
}

it("draws a number that leads to the board behind it", async () => {
  result = [{ metric: {}, value: [0, "1234"] }];
  draw();
  const link = await screen.findByRole("link", { name: "1.23K" });
  expect(link.getAttribute("href")).toMatch(/^\/dashboards\/nautobs-api\?.*var-job=/);
});

it("says in the board's words that there is nothing", async () => {
  draw();
  expect(await screen.findByText("nothing yet")).toBeTruthy();
});

it("says that it cannot draw a panel", async () => {
  draw({ type: "geomap" });
  expect(await screen.findByText("Panels of type geomap are not drawn.")).toBeTruthy();
});

it("leads from a panel to itself alone", async () => {
  draw();
  const link = await screen.findByRole("link", { name: "Show only Failed runs" });
  expect(link.getAttribute("href")).toContain("viewPanel=");
});

it("draws texts as texts", async () => {
  draw({ type: "text", options: { content: "One.\n\nTwo <b>2</b>." } });
  expect(await screen.findByText("Two <b>2</b>.")).toBeTruthy();
});
