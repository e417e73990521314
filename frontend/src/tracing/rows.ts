/** Which spans of a tree are in sight, and how keys move through them: the tree pattern of ARIA. */

import { valueText } from "./model";
import type { Node, Tree } from "./tree";

/** Ids of spans whose children are hidden. */
export type Closed = ReadonlySet<string>;

/** The nodes that no closed one hides, in order. */
export function visibleNodes(tree: Tree, closed: Closed): readonly Node[] {
  if (!closed.size) return tree.nodes;
  let hidden = 0;
  return tree.nodes.filter((node) => {
    if (hidden > 0) {
      hidden -= 1;
      return false;
    }
    // Those below follow it at once.
    if (closed.has(node.span.id)) hidden = node.below;
    return true;
  });
}

/** With all above a span open, so that it is seen. */
export function revealed(closed: Closed, node: Node): Closed {
  const open = new Set(closed);
  for (let up = node.parent; up; up = up.parent) open.delete(up.span.id);
  return open.size === closed.size ? closed : open;
}

export function toggled(closed: Closed, id: string): Closed {
  const next = new Set(closed);
  if (!next.delete(id)) next.add(id);
  return next;
}

/** All closed that lie `depth` deep or deeper and have children. */
export function closedFrom(tree: Tree, depth: number): Closed {
  const inner = tree.nodes.filter((node) => node.depth >= depth && node.children.length);
  return new Set(inner.map(({ span }) => span.id));
}

/** What a key does: another span becomes the current one, or the current one opens or closes. */
export type Move = { to: Node } | { toggle: string };

/** Null for keys that do nothing from here; `page` is how many rows are in sight. */
export function moveBy(
  key: string,
  rows: readonly Node[],
  current: Node | null,
  closed: Closed,
  page: number,
): Move | null {
  const at = current ? rows.indexOf(current) : -1;
  const to = (place: number): Move | null => {
    const node = rows[Math.min(rows.length - 1, Math.max(0, place))];
    return node ? { to: node } : null;
  };
  switch (key) {
    case "ArrowDown":
      return to(at + 1);
    case "ArrowUp":
      return to(at - 1);
    case "PageDown":
      return to(at + page);
    case "PageUp":
      return to(at - page);
    case "Home":
      return to(0);
    case "End":
      return to(rows.length - 1);
    case "ArrowRight":
      if (!current?.children.length) return null;
      return closed.has(current.span.id) ? { toggle: current.span.id } : to(at + 1);
    case "ArrowLeft":
      if (!current) return null;
      if (current.children.length && !closed.has(current.span.id)) {
        return { toggle: current.span.id };
      }
      return current.parent ? { to: current.parent } : null;
    default:
      return null;
  }
}

/** Nodes that hold all words of a text: in name, process, status, attributes or events; or the whole id. */
export function matchingNodes(tree: Tree, text: string): readonly Node[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  return tree.nodes.filter((node) => {
    const said = saidBy(node);
    return words.every((word) => said.includes(word) || word === node.span.id);
  });
}

const said = new WeakMap<Node, string>();

/** All that a span says, in small letters; made once. */
function saidBy(node: Node): string {
  let known = said.get(node);
  if (known === undefined) {
    const { name, process, message, kind, attributes, events, failed } = node.span;
    const pairs = [attributes, ...events.map((event) => event.attributes)].flatMap((all) =>
      Object.entries(all),
    );
    known = [name, process, message, kind, failed ? "error" : ""]
      .concat(events.map((event) => event.name))
      .concat(pairs.map(([key, value]) => `${key}=${valueText(value)}`))
      .join(" ")
      .toLowerCase();
    said.set(node, known);
  }
  return known;
}

/** The one after `current` in a list of some of the tree's nodes (before it with way -1), around. */
export function nextOf(
  tree: Tree,
  some: readonly Node[],
  current: Node | null,
  way: 1 | -1,
): Node | null {
  if (!some.length) return null;
  const at = current ? tree.nodes.indexOf(current) : -1;
  const places = some.map((node) => tree.nodes.indexOf(node));
  if (way === 1)
    return (
      some[
        Math.max(
          0,
          places.findIndex((place) => place > at),
        )
      ] ?? null
    );
  const before = places.findLastIndex((place) => place < at);
  return some.at(before) ?? null;
}
