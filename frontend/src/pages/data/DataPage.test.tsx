import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";

import { noRetries } from "../../testing/routed";
import { laidOut, open, service } from "./testing";

const FAILURE = { at: "2024-01-03T00:00:00Z", error: "5 of 9 rows cannot be held", field: "bid" };
const DAYS = [
  {
    day: "2024-01-02",
    files: [
      { path: "a.parquet", kind: "quote", instrument_ids: ["EUR/USD.SIM"], state: "converted", rows: 9 },
      { path: "b.parquet", kind: "quote", state: "new", rows: 9, failure: FAILURE, reject_report: true },
    ].map((file) => ({ day: "2024-01-02", size: 2048, ...file })),
  },
]; // prettier-ignore
const HELD = {
  start: "2024-01-02T00:00:00Z",
  end: "2024-01-02T01:00:00Z",
  rows: 1_234_567,
  bytes: 9,
  files: 1,
};
const CATALOG = [
  { instrument_id: "EUR/USD.SIM", instrument_class: "CurrencyPair", ticks: { quote: HELD } },
];
const REJECTS = {
  path: "b.parquet", rows_read: 9, rows_rejected: 5, failed: true,
  reasons: { "bid_price: not a finite number": 5 },
  listed: [{ row: 3, field: "bid_price", column: "bid", reason: "not a finite number", value: "nan" }],
}; // prettier-ignore
const JOB = {
  job_id: "job-1",
  job_type: "convert",
  status: "ok",
  created_at: "2024-01-02T00:00:00Z",
};

class Silent extends EventTarget {
  close(): void {
    return;
  }
}

beforeEach(() => {
  laidOut();
  vi.stubGlobal("EventSource", Silent);
});

function answers(more: Parameters<typeof service>[0] = {}) {
  return service({
    ...more,
    "/api/datasets/rejects": Response.json(REJECTS),
    "/api/datasets": more["/api/datasets"] ?? Response.json(DAYS),
    "/api/catalog/instruments": more["/api/catalog/instruments"] ?? Response.json(CATALOG),
  });
}

it("shows the newest day, how its files are, and what the catalog holds", async () => {
  answers();
  open("/data");
  const files = await screen.findByRole("grid", { name: "Files of 2024-01-02" });
  expect(within(files).getByText("failed").closest("[title]")?.getAttribute("title")).toBe(
    FAILURE.error,
  );
  expect(screen.getByText("1 of 2")).toBeTruthy();
  const catalog = await screen.findByRole("grid", { name: "What the catalog holds" });
  expect(within(catalog).getByText("1,234,567")).toBeTruthy();
  const link = within(catalog).getByRole("link", { name: "EUR/USD.SIM" });
  expect(link.getAttribute("href")).toContain("/data/ticks?instrument=EUR%2FUSD.SIM&kind=quote");
});

it("says that there is nothing, and where raw files belong", async () => {
  answers({
    "/api/datasets": Response.json([]),
    "/api/catalog/instruments": Response.json([]),
  });
  open("/data");
  expect(await screen.findByText(/There are no raw days/)).toBeTruthy();
  expect(await screen.findByText("The catalog is empty: convert a raw day.")).toBeTruthy();
});

it("says what is wrong with the datasets file, and lets it be tried again", async () => {
  const problem = {
    title: "Invalid",
    status: 422,
    detail: "datasets.toml: unknown key `x`",
    hint: "use [[dataset]]",
  };
  answers({ "/api/datasets": Response.json(problem, { status: 422 }) });
  open("/data");
  const alert = await screen.findByRole("alert");
  expect(alert.textContent).toContain("unknown key `x`");
  expect(within(alert).getByRole("button", { name: "Try again" })).toBeTruthy();
});

it("says why a file failed, and which rows", async () => {
  answers();
  open("/data?day=2024-01-02&file=b.parquet");
  const panel = await screen.findByRole("region", { name: "b.parquet" });
  expect(panel.textContent).toContain(FAILURE.error);
  expect(await within(panel).findByText("bid_price: not a finite number")).toBeTruthy();
  const rows = await within(panel).findByRole("grid", { name: "Rejected rows of b.parquet" });
  expect(within(rows).getByText("nan")).toBeTruthy();
});

