import { act, fireEvent, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { routed } from "../../testing/routed";
import { DeleteRun } from "./DeleteRun";

const PROBLEM = { title: "Unavailable", status: 503, detail: "the disk is read only" };

let deleted: string[];

beforeEach(() => {
  deleted = [];
  vi.stubGlobal("fetch", ({ method, url }: Request) => {
    if (method === "DELETE") deleted.push(new URL(url).pathname);
    return Promise.resolve(Response.json(PROBLEM, { status: 503 }));
  });
});

afterEach(() => void vi.useRealTimers());

async function armed(): Promise<HTMLElement> {
  routed("/", [{ path: "/", component: () => <DeleteRun runId="run-1" /> }]);
  const button = await screen.findByRole("button", { name: "Delete" });
  fireEvent.click(button, { detail: 1 });
  expect(button.textContent).toBe("Delete for good");
  return button;
}

it("asks, and does not take a double click for the answer", async () => {
  const button = await armed();
  fireEvent.click(button, { detail: 2 });
  await act(() => Promise.resolve());
  expect([button.textContent, deleted]).toEqual(["Delete for good", []]);
});

it("forgets that it asked at Escape", async () => {
  const button = await armed();
  fireEvent.keyDown(document, { key: "Escape" });
  fireEvent.keyUp(document, { key: "Escape" });
  expect(button.textContent).toBe("Delete");
});

it("forgets that it asked when no answer comes", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  const button = await armed();
  await act(() => vi.advanceTimersByTimeAsync(5_100));
  expect(button.textContent).toBe("Delete");
});

it("says why it could not delete, and can be asked again", async () => {
  const button = await armed();
  fireEvent.click(button, { detail: 1 });
  expect((await screen.findByRole("alert")).textContent).toBe(PROBLEM.detail);
  expect(deleted).toEqual(["/api/backtest/results/run-1"]);
  const after = screen.getByRole("button", { name: "Delete" });
  expect(after).toHaveProperty("disabled", false);
});
