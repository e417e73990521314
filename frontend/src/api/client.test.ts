import { beforeEach, expect, it, vi } from "vitest";

import { until } from "../testing/until";
import { api, content } from "./client";
import { ApiError, Unreachable } from "./problem";

const answer = vi.fn<(request: Request) => Promise<Response>>();

beforeEach(() => {
  answer.mockReset();
  vi.stubGlobal("fetch", answer);
});

function problem(status: number, more: object): Response {
  const headers = { "Content-Type": "application/problem+json" };
  return new Response(JSON.stringify({ title: "x", status, ...more }), { status, headers });
}

const startARun = () =>
  content(
    api.POST("/api/backtest/run", {
      body: { instrument_id: "A.B", kind: "quote", start: "", end: "", strategy: "idle" },
    }),
  );

it("gives the content of an answer, and sends where it belongs", async () => {
  answer.mockResolvedValue(Response.json([{ name: "idle" }]));
  expect(await content(api.GET("/api/strategies"))).toEqual([{ name: "idle" }]);
  expect(answer.mock.calls[0]?.[0].headers.get("traceparent")).toMatch(/^00-/);
});

it("names the fields that the service refuses", async () => {
  const errors = [
    { field: "params.trade_size", detail: "too small" },
    { field: "end", detail: "before start" },
  ];
  answer.mockResolvedValue(problem(422, { detail: "no", field: "params.trade_size", errors }));
  const error: unknown = await startARun().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ApiError);
  expect((error as ApiError).fields).toEqual({
    "params.trade_size": "too small",
    end: "before start",
  });
});

it("names the one field of a problem without a list", async () => {
  answer.mockResolvedValue(problem(404, { detail: "no run", field: "run_id" }));
  await expect(startARun()).rejects.toMatchObject({ fields: { run_id: "no run" }, status: 404 });
});

it("makes a problem of an answer that is none", async () => {
  answer.mockResolvedValue(new Response("<html>", { status: 500 }));
  await expect(startARun()).rejects.toMatchObject({ message: "HTTP 500 from the service" });
});

it("says that the service does not answer, and asks it for a sign", async () => {
  answer.mockRejectedValue(new TypeError("failed to fetch"));
  await expect(startARun()).rejects.toBeInstanceOf(Unreachable);
  await until(() => expect(answer.mock.calls.length).toBeGreaterThan(1));
});
