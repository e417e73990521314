import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import type { Panel } from "../../grafana/model";
import { parseSearch } from "../../lib/search";
import { routed } from "../../testing/routed";
import { readBoardSearch } from "./boardSearch";
import type { Picture } from "./chart/picture";
import DashboardPage from "./DashboardPage";

const drawn = vi.hoisted(() => vi.fn<(label: string) => void>());

// There is no canvas here: a chart says which of its lines have values.
vi.mock("./chart/BoardChart", () => ({
  BoardChart: ({ label, picture: { data } }: { label: string; picture: Picture }) => {
    drawn(label);
    const lines = data.slice(1).map((line) => [...line].some((value) => value !== null));
    return <div role="figure" aria-label={label} data-lines={lines.map(Number).join("")} />;
  },
}));

function panel(id: number, changed: Partial<Panel>): Panel {
  return {
    id,
    type: "timeseries",
    title: `Chart ${id}`,
    gridPos: { x: 0, y: id, w: 12, h: 8 },
    targets: [{ refId: "A", expr: "x", legendFormat: "{{name}}" }],
    ...changed,
  };
}

const LINK = "/d/nautobs-run?${__url_time_range}&var-strategy=${__data.fields.name}";
const BOARD = {
  uid: "nautobs-run",
  title: "Run",
  templating: {
    list: [
      {
        name: "worker",
        type: "custom",
        multi: true,
        current: { value: "$__all" },
        options: ["w1", "w2", "w3"].map((value) => ({ value, text: value })),
      },
      { name: "run_id", type: "textbox" },
    ],
  },
  panels: [
    panel(1, {}),
    panel(2, {}),
    panel(3, {
      type: "table",
      title: "Stages",
      targets: [{ refId: "A", expr: "x", instant: true }],
      transformations: [
        { id: "filterFieldsByName", options: { include: { names: ["name", "Value"] } } },
      ],
      options: { sortBy: [{ displayName: "name" }] },
      fieldConfig: { defaults: { links: [{ title: "Open", url: LINK }] } },
    }),
  ],
};
const NAMES = ["p50", "p99.9", "p90"];
let names = NAMES;

/** All is in sight, and 600 px wide. */
class Seen {
  constructor(private readonly tell: (entries: unknown[]) => void) {}
  observe(): void {
    this.tell([{ isIntersecting: true, contentRect: { width: 600, height: 300 } }]);
  }
  unobserve = () => undefined;
  disconnect = () => undefined;
}

const asked = vi.fn<(question: string) => void>();