it("converts the files that were chosen, and shows the job", async () => {
  const came = answers({
    "/api/datasets/convert": Response.json({ job_id: "job-1", trace_id: "t" }, { status: 202 }),
    "/api/jobs/job-1": Response.json({
      ...JOB,
      result: { files: [{ outcome: "first", rows_written: 9 }, { outcome: "cached" }] },
    }),
  });
  open("/data");
  fireEvent.click(await screen.findByRole("checkbox", { name: "Convert b.parquet" }));
  fireEvent.click(screen.getByRole("checkbox", { name: /also what is converted/ }));
  fireEvent.click(screen.getByRole("button", { name: "Convert 1 file" }));
  expect(await screen.findByText(/Converted 1 of 2, 9 rows/)).toBeTruthy();
  const sent = came.find((request) => request.method === "POST");
  expect(await sent?.json()).toEqual({ date: "2024-01-02", files: ["b.parquet"], force: true });
  await waitFor(() => {
    const asked = came.filter((request) => request.url.endsWith("/api/datasets"));
    expect(asked.length).toBeGreaterThan(1);
  });
});

it("says that a conversion is gone with the service that did it", async () => {
  let job = () => Response.json({ ...JOB, status: "running", progress: 0.42 });
  answers({
    "/api/datasets/convert": Response.json({ job_id: "job-1", trace_id: "t" }, { status: 202 }),
    "/api/jobs/job-1": () => job(),
  });
  const client = noRetries();
  open("/data", client);
  fireEvent.click(await screen.findByRole("button", { name: "Convert the day" }));
  expect(await screen.findByText("42 %")).toBeTruthy();
  job = () => Response.json({ status: 404, detail: "no job" }, { status: 404 });
  act(() => void client.invalidateQueries({ queryKey: ["jobs", "job-1"] }));
  expect(await screen.findByText(/no longer knows this conversion/)).toBeTruthy();
  expect(screen.queryByText("42 %")).toBeNull();
});

it("says beside the button why a conversion could not begin", async () => {
  const problem = { title: "Not found", status: 404, detail: "there are no raw files for that" };
  answers({ "/api/datasets/convert": Response.json(problem, { status: 404 }) });
  open("/data");
  fireEvent.click(await screen.findByRole("button", { name: "Convert the day" }));
  expect((await screen.findByRole("alert")).textContent).toBe(problem.detail);
});

it("says that a day of the address has no files", async () => {
  answers();
  open("/data?day=1999-01-01");
  expect(await screen.findByText("There are no raw files for 1999-01-01.")).toBeTruthy();
});

it("chooses all files of a day, or none", async () => {
  answers();
  open("/data");
  const all = await screen.findByRole("checkbox", { name: "Choose all files" });
  fireEvent.click(all);
  expect(screen.getByRole("button", { name: "Convert 2 files" })).toBeTruthy();
  fireEvent.click(all);
  expect(screen.getByRole("button", { name: "Convert the day" })).toBeTruthy();
});

it("keeps the day that is open when a newer one arrives, and what was ticked of it", async () => {
  let days = DAYS;
  answers({ "/api/datasets": () => Response.json(days) });
  const client = noRetries();
  open("/data", client);
  const box = await screen.findByRole("checkbox", { name: "Convert b.parquet" });
  fireEvent.click(box);
  days = DAYS.flatMap((one) => [one, { ...one, day: "2024-01-03" }]);
  await act(() => client.invalidateQueries({ queryKey: ["datasets"] }));
  expect(await screen.findByRole("link", { name: "2024-01-03" })).toBeTruthy();
  expect(screen.getByRole("checkbox", { name: "Convert b.parquet" })).toBe(box);
  expect(box).toHaveProperty("checked", true);
});

it("opens another day when the one that was open is gone", async () => {
  let days = DAYS;
  answers({ "/api/datasets": () => Response.json(days) });
  const client = noRetries();
  open("/data", client);
  await screen.findByRole("grid", { name: "Files of 2024-01-02" });
  days = DAYS.map((one) => ({ ...one, day: "2024-01-01" }));
  await act(() => client.invalidateQueries({ queryKey: ["datasets"] }));
  expect(await screen.findByRole("grid", { name: "Files of 2024-01-01" })).toBeTruthy();
});
