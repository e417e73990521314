/** After a new build, the files that an open page would load later are gone: it is loaded anew. */

import { unwatched } from "../api/trace";

const KEY = "reloaded-at";
const AGAIN_MS = 60_000;

/** Reload when a part cannot be loaded though the service answers; not twice in a minute. */
export function reloadAfterNewBuild(target: Window): void {
  target.addEventListener("vite:preloadError", () => {
    const last = Number(target.sessionStorage.getItem(KEY) ?? 0);
    if (Date.now() - last < AGAIN_MS) return;
    void fetch("/api/health", { headers: { traceparent: unwatched() } }).then((answer) => {
      if (!answer.ok) return;
      target.sessionStorage.setItem(KEY, String(Date.now()));
      target.location.reload();
    }, ignore);
  });
}

// The banner speaks of a service that is silent.
function ignore(): void {
  return;
}
