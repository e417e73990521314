/**
 * One trace for what a person does: a click, and all requests that follow from it.
 *
 * The requests of one action share a trace id and the id of the action as their parent, by the
 * header `traceparent` (W3C Trace Context). An action is over when a second has passed without a
 * request of it under way; what asks on its own after that has a trace of its own.
 */

const LINGER_MS = 1_000;
const LONGEST_MS = 30_000;
const EVENTS = ["click", "submit", "keydown", "popstate"] as const;

interface Action {
  trace: string;
  span: string;
  began: number;
  last: number;
  open: number;
}

let current = newAction();

function hex(bytes: number): string {
  const values = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(values, (value) => value.toString(16).padStart(2, "0")).join("");
}

function newAction(now = performance.now()): Action {
  return { trace: hex(16), span: hex(8), began: now, last: now, open: 0 };
}

function isOver(action: Action, now: number): boolean {
  const quiet = action.open === 0 && now - action.last > LINGER_MS;
  return quiet || now - action.began > LONGEST_MS;
}

/** A new action begins; what is asked for from here on belongs to it. */
export function beginAction(): void {
  current = newAction();
}

/** Let every click, key and step in the history begin an action; call the result to stop. */
export function watchActions(target: Window): () => void {
  // Before the handlers of components, whose requests must belong to it.
  for (const name of EVENTS) target.addEventListener(name, beginAction, { capture: true });
  return () => {
    for (const name of EVENTS) target.removeEventListener(name, beginAction, { capture: true });
  };
}

/** A request begins: its `traceparent`, and what to call when it ends. */
export function traced(): { traceparent: string; end: () => void } {
  const now = performance.now();
  if (isOver(current, now)) current = newAction(now);
  const action = current;
  action.open += 1;
  action.last = now;
  return {
    traceparent: `00-${action.trace}-${action.span}-01`,
    end: () => {
      action.open -= 1;
      action.last = performance.now();
    },
  };
}
