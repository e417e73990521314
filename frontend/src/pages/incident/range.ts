/** The time of an incident: what is asked of the service, and what to do about times it refuses. */

import { moment, type TextRange, type Window } from "../../grafana/range";

export const LAST_HOUR: TextRange = { from: "now-1h", to: "now" };
const LONGEST_DAYS = 7;
const LONGEST = LONGEST_DAYS * 86_400;
const WHOLE = 10;

/** A window that the service answers, or why there is none; `now` in Unix seconds. */
export function askedOf(range: TextRange, now: number): Window | string {
  const [from, to] = [moment(range.from, now), moment(range.to, now)];
  if (from === null || to === null) return "The address names no time.";
  if (from >= to) return "The end is not after the start.";
  if (from >= now) return "The start is in the future.";
  // A clock that is ahead must not ask for what is to come.
  const end = Math.min(to, now);
  if (end - from > LONGEST) return `An incident is ${LONGEST_DAYS} days at most: choose less.`;
  return { from, to: end };
}

/** Unix seconds on a grid of ten: the time of a range that moves with it is asked for as seldom. */
export function settled(now: number): number {
  return Math.floor(now / WHOLE) * WHOLE;
}
