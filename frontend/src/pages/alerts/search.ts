/** What the address of the page holds: the alert that is opened, filters, and a silence to set. */

import type { ActiveAlert } from "../../api/types";

export type AlertState = ActiveAlert["state"];

export const STATES: readonly AlertState[] = ["firing", "pending", "inhibited", "silenced"];
export const SEVERITIES = ["page", "ticket"] as const;
export type Severity = (typeof SEVERITIES)[number];

export interface AlertsSearch {
  /** The name of the alert whose details are shown. */
  alert?: string | undefined;
  state?: AlertState | undefined;
  severity?: Severity | undefined;
  /** Words that alerts hold. */
  q?: string | undefined;
  /** Matchers as Alertmanager writes them, `{alertname="X"}`: the form for a silence is open. */
  silence?: string | undefined;
}

/** Whatever else an address says is left out. */
export function readAlertsSearch(given: Record<string, unknown>): AlertsSearch {
  const text = (name: "alert" | "q" | "silence") => {
    const value = given[name];
    const usable = typeof value === "string" || typeof value === "number";
    return usable && value !== "" ? { [name]: String(value) } : {};
  };
  const state = STATES.find((one) => one === given.state);
  const severity = SEVERITIES.find((one) => one === given.severity);
  return {
    ...text("alert"),
    ...text("q"),
    ...text("silence"),
    ...(state ? { state } : {}),
    ...(severity ? { severity } : {}),
  };
}
