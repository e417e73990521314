/** What the navigation shows: pages that work. A new page adds a line here. */

import type pages from "../../pages.json";

export type PagePath = keyof typeof pages;

export interface NavigationItem {
  to: Extract<
    PagePath,
    "/" | "/data" | "/backtests" | "/sweeps" | "/dashboards" | "/traces" | "/alerts" | "/incident"
  >;
  title: string;
  /** `g` and then this key leads there. */
  key: string;
}

export const NAVIGATION: readonly NavigationItem[] = [
  { to: "/", title: "Home", key: "h" },
  { to: "/data", title: "Data", key: "a" },
  { to: "/backtests", title: "Backtests", key: "b" },
  { to: "/sweeps", title: "Sweeps", key: "s" },
  { to: "/dashboards", title: "Dashboards", key: "d" },
  { to: "/traces", title: "Traces", key: "t" },
  { to: "/alerts", title: "Alerts", key: "l" },
  { to: "/incident", title: "Incident", key: "i" },
];
