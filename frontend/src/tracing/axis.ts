/** The time axis of a waterfall, in nanoseconds since the trace began. */

export interface View {
  from: number;
  to: number;
}

const STEPS = [1, 2, 5];
/** A view is never shorter: below it, all bars are full. */
const SHORTEST = 1_000;

/** Round moments within a view, at most `most`. */
export function ticksOf({ from, to }: View, most: number): number[] {
  const least = (to - from) / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  const step = power * (STEPS.find((one) => one * power >= least) ?? 10);
  const first = Math.ceil(from / step);
  const count = Math.floor(to / step) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, place) => (first + place) * step);
}

/** Where a moment lies in a view: 0 at its left, 1 at its right. */
export function placeOf(at: number, { from, to }: View): number {
  return to > from ? (at - from) / (to - from) : 0;
}

/** Left and width of a bar in percent of the view, cut off at its ends; null outside of it. */
export function barOf(
  start: number,
  end: number,
  view: View,
): [left: number, width: number] | null {
  const [left, right] = [placeOf(start, view), placeOf(Math.max(start, end), view)];
  if (right < 0 || left > 1) return null;
  const [shown, until] = [Math.max(0, left), Math.min(1, right)];
  return [100 * shown, 100 * (until - shown)];
}

/** A view of a length of the trace, sound whichever way it was dragged. */
export function viewOf(one: number, other: number, length: number): View {
  const [from, to] = [Math.max(0, Math.min(one, other)), Math.min(length, Math.max(one, other))];
  if (to - from >= Math.min(SHORTEST, length)) return { from, to };
  const middle = (from + to) / 2;
  const start = Math.max(0, Math.min(middle - SHORTEST / 2, length - SHORTEST));
  return { from: start, to: Math.min(length, start + SHORTEST) };
}
