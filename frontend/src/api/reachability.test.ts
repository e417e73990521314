import { afterEach, expect, it, vi } from "vitest";

import { reportSilence } from "./reachability";
import { until } from "../testing/until";

afterEach(() => vi.unstubAllGlobals());

it("asks once whether the service is back, with a traceparent, as every request has one", async () => {
  const fetched = vi.fn<typeof fetch>().mockResolvedValue(new Response());
  vi.stubGlobal("fetch", fetched);
  // Ten requests that failed together.
  for (let n = 0; n < 10; n += 1) reportSilence();
  await until(() => expect(fetched).toHaveBeenCalledOnce());
  const headers = new Headers(fetched.mock.lastCall?.[1]?.headers);
  expect(headers.get("traceparent")).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
});
