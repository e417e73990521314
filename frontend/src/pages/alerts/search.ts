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
  /** Matchers as Alertmanager writes them, `{alertname="X"}`, or `new`: the form is open. */
  silence?: string | undefined;
}

/** What is not known is undefined, not left out: the router would keep what the address says. */
export function readAlertsSearch(given: Record<string, unknown>): AlertsSearch {
  const text = (value: unknown) =>
    typeof value === "string" || typeof value === "number" ? String(value) || undefined : undefined;
  return {
    alert: text(given.alert),
    q: text(given.q),
    silence: text(given.silence),
    state: STATES.find((one) => one === given.state),
    severity: SEVERITIES.find((one) => one === given.severity),
  };
}
