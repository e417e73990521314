import { beforeEach, expect, it, vi } from "vitest";

import { beginAction, takeActions, traced } from "../api/trace";
import { until } from "../testing/until";
import { isTellingActions, send } from "./report";

const fetched = vi.fn<typeof fetch>();

beforeEach(() => {
  fetched.mockReset();
  vi.stubGlobal("fetch", fetched);
  takeActions(true, String);
});

function act(): void {
  beginAction("click");
  traced().end();
}

function told(): { action: string; page: string }[] {
  const body = fetched.mock.lastCall?.[1]?.body as string;
  return (JSON.parse(body) as { actions: { action: string; page: string }[] }).actions;
}

it("sends nothing when there is nothing to tell", () => {
  send([], true);
  expect(fetched).not.toHaveBeenCalled();
});

it("tells what people did until the service has no use for it", async () => {
  fetched.mockResolvedValue(new Response(null, { status: 204 }));
  act();
  send([], true);
  expect(told().map(({ action }) => action)).toEqual(["click", "report"]);
  expect(told()[0]?.page).toBe("home");
  await until(() => expect(isTellingActions()).toBe(true));

  const headers = { "X-Tracing": "off" };
  fetched.mockResolvedValue(new Response(null, { status: 204, headers }));
  act();
  send([], true);
  await until(() => expect(isTellingActions()).toBe(false));
  act();
  send([{ vital: "LCP", page: "home", value: 1 }], true);
  expect(told()).toEqual([]);
});
