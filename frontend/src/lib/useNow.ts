import { useCallback, useEffect, useState } from "react";

/**
 * Unix seconds, every so many seconds anew while the page is looked at; and how to ask at once.
 *
 * They are new as well when something else is `asked`, and drawn together with it: a new moment
 * before would ask the old question once more.
 */
export function useNow(every: number | null, asked: string): [number, () => void] {
  const [now, setNow] = useState(() => Date.now() / 1_000);
  const [before, setBefore] = useState(asked);
  const update = useCallback(() => setNow(Date.now() / 1_000), []);
  if (asked !== before) {
    setBefore(asked);
    update();
  }
  useEffect(() => {
    if (every === null) return;
    const tick = () => {
      if (document.visibilityState === "visible") update();
    };
    const timer = setInterval(tick, every * 1_000);
    document.addEventListener("visibilitychange", tick);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", tick);
    };
  }, [every, update]);
  return [now, update];
}

/** Whether what is chosen is shown already: nothing changes, and it is to be asked for as of now. */
export function isAgain<T extends object>(chosen: T, shown: Required<T>): boolean {
  const names = Object.keys(chosen) as (keyof T)[];
  return names.every((name) => chosen[name] === shown[name]);
}
