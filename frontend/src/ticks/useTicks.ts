import { useCallback, useEffect, useRef, useState } from "react";

import { afterPaint } from "../lib/afterPaint";
import { type Heard, startWorker, TickClient, type Wanted, type Window } from "./client";
import type { Drawn, Loaded } from "./protocol";

export interface Ticks {
  /** How far a load is; null when none goes on. */
  progress: { rows: number; expected: number } | null;
  loaded: Loaded | null;
  view: Drawn | null;
  error: Error | null;
  /** When the load began, by the clock of `performance`. */
  began: number;
}

const BEGIN = { rows: 0, expected: 0 };

function heard(now: Ticks, message: Heard): Ticks {
  switch (message.type) {
    case "progress":
      return { ...now, progress: { rows: message.rows, expected: message.expected } };
    case "loaded":
      return { ...now, progress: null, loaded: message };
    case "view":
      return { ...now, view: message };
    case "failed":
      return { ...now, progress: null, error: message.error };
  }
}

/** Ticks of a window, read by a worker that lives as long as the component. */
export function useTicks(wanted: Wanted) {
  const client = useRef<TickClient | null>(null);
  const key = JSON.stringify(wanted);
  const [held, setHeld] = useState(() => ({ of: key, ticks: beginning(0) }));
  const [tries, setTries] = useState(0);

  useEffect(() => {
    const made = new TickClient(startWorker(), (message) =>
      setHeld((now) => ({ ...now, ticks: heard(now.ticks, message) })),
    );
    client.current = made;
    return () => {
      client.current = null;
      made.close();
    };
  }, []);

  useEffect(() => {
    let isWanted = true;
    // The page is drawn before: both at once would hold each other up.
    afterPaint(() => {
      const now = client.current;
      if (!now || !isWanted) return;
      now.load(JSON.parse(key) as Wanted);
      setHeld({ of: key, ticks: beginning(now.began) });
    });
    return () => {
      isWanted = false;
    };
  }, [key, tries]);

  const show = useCallback(
    (window: Window, pixels: number) => client.current?.show(window, pixels),
    [],
  );
  const retry = useCallback(() => setTries((count) => count + 1), []);
  // Until the load begins, what is held is of another one.
  const ticks = held.of === key ? held.ticks : beginning(held.ticks.began);
  return { ...ticks, show, retry };
}

function beginning(began: number): Ticks {
  return { progress: BEGIN, loaded: null, view: null, error: null, began };
}
