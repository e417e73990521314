/**
 * One trace for what a person does: a click, and all requests that follow from it.
 *
 * The requests of one action share a trace id and the id of the action as their parent, by the
 * header `traceparent` (W3C Trace Context). An action is over when a second has passed without a
 * request of it under way; what asks on its own after that has a trace of its own. Actions that
 * asked for something are kept until `takeActions`, whose caller tells the service of them.
 */

import type { components } from "./schema";

const LINGER_MS = 1_000;
const LONGEST_MS = 30_000;
const EVENTS = ["click", "submit", "keydown", "popstate"] as const;
/** Told of at most, with the report: where nobody takes them, the oldest are forgotten. */
const MOST = 40;

type Told = components["schemas"]["Action"];

interface Action {
  kind: Told["action"];
  trace: string;
  span: string;
  /** Where it began. */
  path: string;
  began: number;
  last: number;
  open: number;
  isKept: boolean;
}

let current = newAction("load");
let kept: Action[] = [];

function hex(bytes: number): string {
  const values = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(values, (value) => value.toString(16).padStart(2, "0")).join("");
}

function newAction(kind: Action["kind"], now = performance.now()): Action {
  const ids = { trace: hex(16), span: hex(8), path: location.pathname };
  return { kind, ...ids, began: now, last: now, open: 0, isKept: false };
}

function isOver(action: Action, now: number): boolean {
  const quiet = action.open === 0 && now - action.last > LINGER_MS;
  return quiet || now - action.began > LONGEST_MS;
}

/** A new action begins; what is asked for from here on belongs to it. */
export function beginAction(kind: Action["kind"] = "click"): void {
  current = newAction(kind);
}

/** Let every click, key and step in the history begin an action; call the result to stop. */
export function watchActions(target: Window): () => void {
  const begin = ({ type }: Event) => beginAction(EVENTS.find((name) => name === type));
  // Before the handlers of components, whose requests must belong to it.
  for (const name of EVENTS) target.addEventListener(name, begin, { capture: true });
  return () => {
    for (const name of EVENTS) target.removeEventListener(name, begin, { capture: true });
  };
}

const parentOf = ({ trace, span }: Action) => `00-${trace}-${span}-01`;

/** A request begins: its `traceparent`, and what to call when it ends. */
export function traced(): { traceparent: string; end: () => void } {
  const now = performance.now();
  if (isOver(current, now)) current = newAction("refresh", now);
  const action = current;
  action.open += 1;
  action.last = now;
  if (!action.isKept) kept = [...kept, action].slice(1 - MOST);
  action.isKept = true;
  return {
    traceparent: parentOf(action),
    end: () => {
      action.open -= 1;
      action.last = performance.now();
    },
  };
}

/** `traceparent` of a question that nobody asked, such as whether the service is back: unsampled. */
export const unwatched = () => `00-${hex(16)}-${hex(8)}-00`;

/**
 * Actions that are over, with `all` those under way too, each once; and the report itself, which is
 * an action like others: else its own trace would have no root. `pageOf` names an address.
 */
export function takeActions(
  all: boolean,
  pageOf: (path: string) => string,
): { traceparent: string; actions: Told[] } {
  const now = performance.now();
  const taken = kept.filter((action) => all || isOver(action, now));
  kept = kept.filter((action) => !taken.includes(action));
  const report = newAction("report", now);
  const actions = [...taken, report].map((action) => ({
    trace_id: action.trace,
    span_id: action.span,
    action: action.kind,
    page: pageOf(action.path),
    ago_seconds: (now - action.began) / 1_000,
    duration_seconds: ((action.open > 0 ? now : action.last) - action.began) / 1_000,
  }));
  return { traceparent: parentOf(report), actions };
}

/** Whether there is anything to tell of. */
export function hasActions(): boolean {
  const now = performance.now();
  return kept.some((action) => isOver(action, now));
}
