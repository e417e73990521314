/** Web vitals of this visit, told to the service. Loaded after everything that people wait for. */

import { type Metric, onCLS, onFCP, onINP, onLCP, onTTFB } from "web-vitals";

import { hasActions } from "../api/trace";
import { pageName } from "../lib/pageName";
import { timeToInteractive } from "./interactive";
import { isTellingActions, send, type Vital } from "./report";

const CHECK_MS = 250;
const PATIENCE_MS = 30_000;
const TELL_MS = 10_000;

/** Begin: the load is reported when it is over, the rest when the page is left or hidden. */
export function measure(): void {
  // Later pages of a visit are not loaded: its load belongs to the page that was asked for.
  const page = pageName(location.pathname);
  const waiting = new Map<string, Vital>();
  const note = (vital: Vital["vital"], ms: number, where = page) =>
    waiting.set(vital, { vital, page: where, value: ms / 1000 });
  const flush = (isLeaving = false) => {
    send([...waiting.values()], isLeaving);
    waiting.clear();
  };
  const keep = ({ name, value }: Metric) => note(name, value);

  onTTFB(keep);
  onLCP(keep);
  onCLS(({ value }) => waiting.set("CLS", { vital: "CLS", page, value }));
  // The slowest interaction so far, at the page where it was.
  onINP(({ value }) => note("INP", value, pageName(location.pathname)), { reportAllChanges: true });
  onFCP((metric) => {
    keep(metric);
    whenInteractive(metric.value, (ms) => {
      note("TTI", ms);
      const [navigation] = performance.getEntriesByType("navigation");
      if (navigation) note("LOAD", navigation.loadEventEnd);
      flush();
    });
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") flush(true);
  });
  tellActions();
}

/** Now and then, when nothing else is to be done. */
function tellActions(): void {
  const timer = setInterval(() => {
    if (!isTellingActions()) clearInterval(timer);
    else if (hasActions()) requestIdle(() => send([]));
  }, TELL_MS);
}

/** Safari has no idle callbacks. */
function requestIdle(work: () => void): void {
  if ("requestIdleCallback" in globalThis) requestIdleCallback(work);
  else setTimeout(work, 0);
}

function whenInteractive(firstPaint: number, tell: (ms: number) => void): void {
  const tasks: PerformanceEntry[] = [];
  const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries()));
  try {
    observer.observe({ type: "longtask", buffered: true });
  } catch {
    return; // this browser does not tell of long tasks
  }
  const timer = setInterval(() => {
    const ms = timeToInteractive(firstPaint, tasks, performance.now());
    if (ms === null && performance.now() < PATIENCE_MS) return;
    clearInterval(timer);
    observer.disconnect();
    if (ms !== null) tell(ms);
  }, CHECK_MS);
}