function answer({ url }: Request): Response {
  const { pathname, searchParams } = new URL(url);
  if (pathname.startsWith("/api/prometheus")) asked(pathname.replace(/.*\//, ""));
  if (pathname === "/api/dashboards/nautobs-run") return Response.json(BOARD);
  if (!pathname.startsWith("/api/prometheus")) return Response.json([]);
  const start = Number(searchParams.get("start"));
  const result = names.map((name, place) => ({
    metric: { name },
    value: [0, String(place)],
    values: [[start, String(place)]],
  }));
  return Response.json({ status: "success", data: { resultType: "vector", result } });
}

beforeEach(() => {
  drawn.mockClear();
  asked.mockClear();
  names = NAMES;
  vi.stubGlobal("IntersectionObserver", Seen);
  vi.stubGlobal("ResizeObserver", Seen);
  vi.stubGlobal("fetch", (request: Request) => Promise.resolve(answer(request)));
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(600);
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(1_200);
});

afterEach(() => vi.unstubAllGlobals());

/** The board at an address, once its panels are drawn. */
async function open(search = "") {
  const { history } = routed(`/dashboards/nautobs-run${search}`, [
    { path: "/dashboards/$uid", component: DashboardPage, validateSearch: readBoardSearch },
  ]);
  await screen.findAllByRole("figure");
  await within(await screen.findByRole("grid")).findByText("p50");
  return history;
}

/** Which lines of a chart are drawn. */
async function linesOf(place: number) {
  return (await screen.findAllByRole("figure"))[place]?.dataset.lines;
}

async function press(chart: string, line: string) {
  const place = screen.getByRole("article", { name: chart });
  fireEvent.click(await within(place).findByRole("button", { name: line }));
}

function firstColumn() {
  const [, ...rows] = within(screen.getByRole("grid")).getAllByRole("row");
  return rows.map((row) => within(row).getByRole("link").textContent);
}

it("keeps in the address which line of a panel is shown alone", async () => {
  const history = await open();
  expect([await linesOf(0), await linesOf(1)]).toEqual(["111", "111"]);
  drawn.mockClear();
  await press("Chart 1", "p99.9");
  await waitFor(() => expect(history.location.search).toBe("?only=1.p99.9"));
  await waitFor(async () => expect(await linesOf(0)).toBe("010"));
  // It is drawn again alone, and Back leads to where one came from.
  expect(drawn.mock.calls).toEqual([["Chart 1 over time"]]);
  expect(history.length).toBe(1);
  await press("Chart 2", "p50");
  await waitFor(() => expect(history.location.search).toBe("?only=1.p99.9&only=2.p50"));
  await press("Chart 1", "p99.9");
  await waitFor(() => expect(history.location.search).toBe("?only=2.p50"));
  await waitFor(async () => expect([await linesOf(0), await linesOf(1)]).toEqual(["111", "100"]));
});

it("draws an address as it was: lines alone and tables in order", async () => {
  await open("?only=2.p90&only=1.gone&only=x&order=3.-Value");
  await waitFor(async () => expect([await linesOf(0), await linesOf(1)]).toEqual(["111", "001"]));
  expect(firstColumn()).toEqual(["p90", "p99.9", "p50"]);
  const article = screen.getByRole("article", { name: "Chart 2" });
  expect(within(article).getByRole("button", { pressed: true }).textContent).toBe("p90");
});

it("keeps in the address how a table is in order, also where its rows lead on the board", async () => {
  const history = await open("?only=1.p50");
  expect(firstColumn()).toEqual(["p50", "p90", "p99.9"]);
  const head = screen.getByRole("button", { name: /Value/ });
  fireEvent.click(head);
  await waitFor(() => expect(firstColumn()).toEqual(["p90", "p99.9", "p50"]));
  expect(history.location.search).toBe("?only=1.p50&order=3.-Value");
  expect(drawn.mock.calls.flat().filter((label) => label === "Chart 2 over time")).toHaveLength(1);
  fireEvent.click(screen.getByRole("link", { name: "p90" }));
  await waitFor(() => expect(history.location.search).toContain("var-strategy=p90"));
  const { only, order } = readBoardSearch(parseSearch(history.location.search));
  expect([only, order]).toEqual([["1.p50"], ["3.-Value"]]);
  // As the board has it, the address says nothing of it.
  fireEvent.click(screen.getByRole("button", { name: "name" }));
  await waitFor(() => expect(firstColumn()).toEqual(["p99.9", "p90", "p50"]));
  fireEvent.click(screen.getByRole("button", { name: "name" }));
  await waitFor(() => expect(firstColumn()).toEqual(["p50", "p90", "p99.9"]));
  expect(history.location.search).not.toContain("order");
});

it("asks for another range once, as of when it is chosen", async () => {
  const history = await open();
  asked.mockClear();
  const later = Date.now() + 60_000;
  vi.spyOn(Date, "now").mockReturnValue(later);
  fireEvent.click(screen.getByRole("button", { name: "last 5 minutes" }));
  await waitFor(() => expect(history.location.search).toBe("?from=now-5m&to=now"));
  await waitFor(() => expect(asked).toHaveBeenCalledTimes(2));
  expect(asked.mock.calls.flat().toSorted()).toEqual(["query", "query_range"]);
  // The same again is asked for as of now.
  vi.spyOn(Date, "now").mockReturnValue(later + 60_000);
  fireEvent.click(screen.getByRole("button", { name: "last 5 minutes" }));
  await waitFor(() => expect(asked).toHaveBeenCalledTimes(4));
});

it("begins what a press causes after the next frame", async () => {
  const history = await open();
  const frames: FrameRequestCallback[] = [];
  vi.stubGlobal("requestAnimationFrame", (callback: FrameRequestCallback) => frames.push(callback));
  await press("Chart 1", "p99.9");
  fireEvent.click(screen.getByRole("button", { name: "Zoom out" }));
  expect([frames.length, history.location.search]).toEqual([2, ""]);
  frames[0]?.(0);
  await waitFor(() => expect(history.location.search).toBe("?only=1.p99.9"));
  frames[1]?.(0);
  await waitFor(() => expect(history.location.search).toContain("from="));
});

it("opens the row that was marked, though another has come before it", async () => {
  const history = await open();
  const table = screen.getByRole("grid");
  fireEvent.keyDown(table, { key: "ArrowDown" });
  fireEvent.keyDown(table, { key: "ArrowDown" });
  names = ["p1", ...NAMES];
  vi.spyOn(Date, "now").mockReturnValue(Date.now() + 60_000);
  fireEvent.click(screen.getByRole("button", { name: /Refresh/ }));
  await within(table).findByText("p1");
  fireEvent.keyDown(table, { key: "Enter" });
  await waitFor(() => expect(history.location.search).toContain("var-strategy=p90"));
});

it("ticks two boxes that are pressed at once", async () => {
  const history = await open();
  fireEvent.click(screen.getByRole("checkbox", { name: "w1" }));
  fireEvent.click(screen.getByRole("checkbox", { name: "w3" }));
  await waitFor(() => expect(history.location.search).toBe("?var-worker=w1&var-worker=w3"));
});

it("leaves the cursor in a variable that was given", async () => {
  const history = await open();
  const field = screen.getByRole("textbox", { name: "run_id" });
  field.focus();
  fireEvent.change(field, { target: { value: "run-1" } });
  fireEvent.keyDown(field, { key: "Enter" });
  await waitFor(() => expect(history.location.search).toBe("?var-run_id=run-1"));
  await waitFor(() => expect(screen.getByRole("textbox", { name: "run_id" })).toBe(field));
  expect(document.activeElement).toBe(field);
});
