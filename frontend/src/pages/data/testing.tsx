/** The two pages at their addresses, without the rest of the console. */

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  RouterProvider,
} from "@tanstack/react-router";
import { render } from "@testing-library/react";
import { vi } from "vitest";

import { parseSearch, stringifySearch } from "../../lib/search";
import DataPage from "./DataPage";
import { readDataSearch, readTicksSearch } from "./search";
import TicksPage from "./TicksPage";

export function open(address: string) {
  const root = createRootRoute();
  const data = createRoute({
    getParentRoute: () => root, path: "/data", component: DataPage, validateSearch: readDataSearch,
  }); // prettier-ignore
  const ticks = createRoute({
    getParentRoute: () => root, path: "/data/ticks", component: TicksPage,
    validateSearch: readTicksSearch,
  }); // prettier-ignore
  const router = createRouter({
    routeTree: root.addChildren([data, ticks]),
    history: createMemoryHistory({ initialEntries: [address] }),
    parseSearch,
    stringifySearch,
  });
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <QueryClientProvider client={client}>
      <RouterProvider router={router as never} />
    </QueryClientProvider>,
  );
  return router;
}

type Answer = Response | (() => Response | Promise<Response>);

/** Answers by the beginning of the path; gives the requests that came. */
export function service(answers: Record<string, Answer>): Request[] {
  const came: Request[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    came.push(request.clone());
    const { pathname } = new URL(request.url);
    const found = Object.entries(answers).find(([path]) => pathname.startsWith(path));
    const answer = found?.[1] ?? Response.json([]);
    return typeof answer === "function" ? answer() : answer.clone();
  });
  return came;
}

/** Nothing is laid out here: tables believe that they are this large. */
export function laidOut(): void {
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(600);
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(1_200);
}
