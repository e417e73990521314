import { act, fireEvent, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { noRetries, routed } from "../../testing/routed";
import { FormPanel } from "./FormPanel";

const HELD = { start: "2024-01-02T00:00:00Z", end: "2024-01-02T01:00:00Z", rows: 9, bytes: 9 };
const ANSWERS: Record<string, unknown> = {
  "/api/strategies": [{ name: "idle", description: "", params_schema: { properties: {} } }],
  "/api/catalog/instruments": [{ instrument_id: "EUR/USD.SIM", ticks: { quote: HELD } }],
  "/api/datasets": [],
};
const NOT_FOUND = { title: "Not Found", status: 404, detail: "no result run-1" };

let model: () => Promise<Response>;

beforeEach(() => {
  model = () => Promise.resolve(Response.json(NOT_FOUND, { status: 404 }));
  vi.stubGlobal("fetch", ({ url }: Request) => {
    const answer = ANSWERS[new URL(url).pathname];
    return answer ? Promise.resolve(Response.json(answer)) : model();
  });
});

afterEach(() => void vi.useRealTimers());

it("keeps what is typed when a run that is gone is asked for again, and says that it is", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  const client = noRetries();
  const form = () => <FormPanel again="run-1" sweep={false} className={undefined} />;
  routed("/", [{ path: "/", component: form }], client);
  const field = await screen.findByLabelText<HTMLInputElement>("Start · UTC");
  fireEvent.change(field, { target: { value: "2024-01-02T00:30:07" } });
  model = () => new Promise(() => undefined);
  void client.invalidateQueries({ queryKey: ["result"] });
  await act(() => vi.advanceTimersByTimeAsync(100));
  expect(screen.queryByLabelText("Start · UTC")).toBe(field);
  expect(field.value).toBe("2024-01-02T00:30:07");
  expect(screen.getByText("run run-1 is gone")).toBeTruthy();
});
