/** The pages by address. Each is loaded when it is first gone to. */

import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  type ErrorComponentProps,
} from "@tanstack/react-router";

import { Loading, Failed } from "./components/states";
import { NotFound } from "./shell/NotFound";
import { Shell } from "./shell/Shell";
import { painted } from "./lib/afterPaint";
import { parseSearch, stringifySearch } from "./lib/search";
import { readAlertsSearch } from "./pages/alerts/search";
import { readBacktestsSearch } from "./pages/backtests/search";
import { readCompareSearch } from "./pages/compare/search";
import { readBoardSearch } from "./pages/dashboards/boardSearch";
import { readDataSearch, readTicksSearch } from "./pages/data/search";
import { readTraceSearch } from "./pages/trace/search";
import { readTracesSearch } from "./pages/traces/search";
import { readIncidentSearch } from "./pages/incident/search";
import { readSweepSearch } from "./pages/sweeps/search";

const root = createRootRoute({
  component: Shell,
  notFoundComponent: NotFound,
  // A page takes a while to draw: what leads there is seen to be pressed before.
  beforeLoad: ({ cause, preload }) => (cause === "stay" && !preload ? painted() : undefined),
});

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: lazyRouteComponent(() => import("./pages/home/HomePage")),
});

const backtests = createRoute({
  getParentRoute: () => root,
  path: "/backtests",
  validateSearch: readBacktestsSearch,
  component: lazyRouteComponent(() => import("./pages/backtests/BacktestsPage")),
});

const run = createRoute({
  getParentRoute: () => root,
  path: "/runs/$runId",
  component: lazyRouteComponent(() => import("./pages/run/RunPage")),
});

const compare = createRoute({
  getParentRoute: () => root,
  path: "/compare",
  validateSearch: readCompareSearch,
  component: lazyRouteComponent(() => import("./pages/compare/ComparePage")),
});

const sweeps = createRoute({
  getParentRoute: () => root,
  path: "/sweeps",
  component: lazyRouteComponent(() => import("./pages/sweeps/SweepsPage")),
});

const sweep = createRoute({
  getParentRoute: () => root,
  path: "/sweeps/$sweepId",
  validateSearch: readSweepSearch,
  component: lazyRouteComponent(() => import("./pages/sweeps/SweepPage")),
});

const data = createRoute({
  getParentRoute: () => root,
  path: "/data",
  validateSearch: readDataSearch,
  component: lazyRouteComponent(() => import("./pages/data/DataPage")),
});

const ticks = createRoute({
  getParentRoute: () => root,
  path: "/data/ticks",
  validateSearch: readTicksSearch,
  component: lazyRouteComponent(() => import("./pages/data/TicksPage")),
});

const dashboards = createRoute({
  getParentRoute: () => root,
  path: "/dashboards",
  component: lazyRouteComponent(() => import("./pages/dashboards/DashboardsPage")),
});

const dashboard = createRoute({
  getParentRoute: () => root,
  path: "/dashboards/$uid",
  validateSearch: readBoardSearch,
  component: lazyRouteComponent(() => import("./pages/dashboards/DashboardPage")),
});

const traces = createRoute({
  getParentRoute: () => root,
  path: "/traces",
  validateSearch: readTracesSearch,
  component: lazyRouteComponent(() => import("./pages/traces/TracesPage")),
});

const trace = createRoute({
  getParentRoute: () => root,
  path: "/traces/$traceId",
  validateSearch: readTraceSearch,
  component: lazyRouteComponent(() => import("./pages/trace/TracePage")),
});

const alerts = createRoute({
  getParentRoute: () => root,
  path: "/alerts",
  validateSearch: readAlertsSearch,
  component: lazyRouteComponent(() => import("./pages/alerts/AlertsPage")),
});

const runbook = createRoute({
  getParentRoute: () => root,
  path: "/runbooks/$alert",
  component: lazyRouteComponent(() => import("./pages/runbook/RunbookPage")),
});

const incident = createRoute({
  getParentRoute: () => root,
  path: "/incident",
  validateSearch: readIncidentSearch,
  component: lazyRouteComponent(() => import("./pages/incident/IncidentPage")),
});

function PageFailed({ error, reset }: ErrorComponentProps) {
  const shown = error instanceof Error ? error : new Error(String(error));
  return <Failed error={shown} retry={reset} />;
}

export const router = createRouter({
  routeTree: root.addChildren([
    home,
    backtests,
    run,
    compare,
    sweeps,
    sweep,
    data,
    ticks,
    dashboards,
    dashboard,
    traces,
    trace,
    alerts,
    runbook,
    incident,
  ]),
  parseSearch,
  stringifySearch,
  defaultPreload: "intent",
  // Pages keep their own data, in the cache of queries.
  defaultPreloadStaleTime: 0,
  defaultPendingComponent: () => <Loading what="the page" lines={6} />,
  defaultErrorComponent: PageFailed,
  scrollRestoration: true,
  // The window stands still: a new page begins at the top of this.
  scrollToTopSelectors: ["#main"],
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
