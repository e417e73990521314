/** A trace as a tree, in the order of a waterfall. `tracestore/terminal/trace.py` has the same. */

import type { Span, Trace } from "./model";

export interface Node {
  span: Span;
  depth: number;
  parent: Node | null;
  children: Node[];
  /** The latest end in the node and all below it, in nanoseconds since the trace began. */
  lastEnd: number;
  /** Failed spans below it. */
  failedBelow: number;
  /** How many nodes are below it. */
  below: number;
}

export interface Tree {
  roots: readonly Node[];
  /** Depth first, the earliest first. */
  nodes: readonly Node[];
  byId: ReadonlyMap<string, Node>;
}

/**
 * A span whose parent is not here counts as a root. So does, of spans that are each other's parents,
 * the one that began first.
 */
export function treeOf(trace: Trace): Tree {
  const spans = [...trace.spans].sort((a, b) => a.start - b.start || b.end - a.end);
  const byId = new Map(spans.map((span) => [span.id, newNode(span)]));
  const all = [...byId.values()];
  // The last first, so that a circle is broken at the span that began first.
  for (const node of all.toReversed()) {
    const parent = byId.get(node.span.parent);
    if (parent && !isWithin(parent, node)) {
      node.parent = parent;
      parent.children.push(node);
    }
  }
  for (const node of all) node.children.reverse();
  const roots = all.filter((node) => !node.parent);
  const nodes = walk(roots);
  for (const node of nodes.toReversed()) sumUp(node);
  return { roots, nodes, byId };
}

function newNode(span: Span): Node {
  const rest = { depth: 0, parent: null, children: [], failedBelow: 0, below: 0 };
  return { span, ...rest, lastEnd: span.end };
}

/** Whether `node` is `other` or below it, as far as parents are known. */
function isWithin(node: Node, other: Node): boolean {
  for (let up: Node | null = node; up; up = up.parent) if (up === other) return true;
  return false;
}

function walk(roots: readonly Node[]): Node[] {
  const found: Node[] = [];
  const stack = roots.toReversed();
  for (let node = stack.pop(); node; node = stack.pop()) {
    node.depth = node.parent ? node.parent.depth + 1 : 0;
    found.push(node);
    stack.push(...node.children.toReversed());
  }
  return found;
}

/** From its children, which have been summed up. */
function sumUp(node: Node): void {
  for (const child of node.children) {
    node.lastEnd = Math.max(node.lastEnd, child.lastEnd);
    node.failedBelow += child.failedBelow + Number(child.span.failed);
    node.below += child.below + 1;
  }
}

/**
 * Where the failure came from: of the failed spans the one that began last, since an exception passes
 * from the inside out; null when nothing failed.
 */
export function firstFailure(tree: Tree): Node | null {
  return tree.nodes.reduce<Node | null>((found, node) => {
    if (!node.span.failed) return found;
    return !found || node.span.start >= found.span.start ? node : found;
  }, null);
}

/** A parent that began later or a child that began earlier: clocks that differ. Nanoseconds, or 0. */
export function skewOf({ span, parent }: Node): number {
  return parent ? Math.max(0, parent.span.start - span.start) : 0;
}
