/** A part of the console at an address, with a router and queries of its own. */

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  RouterProvider,
} from "@tanstack/react-router";
import { render } from "@testing-library/react";
import type { ReactNode } from "react";

import { parseSearch, stringifySearch } from "../lib/search";

export interface Place {
  path: string;
  component?: () => ReactNode;
  validateSearch?: (given: Record<string, unknown>) => object;
}

export function noRetries(): QueryClient {
  return new QueryClient({ defaultOptions: { queries: { retry: false } } });
}

/** Draws what stands at the address; gives the router. */
export function routed(address: string, places: readonly Place[], client = noRetries()) {
  const root = createRootRoute();
  const router = createRouter({
    routeTree: root.addChildren(
      places.map((place) => createRoute({ getParentRoute: () => root, ...place })),
    ),
    history: createMemoryHistory({ initialEntries: [address] }),
    parseSearch,
    stringifySearch,
  });
  render(
    <QueryClientProvider client={client}>
      {/* The types know the console's own router only. */}
      <RouterProvider router={router as never} />
    </QueryClientProvider>,
  );
  return router;
}
