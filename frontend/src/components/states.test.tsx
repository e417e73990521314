import { QueryClient, QueryClientProvider, useQuery } from "@tanstack/react-query";
import { fireEvent, render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";

import { ApiError } from "../api/problem";
import { Async } from "./states";

const asked = vi.fn<() => Promise<string[]>>();

function Names() {
  const query = useQuery({ queryKey: ["names"], queryFn: asked, retry: false });
  return (
    <>
      <Async query={query} what="names" empty="Nobody." isEmpty={(all) => !all.length}>
        {(all) => <p>{all.join(" and ")}</p>}
      </Async>
      <button onClick={() => void query.refetch()}>again</button>
    </>
  );
}

function draw(): void {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <Names />
    </QueryClientProvider>,
  );
}

it("says that it loads, then shows what came", async () => {
  asked.mockResolvedValueOnce(["Ada", "Bob"]);
  draw();
  expect(screen.getByRole("status").textContent).toBe("Loading names");
  expect(await screen.findByText("Ada and Bob")).toBeTruthy();
});

it("says that there is nothing", async () => {
  asked.mockResolvedValueOnce([]);
  draw();
  expect(await screen.findByText("Nobody.")).toBeTruthy();
});

it("says what failed, what to do, and lets it be tried again", async () => {
  const problem = { title: "x", status: 503, detail: "no Prometheus", hint: "is it running?" };
  asked.mockRejectedValueOnce(new ApiError(problem)).mockResolvedValueOnce(["Ada"]);
  draw();
  expect((await screen.findByRole("alert")).textContent).toContain("no Prometheus");
  expect(screen.getByText("is it running?")).toBeTruthy();
  fireEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByText("Ada")).toBeTruthy();
});

it("keeps what it has when asking again fails, and says so", async () => {
  asked.mockResolvedValueOnce(["Ada"]).mockRejectedValueOnce(new Error("it is gone"));
  draw();
  await screen.findByText("Ada");
  fireEvent.click(screen.getByRole("button", { name: "again" }));
  expect((await screen.findByRole("status")).textContent).toContain("it is gone");
  expect(screen.getByText("Ada")).toBeTruthy();
});
