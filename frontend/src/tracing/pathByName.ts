import type { CriticalPath } from "./criticalPath";
import type { Node, Tree } from "./tree";

export interface NamedShare {
  name: string;
  /** Nanoseconds that the end of the trace waited for spans of that name. */
  own: number;
  /** The one of them that it waited for longest. */
  longest: Node;
}

const ownOf = (path: CriticalPath, node: Node) => path.get(node.span.id)?.own ?? 0;

/** The critical path by names of spans, the most first. */
export function pathByName(tree: Tree, path: CriticalPath): NamedShare[] {
  const named = new Map<string, NamedShare>();
  for (const node of tree.nodes) {
    const own = ownOf(path, node);
    if (!own) continue;
    const { name } = node.span;
    const known = named.get(name);
    const isLonger = !known || own > ownOf(path, known.longest);
    named.set(name, {
      name,
      own: own + (known?.own ?? 0),
      longest: isLonger ? node : known.longest,
    });
  }
  return [...named.values()].sort((a, b) => b.own - a.own);
}
