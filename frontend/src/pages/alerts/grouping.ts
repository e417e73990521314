/** Alerts as people are told of them: in groups, and each time one fired as one line. */

import type { ActiveAlert, Notification } from "../../api/types";
import type { AlertsSearch } from "./search";

/** Alertmanager sends alerts that agree in these as one message: routing.py. */
const GROUPED_BY = ["job", "objective"];

export interface Group {
  key: string;
  name: string;
  severity: string;
  /** What tells it from another group of that name: `job=nautilus`. */
  labels: Record<string, string>;
  alerts: ActiveAlert[];
}

/** Groups in the order of their first alerts, which the service gives by urgency. */
export function groupsOf(alerts: readonly ActiveAlert[]): Group[] {
  const groups = new Map<string, Group>();
  for (const alert of alerts) {
    const labels = chosen(alert.labels, GROUPED_BY);
    const key = JSON.stringify([alert.severity, alert.name, labels]);
    const group = groups.get(key);
    if (group) group.alerts.push(alert);
    else
      groups.set(key, { key, name: alert.name, severity: alert.severity, labels, alerts: [alert] });
  }
  return [...groups.values()];
}

/** One time that an alert fired, from the messages of its begin and its end. */
export interface Episode {
  id: string;
  fingerprint: string;
  name: string;
  severity: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  starts_at: string;
  /** Null: no message of an end came. */
  ends_at: string | null;
  /** When the last message came. */
  told_at: string;
  /** How many messages. */
  times: number;
  generator_url: string;
}

/** The newest message first. */
export function episodesOf(notifications: readonly Notification[]): Episode[] {
  const episodes = new Map<string, Episode>();
  for (const one of notifications) {
    const id = `${one.fingerprint} ${one.starts_at}`;
    const known = episodes.get(id);
    if (!known) {
      const { fingerprint, name, severity, labels, annotations, starts_at, ends_at } = one;
      const told_at = one.last_received_at;
      episodes.set(id, {
        ...{ id, fingerprint, name, severity, labels, annotations, starts_at, ends_at, told_at },
        ...{ times: one.times, generator_url: one.generator_url },
      });
      continue;
    }
    known.times += one.times;
    known.ends_at ??= one.ends_at;
    if (one.last_received_at > known.told_at) known.told_at = one.last_received_at;
  }
  return [...episodes.values()];
}

interface Said {
  name: string;
  severity: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

/** Whether an alert is one of those that the address asks for. */
export function isWanted(alert: Said, { severity, q }: AlertsSearch): boolean {
  if (severity && alert.severity !== severity) return false;
  const words = (q ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return true;
  const labels = Object.entries(alert.labels).map(([name, value]) => `${name}=${value}`);
  const { summary = "", description = "" } = alert.annotations;
  const said = [alert.name, ...labels, summary, description].join(" ").toLowerCase();
  return words.every((word) => said.includes(word));
}

const TOLD = ["alertname", "severity"];

/** Labels that tell one alert of a name from another. */
export function ownLabels(labels: Record<string, string>): [string, string][] {
  return Object.entries(labels).filter(([name]) => !TOLD.includes(name));
}

function chosen(labels: Record<string, string>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => (labels[name] === undefined ? [] : [[name, labels[name]]])),
  );
}
