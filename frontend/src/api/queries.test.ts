import { QueryObserver } from "@tanstack/react-query";
import { expect, it, vi } from "vitest";

import { until } from "../testing/until";
import { ApiError } from "./problem";
import { alerts, makeQueryClient, session } from "./queries";

const PROBLEM = { title: "Unauthorized", status: 401, detail: "no token" };

/** A service whose sessions have all ended; gives how often it was asked for the session. */
function closed(status = 200): () => number {
  let asked = 0;
  vi.stubGlobal("fetch", ({ url }: Request) => {
    if (!url.endsWith("/api/session"))
      return Promise.resolve(Response.json(PROBLEM, { status: 401 }));
    asked += 1;
    return Promise.resolve(Response.json({ required: true, signed_in: false }, { status }));
  });
  return () => asked;
}

it("looks at the session again when something is refused for want of one", async () => {
  const asked = closed();
  const client = makeQueryClient();
  client.setQueryData(session.queryKey, { required: true, signed_in: true });
  const stop = new QueryObserver(client, session).subscribe(() => undefined);
  await expect(client.query(alerts)).rejects.toThrow("no token");
  await until(() => expect(client.getQueryData(session.queryKey)?.signed_in).toBe(false));
  const changed = client.getMutationCache().build(client, {
    mutationFn: () => Promise.reject(new ApiError(PROBLEM)),
  });
  await expect(changed.execute(undefined)).rejects.toThrow("no token");
  await until(() => expect(asked()).toBeGreaterThan(1));
  stop();
});

it("asks no session of a service that refuses even that", async () => {
  const asked = closed(401);
  const client = makeQueryClient();
  const stop = new QueryObserver(client, session).subscribe(() => undefined);
  await until(() => expect(client.getQueryState(session.queryKey)?.status).toBe("error"));
  await new Promise((done) => setTimeout(done));
  expect(asked()).toBe(1);
  stop();
});
