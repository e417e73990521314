/** What the end of a trace waited for. `tracestore/terminal/trace.py` has the same definition. */

import { busyOf, callsOf, type Span } from "./model";
import type { Node, Tree } from "./tree";

/** Nanoseconds since the trace began. */
export type Interval = readonly [from: number, to: number];

export interface OnPath {
  /** Nanoseconds that the end of the trace waited for just this span. */
  own: number;
  /** When that was; empty for spans that sum up calls. */
  when: readonly Interval[];
}

export type CriticalPath = ReadonlyMap<string, OnPath>;

/**
 * The ids of the spans on the critical path, with the nanoseconds spent in each itself.
 *
 * Walked backwards from the end: at each moment the child that ended last before it is what its parent
 * waited for, then the one that had ended before that child began. A child that outlived its parent (a
 * job handed to a queue) is followed too. Spans that sum up calls lie beside each other; each takes
 * the time of its calls from its parent's.
 */
export function criticalPath(tree: Tree): CriticalPath {
  const path = new Map<string, OnPath>();
  if (!tree.roots.length) return path;
  const last = tree.roots.reduce((most, root) => (root.lastEnd > most.lastEnd ? root : most));
  const stack: [Node, number][] = [[last, last.lastEnd]];
  for (let next = stack.pop(); next; next = stack.pop()) {
    const [{ span, children }, until] = next;
    const when: Interval[] = [];
    let before = until;
    const single = children.filter((child) => callsOf(child.span) === 1);
    for (const child of single.sort((a, b) => b.lastEnd - a.lastEnd)) {
      if (child.lastEnd > before) continue;
      stack.push([child, child.lastEnd]);
      when.push(...within(span, child.lastEnd, before));
      before = child.span.start;
    }
    when.push(...within(span, span.start, before));
    let own = when.reduce((sum, [from, to]) => sum + to - from, 0);
    for (const child of children) {
      if (callsOf(child.span) <= 1) continue;
      const taken = Math.min(busyOf(child.span), own);
      path.set(child.span.id, { own: taken, when: [] });
      own -= taken;
    }
    path.set(span.id, { own, when });
  }
  return path;
}

/** The part of the time between two moments in which the span lasted, if there is any. */
function within(span: Span, begin: number, end: number): Interval[] {
  const [from, to] = [Math.max(span.start, begin), Math.min(span.end, end)];
  return from < to ? [[from, to]] : [];
}
