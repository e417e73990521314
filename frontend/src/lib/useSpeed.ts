import { useState } from "react";

interface Heard {
  points: number | null | undefined;
  at: number;
  speed: number | null;
}

/** How many a second came between the last two counts; `at` is when this one came (Unix ms). */
export function useSpeed(points: number | null | undefined, at: number): number | null {
  const [heard, setHeard] = useState<Heard>({ points, at, speed: null });
  if (heard.points === points) return heard.speed;
  const next = { points, at, speed: speedBetween(heard, points, at) };
  setHeard(next);
  return next.speed;
}

function speedBetween(last: Heard, points: number | null | undefined, at: number): number | null {
  if (points == null || last.points == null) return null;
  const [more, ms] = [points - last.points, at - last.at];
  return more > 0 && ms > 0 ? (1_000 * more) / ms : null;
}
