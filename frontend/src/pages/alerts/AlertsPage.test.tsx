import { act, fireEvent, screen, waitFor } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";

import { routed } from "../../testing/routed";
import AlertsPage from "./AlertsPage";
import { readAlertsSearch } from "./search";

beforeEach(() => {
  const answer = { alerts: [], total: 0, items: [] };
  vi.stubGlobal("fetch", ({ url }: Request) =>
    Promise.resolve(Response.json(url.endsWith("/silences") ? [] : answer)),
  );
});

function open(address: string) {
  return routed(address, [
    { path: "/alerts", component: AlertsPage, validateSearch: readAlertsSearch },
  ]);
}

async function words(): Promise<HTMLInputElement> {
  return screen.findByRole("searchbox", { name: "Words that alerts hold" });
}

function type(field: HTMLInputElement, letter: string): void {
  fireEvent.change(field, { target: { value: field.value + letter } });
}

it("keeps each letter, however fast they come, and makes no step of any", async () => {
  const router = open("/alerts");
  const field = await words();
  const before = router.history.length;
  type(field, "a");
  type(field, "b");
  await waitFor(() => expect(router.state.location.search).toMatchObject({ q: "ab" }));
  expect([field.value, router.history.length]).toEqual(["ab", before]);
});

it("shows what the address says when nobody types", async () => {
  const router = open("/alerts?q=disk");
  const field = await words();
  expect(field.value).toBe("disk");
  type(field, "s");
  await waitFor(() => expect(router.state.location.search).toMatchObject({ q: "disks" }));
  fireEvent.blur(field);
  await act(() => router.navigate({ to: "/alerts", search: { q: "memory" } } as never));
  expect(field.value).toBe("memory");
});
