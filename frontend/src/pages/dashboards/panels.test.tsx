import { act, fireEvent, screen, waitFor } from "@testing-library/react";
import { useState } from "react";
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

const PROBLEM = { title: "Unavailable", status: 503, detail: "no Prometheus" };

/** A board whose window can move on, and whose range can become another. */
function Moving({ panel = PANEL }: { panel?: Panel }) {
  const [shown, setShown] = useState(SHOWN);
  const window = { from: shown.window.from + 60, to: shown.window.to + 60 };
  return (
    <PlaceContext value={{ ...shown, uid: SHOWN.board.uid }}>
      <BoardContext value={shown}>
        <button onClick={() => setShown({ ...shown, window })}>later</button>
        <button
          onClick={() => setShown({ ...shown, window, range: { from: "now-2h", to: "now" } })}
        >
          longer
        </button>
        <PanelFrame panel={panel} marks={[]} alone={false} />
      </BoardContext>
    </PlaceContext>
  );
}

async function drawnThenDown(): Promise<void> {
  result = [{ metric: {}, value: [0, "1234"] }];
  routed("/dashboards/u", [{ path: "/dashboards/$uid", component: () => <Moving /> }]);
  await screen.findByText("1.23K");
  vi.stubGlobal("fetch", () => Promise.resolve(Response.json(PROBLEM, { status: 503 })));
}

it("keeps what it shows when the next moment cannot be asked for", async () => {
  await drawnThenDown();
  fireEvent.click(screen.getByRole("button", { name: "later" }));
  expect((await screen.findByText(/As of/)).textContent).toContain("no Prometheus");
  expect(screen.getByText("1.23K")).toBeTruthy();
});

it("leaves the cursor on a number, though another has come before it", async () => {
  const named = (names: string[]) => names.map((name) => ({ metric: { name }, value: [0, "1"] }));
  const targets = [{ refId: "A", expr: "x", instant: true, legendFormat: "{{name}}" }];
  result = named(["b", "c"]);
  const component = () => <Moving panel={{ ...PANEL, targets }} />;
  routed("/dashboards/u", [{ path: "/dashboards/$uid", component }]);
  await screen.findByText("c");
  const link = screen.getByText("c").parentElement?.querySelector("a");
  link?.focus();
  result = named(["a", "b", "c"]);
  fireEvent.click(screen.getByRole("button", { name: "later" }));
  await screen.findByText("a");
  expect(document.activeElement?.closest("div")?.textContent).toBe("c1");
});

it("keeps nothing for another range", async () => {
  await drawnThenDown();
  fireEvent.click(screen.getByRole("button", { name: "longer" }));
  expect((await screen.findByRole("alert")).textContent).toContain("no Prometheus");
  expect(screen.queryByText("1.23K")).toBeNull();
});

it("is busy until its exemplars are there as well", async () => {
  let answer: (exemplars: Response) => void = () => undefined;
  const late = new Promise<Response>((resolve) => (answer = resolve));
  const values = Response.json({
    status: "success",
    data: { resultType: "vector", result: [{ metric: {}, value: [0, "7"] }] },
  });
  vi.stubGlobal("fetch", ({ url }: Request) =>
    url.includes("exemplars") ? late : Promise.resolve(values.clone()),
  );
  draw({ targets: [{ refId: "A", expr: "x", instant: true, exemplar: true }] });
  const body = (await screen.findByText("7")).closest("[aria-busy]");
  expect(body?.getAttribute("aria-busy")).toBe("true");
  await act(async () => {
    answer(Response.json({ status: "success", data: [] }));
    await late;
  });
  await waitFor(() => expect(body?.getAttribute("aria-busy")).toBe("false"));
});
