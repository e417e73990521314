import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";

import { routed } from "../../testing/routed";
import { readTracesSearch } from "./search";
import TracesPage from "./TracesPage";

const trace = (place: number, errorCount: number) => ({
  traceID: `${place}`,
  rootServiceName: "nautilus",
  rootTraceName: `trace ${place}`,
  startTimeUnixNano: `179597724${place}000000000`,
  serviceStats: { nautilus: { spanCount: 9, errorCount } },
});

beforeEach(() => {
  // Nothing is laid out here: the table believes that it is this large.
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(600);
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(1_200);
  // The newest first, as the store sends them.
  const traces = [trace(3, 0), trace(2, 1), trace(1, 0)];
  vi.stubGlobal("fetch", ({ url }: Request) =>
    Promise.resolve(Response.json(url.includes("/search") ? { traces } : { scopes: [] })),
  );
});

function open(search = "") {
  return routed(`/traces${search}`, [
    { path: "/traces", component: TracesPage, validateSearch: readTracesSearch },
  ]);
}

async function names() {
  const links = await within(await screen.findByRole("grid")).findAllByRole("link");
  return links.map((link) => link.textContent);
}

it("leaves the cursor in the query, and what is typed on, when it is asked", async () => {
  const router = open();
  const field = await screen.findByRole<HTMLInputElement>("combobox", { name: "TraceQL" });
  field.focus();
  fireEvent.change(field, { target: { value: "{ name = `a` }" } });
  fireEvent.submit(field);
  fireEvent.change(field, { target: { value: "{ name = `a` } | co" } });
  await waitFor(() => expect(router.state.location.searchStr).toContain("q="));
  await names();
  expect(document.activeElement).toBe(field);
  expect(field.value).toBe("{ name = `a` } | co");
});

it("shows the query of another address", async () => {
  const router = open();
  const field = await screen.findByRole<HTMLInputElement>("combobox", { name: "TraceQL" });
  fireEvent.change(field, { target: { value: "{ never asked" } });
  await act(() => router.navigate({ to: "/traces", search: { q: "{ a }" } } as never));
  await waitFor(() => expect(field.value).toBe("{ a }"));
});

it("puts failed traces first unless the address says otherwise", async () => {
  open();
  expect(await names()).toEqual(["trace 2", "trace 3", "trace 1"]);
});

it("puts traces in the order of the address", async () => {
  open("?sort=-start");
  expect(await names()).toEqual(["trace 3", "trace 2", "trace 1"]);
});

const MANY = Array.from({ length: 200 }, (_, place) => trace(1_000 + place, 0));

function storeOf(asked: string[]): void {
  vi.stubGlobal("fetch", ({ url }: Request) => {
    const q = new URL(url).searchParams.get("q");
    if (!q) return Promise.resolve(Response.json({ scopes: [] }));
    asked.push(q);
    const status = { key: "status", value: { stringValue: "unset" } };
    const older = { ...trace(1, 1), spanSets: [{ spans: [{ attributes: [status] }] }] };
    const traces = q.includes("status = error") ? [MANY[0], older] : MANY;
    return Promise.resolve(Response.json({ traces }));
  });
}

it("asks for failed traces that the newest ones leave no room for", async () => {
  const asked: string[] = [];
  storeOf(asked);
  open();
  expect((await names())[0]).toBe("trace 1");
  expect(asked).toEqual(["{ }", "({ }) && { status = error }"]);
  expect(screen.getByText("the newest 200, 1 older with errors; there may be more")).toBeTruthy();
  expect(screen.queryByRole("columnheader", { name: "status" })).toBeNull();
});

it.each([
  ["{ } | count() > 2", "({ } | count() > 2) && ({ status = error } | count() > 0)"],
  [
    '{ name = "a | b" || name = `by(` }',
    '({ name = "a | b" || name = `by(` }) && { status = error }',
  ],
])("asks for those of %s that failed", async (q, failed) => {
  const asked: string[] = [];
  storeOf(asked);
  open(`?q=${encodeURIComponent(q)}`);
  expect((await names())[0]).toBe("trace 1");
  expect(asked).toEqual([q, failed]);
});

it("asks once for what cannot be a part of another query", async () => {
  const asked: string[] = [];
  storeOf(asked);
  open(`?q=${encodeURIComponent("{ } | select(name)")}`);
  await names();
  expect(asked).toEqual(["{ } | select(name)"]);
});

it("shows the newest where the second question fails", async () => {
  const asked: string[] = [];
  storeOf(asked);
  const answer = fetch;
  vi.stubGlobal("fetch", async (request: Request) => {
    const answered = await answer(request);
    if (!new URL(request.url).searchParams.get("q")?.includes("status = error")) return answered;
    const problem = { title: "Bad Request", status: 400, detail: "a query that cannot be asked" };
    const headers = { "content-type": "application/problem+json" };
    return Response.json(problem, { status: 400, headers });
  });
  open();
  expect((await names()).length).toBeGreaterThan(5);
  expect(asked).toEqual(["{ }", "({ }) && { status = error }"]);
  expect(screen.getByText("the newest 200; there may be more")).toBeTruthy();
});

it("asks for another query once, and for the same again as of now", async () => {
  const windows: string[] = [];
  vi.stubGlobal("fetch", ({ url }: Request) => {
    const { searchParams } = new URL(url);
    const q = searchParams.get("q");
    if (q) windows.push(`${q} ${searchParams.get("end") ?? ""}`);
    const body = q ? { traces: [trace(1, 0)] } : { scopes: [] };
    return Promise.resolve(Response.json(body));
  });
  const noon = Date.UTC(2026, 0, 1, 12);
  const clock = vi.spyOn(Date, "now").mockReturnValue(noon);
  open();
  await names();
  windows.length = 0;
  const ask = async (at: number) => {
    clock.mockReturnValue(at);
    fireEvent.click(screen.getByRole("button", { name: "Search" }));
    await waitFor(() => expect(windows.at(-1)).toContain(` ${at / 1_000}`));
  };
  const { length } = windows;
  fireEvent.change(screen.getByRole("combobox", { name: "TraceQL" }), {
    target: { value: '{ name = "x" }' },
  });
  await ask(noon + 10_000);
  await ask(noon + 20_000);
  const q = '{ name = "x" }';
  expect(windows.slice(length)).toEqual([
    `${q} ${(noon + 10_000) / 1_000}`,
    `${q} ${(noon + 20_000) / 1_000}`,
  ]);
});
