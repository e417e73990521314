import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, RouterProvider } from "@tanstack/react-router";
import { act, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { expect, it, vi } from "vitest";

import { router } from "../router";

const press = (key: string) => fireEvent.keyDown(document.body, { key });
const dialog = () => screen.findByRole("dialog", { name: "Search", hidden: true });

it("opens another search before the browser has told of the end of the last", async () => {
  vi.stubGlobal("fetch", () => Promise.resolve(Response.json([])));
  vi.stubGlobal(
    "EventSource",
    class extends EventTarget {
      close(): void {
        return;
      }
    },
  );
  HTMLDialogElement.prototype.showModal = function () {
    this.setAttribute("open", "");
  };
  router.update({ ...router.options, history: createMemoryHistory({ initialEntries: ["/no"] }) });
  render(
    <QueryClientProvider
      client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}
    >
      <RouterProvider router={router} />
    </QueryClientProvider>,
  );
  await screen.findByText("There is no such page");
  press("/");
  const first = await dialog();
  await waitFor(() => expect(first).toHaveProperty("open", true));
  first.removeAttribute("open"); // as Escape does, before the event
  press("/");
  act(() => void first.dispatchEvent(new Event("close")));
  const second = await dialog();
  await waitFor(() => expect(second).toHaveProperty("open", true));

  act(() => void second.dispatchEvent(new Event("close")));
  expect(screen.queryByRole("dialog", { hidden: true })).toBeNull();
});
