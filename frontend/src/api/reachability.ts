/** Whether the service answers: when it does not, it is asked until it does. */

import { useSyncExternalStore } from "react";

import { unwatched } from "./trace";

const PROBE_MS = 2_000;
const PROBE = "/api/health";

type Listener = () => void;

let reachable = true;
let since: number | null = null;
let probing = false;
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<Listener>();
const recoveries = new Set<Listener>();

/** A request got no answer: unless the service is there after all, say so and wait for it. */
export function reportSilence(): void {
  if (!probing && timer === undefined && reachable) void probe();
}

/** A request was answered. */
export function reportAnswer(): void {
  if (!reachable) setReachable(true);
}

/** Call `listener` each time the service comes back; call the result to stop. */
export function onRecovery(listener: Listener): () => void {
  recoveries.add(listener);
  return () => recoveries.delete(listener);
}

/** Unix milliseconds since when nothing answers; null while all is well. */
export function useSilentSince(): number | null {
  return useSyncExternalStore(subscribe, () => since);
}

function subscribe(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function setReachable(value: boolean): void {
  if (value === reachable) return;
  reachable = value;
  since = value ? null : Date.now();
  listeners.forEach((listener) => listener());
  if (value) recoveries.forEach((listener) => listener());
}

async function probe(): Promise<void> {
  timer = undefined;
  probing = true;
  const headers = { traceparent: unwatched() };
  const signal = AbortSignal.timeout(PROBE_MS);
  const answered = await fetch(PROBE, { cache: "no-store", headers, signal })
    .then((answer) => answer.status < 500)
    .catch(() => false);
  probing = false;
  setReachable(answered);
  if (!answered) timer = setTimeout(() => void probe(), PROBE_MS);
}
