import { useEffect, useState } from "react";

import { ago, local, utc } from "../lib/time";
import { useToday } from "../lib/useToday";

interface Props {
  at: Date | string | null | undefined;
  /** How long ago, and what the clock said on hover; goes on by itself. */
  relative?: boolean;
}

const TICK_MS = 10_000;

/** A moment in the user's zone; UTC on hover. */
export function Time({ at, relative = false }: Props) {
  useTick(relative);
  useToday();
  if (at == null) return <>–</>;
  const moment = new Date(at);
  const [shown, other] = relative ? [ago(moment), `${local(moment)} · `] : [local(moment), ""];
  return (
    <time dateTime={moment.toISOString()} title={other + utc(moment)} style={NO_WRAP}>
      {shown}
    </time>
  );
}

const NO_WRAP = { whiteSpace: "nowrap" } as const;

function useTick(active: boolean): void {
  const [, tick] = useState(0);
  useEffect(() => {
    if (!active) return;
    const timer = setInterval(() => tick((count) => count + 1), TICK_MS);
    return () => clearInterval(timer);
  }, [active]);
}
