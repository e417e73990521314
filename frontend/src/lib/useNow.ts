import { useCallback, useEffect, useState } from "react";

/** Unix seconds, every so many seconds anew while the page is looked at; and how to ask at once. */
export function useNow(every: number | null): [number, () => void] {
  const [now, setNow] = useState(() => Date.now() / 1_000);
  const update = useCallback(() => setNow(Date.now() / 1_000), []);
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
