import { act, cleanup, fireEvent, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import type { FromWorker, LoadRequest, ToWorker } from "../../ticks/protocol";
import { noRetries } from "../../testing/routed";
import { laidOut, open, service } from "./testing";

// A canvas cannot be drawn on here: the picture says what it would show.
vi.mock("../../ticks/TickChart", async () => {
  const { useEffect } = await import("react");
  interface Props {
    label: string;
    view: { inside: number } | null;
    onWidth: (pixels: number) => void;
    onZoom: (from: number, to: number) => void;
    onZoomOut: () => void;
  }
  function TickChart({ label, view, onWidth, onZoom, onZoomOut }: Props) {
    useEffect(() => onWidth(640), [onWidth]);
    return (
      <figure aria-label={label}>
        {view && `${view.inside} seen`}
        <button onClick={() => onZoom(1_200, 1_300)}>drag</button>
        <button onClick={onZoomOut}>twice</button>
      </figure>
    );
  }
  return { default: TickChart };
});

class Beside extends EventTarget {
  static all: Beside[] = [];
  readonly posted: ToWorker[] = [];
  terminated = false;

  constructor() {
    super();
    Beside.all.push(this);
  }

  postMessage(message: ToWorker): void {
    this.posted.push(message);
  }

  terminate(): void {
    this.terminated = true;
  }

  say(message: FromWorker): void {
    act(() => void this.dispatchEvent(new MessageEvent("message", { data: message })));
  }
}

const HELD = {
  start: "2024-01-02T00:00:00Z",
  end: "2024-01-02T01:00:00Z",
  rows: 9,
  bytes: 9,
  files: 1,
};
const CATALOG = [
  {
    instrument_id: "EUR/USD.SIM",
    instrument_class: "CurrencyPair",
    price_precision: 5,
    ticks: { quote: HELD },
    bars: { "1-MINUTE-MID": HELD },
  },
];
const ADDRESS = "/data/ticks?instrument=EUR%2FUSD.SIM&kind=quote";
const LOADED = { type: "loaded", load: 1, rows: 5, inWindow: 5, from: 1_000, to: 2_000 } as const;

afterEach(() => vi.unstubAllGlobals());

beforeEach(() => {
  Beside.all = [];
  laidOut();
  vi.stubGlobal("Worker", Beside);
  service({ "/api/catalog/instruments": Response.json(CATALOG) });
});

async function worker(): Promise<Beside> {
  await screen.findByRole("figure");
  return waitFor(() => {
    const last = Beside.all.at(-1);
    if (!last?.posted.length) throw new Error("no worker was asked");
    return last;
  });
}

function view(inside: number, points = inside): FromWorker {
  const times = new Float64Array(points);
  return {
    type: "view", load: 1, view: 99, from: 1_000, to: 2_000, times, columns: [times, times], inside,
    whole: true,
  }; // prettier-ignore
}

it("loads what the address says, slashes and all", async () => {
  open(`${ADDRESS}&start=2024-01-02T00:00:00Z&limit=2000000`);
  const { posted } = await worker();
  const query = new URL((posted[0] as LoadRequest).address, "http://x").searchParams;
  expect(query.get("instrument_id")).toBe("EUR/USD.SIM");
  expect([query.get("start"), query.get("limit")]).toEqual(["2024-01-02T00:00:00Z", "2000000"]);
  await waitFor(() => expect(posted.at(-1)).toMatchObject({ type: "view", pixels: 640 }));
  expect(await screen.findByRole("heading", { name: "EUR/USD.SIM" })).toBeTruthy();
});

it("says how far it is, then what is seen of how much", async () => {
  open(ADDRESS);
  const beside = await worker();
  expect(screen.getByText("Asking for quotes")).toBeTruthy();
  beside.say({ type: "progress", load: 1, rows: 2_000, expected: 5_000 });
  expect(screen.getByText("2,000 of 5,000 quotes")).toBeTruthy();
  beside.say(LOADED);
  beside.say(view(4, 3));
  expect(screen.queryByRole("progressbar")).toBeNull();
  expect(screen.getByText(/4 of 5 quotes in .*drawn by 3 of them/)).toBeTruthy();
});

it("says that the limit cut the window, and leads to the rest", async () => {
  const router = open(ADDRESS);
  const beside = await worker();
  beside.say({ ...LOADED, rows: 1_000_000, inWindow: 1_500_000 });
  expect(screen.getByText("The first 1,000,000 of 1,500,000 quotes")).toBeTruthy();
  fireEvent.click(screen.getByRole("link", { name: "Load all" }));
  await waitFor(() => expect(router.state.location.search).toMatchObject({ limit: 2_000_000 }));
  const again = () => beside.posted.filter((one) => one.type === "load");
  await waitFor(() => expect(again()).toHaveLength(2));
});

it("keeps what is seen in the address", async () => {
  const router = open(ADDRESS);
  const beside = await worker();
  beside.say(LOADED);
  beside.say(view(5));
  fireEvent.click(screen.getByText("drag"));
  await waitFor(() =>
    expect(router.state.location.search).toMatchObject({ from: "1200000", to: "1300000" }),
  );
  expect(beside.posted.at(-1)).toMatchObject({ window: { from: 1_200, to: 1_300 } });
  fireEvent.click(screen.getByRole("button", { name: "Later" }));
  await waitFor(() => expect(router.state.location.search).toMatchObject({ from: "1250000" }));
  fireEvent.click(screen.getByText("twice"));
  await waitFor(() => expect(router.state.location.search).not.toHaveProperty("from"));
  expect(beside.posted.at(-1)).toMatchObject({ window: null });
  expect(beside.posted.filter((one) => one.type === "load")).toHaveLength(1);
});

it("says what failed, and tries again", async () => {
  open(ADDRESS);
  const beside = await worker();
  const problem = { title: "x", status: 422, detail: "no quote ticks", hint: "held from … to …" };
  beside.say({ type: "failed", load: 1, problem, message: "no quote ticks" });
  expect(screen.getByRole("alert").textContent).toContain("held from");
  fireEvent.click(screen.getByRole("button", { name: "Try again" }));
  await waitFor(() => expect(beside.posted.at(-1)).toMatchObject({ type: "view", load: 2 }));
  expect(screen.queryByRole("alert")).toBeNull();
});

it("asks when the page is painted, and only for what is still wanted", async () => {
  const frames: FrameRequestCallback[] = [];
  vi.stubGlobal("requestAnimationFrame", (callback: FrameRequestCallback) => frames.push(callback));
  const router = open(ADDRESS);
  await screen.findByRole("figure");
  const loads = () =>
    Beside.all
      .flatMap(({ posted }) => posted)
      .flatMap((one) => ("address" in one ? one.address : []));
  expect(loads()).toEqual([]);
  act(() => frames.splice(0).forEach((frame) => frame(0)));
  await waitFor(() => expect(loads()).toHaveLength(1));

  for (const limit of [2_000_000, 5_000_000]) {
    const search = { instrument: "EUR/USD.SIM", kind: "quote", limit };
    await act(() => router.navigate({ to: "/data/ticks", search } as never));
  }
  act(() => frames.splice(0).forEach((frame) => frame(0)));
  await waitFor(() => expect(loads()).toHaveLength(2));
  expect(loads()[1]).toContain("limit=5000000");
});

it("shows nothing of what was loaded before when something else is asked for", async () => {
  const router = open(ADDRESS);
  const beside = await worker();
  beside.say(LOADED);
  beside.say(view(4));
  expect(screen.getByRole("figure").textContent).toContain("4 seen");
  vi.stubGlobal("requestAnimationFrame", () => 0);
  const search = { instrument: "EUR/USD.SIM", kind: "trade" };
  await act(() => router.navigate({ to: "/data/ticks", search } as never));
  expect(screen.getByRole("figure", { name: /^trades/ }).textContent).not.toContain("seen");
  beside.say(view(3));
  expect(screen.getByRole("figure").textContent).not.toContain("seen");
  expect(screen.getByText("Asking for trades")).toBeTruthy();
});

it("stops reading when it is left", async () => {
  const router = open(ADDRESS);
  const beside = await worker();
  await act(() => router.navigate({ to: "/data" } as never));
  await waitFor(() => expect(beside.terminated).toBe(true));
});

it("loads another window from the form, and complains of none", async () => {
  const router = open(ADDRESS);
  await worker();
  await waitFor(() =>
    expect(screen.getByLabelText(/Start/)).toHaveProperty(
      "value",
      expect.stringMatching(/^2024-01-02T00:00/),
    ),
  );
  fireEvent.change(screen.getByLabelText(/Start/), { target: { value: "2024-01-02T02:00:00" } });
  fireEvent.click(screen.getByRole("button", { name: "Load" }));
  expect(screen.getByText("must be after the start")).toBeTruthy();
  fireEvent.change(screen.getByLabelText(/End/), { target: { value: "2024-01-02T03:00:00" } });
  fireEvent.click(screen.getByRole("button", { name: "Load" }));
  await waitFor(() =>
    expect(router.state.location.search).toMatchObject({
      start: "2024-01-02T02:00:00.000Z",
      end: "2024-01-02T03:00:00.000Z",
    }),
  );
});

it("keeps what is typed when the limit changes, and when more is held", async () => {
  let held = HELD;
  service({
    "/api/catalog/instruments": () => Response.json([{ ...CATALOG[0], ticks: { quote: held } }]),
  });
  const client = noRetries();
  const router = open(ADDRESS, client);
  await worker();
  await waitFor(() => expect(value(/End/)).toContain("01:00"));
  fireEvent.change(screen.getByLabelText(/Start/), { target: { value: "2024-01-02T00:30:00" } });
  fireEvent.change(screen.getByLabelText("At most"), { target: { value: "2000000" } });
  await waitFor(() => expect(router.state.location.search).toMatchObject({ limit: 2_000_000 }));
  expect(value(/Start/)).toContain("00:30");
  held = { ...HELD, end: "2024-01-02T02:00:00Z" };
  await act(() => client.invalidateQueries({ queryKey: ["instruments"] }));
  await waitFor(() => expect(value(/End/)).toContain("02:00"));
  expect(value(/Start/)).toContain("00:30");
});

function value(label: RegExp): string {
  return screen.getByLabelText<HTMLInputElement>(label).value;
}

it("ends the window after the last tick, to the second", async () => {
  for (const [end, shown] of [
    ["2024-01-02T01:00:00.000001Z", "01:00:01"],
    ["2024-01-02T01:00:07Z", "01:00:07"],
  ] as const) {
    open(`${ADDRESS}&start=2024-01-02T00:00:00Z&end=${end}`);
    await worker();
    expect(screen.getByLabelText(/End/)).toHaveProperty("value", `2024-01-02T${shown}`);
    cleanup();
  }
});

it("leads to what else is held of the instrument", async () => {
  open(ADDRESS);
  const link = await screen.findByRole("link", { name: "1-MINUTE-MID bars" });
  const { searchParams } = new URL(link.getAttribute("href") ?? "", "http://x");
  expect([searchParams.get("kind"), searchParams.get("bar_type")]).toEqual(["bar", "1-MINUTE-MID"]);
});

it("asks for a choice where the address names no instrument", async () => {
  open("/data/ticks");
  expect(await screen.findByText(/Choose an instrument/)).toBeTruthy();
  expect(Beside.all).toHaveLength(0);
});
