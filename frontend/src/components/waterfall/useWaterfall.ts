import { useCallback, useMemo, useState } from "react";

import type { View } from "../../tracing/axis";
import { criticalPath } from "../../tracing/criticalPath";
import type { Trace } from "../../tracing/model";
import { processColours } from "../../tracing/processes";
import {
  type Closed,
  closedFrom,
  matchingNodes,
  nextOf,
  revealed,
  toggled,
  visibleNodes,
} from "../../tracing/rows";
import { firstFailure, type Node, treeOf } from "../../tracing/tree";

const NONE: Closed = new Set();

/** What is open, chosen, sought and in view of a trace. */
export function useWaterfall(
  trace: Trace,
  chosenId: string | undefined,
  choose: (id: string | undefined) => void,
) {
  const tree = useMemo(() => treeOf(trace), [trace]);
  const path = useMemo(() => criticalPath(tree), [tree]);
  const colours = useMemo(() => processColours(trace), [trace]);
  const failed = useMemo(() => tree.nodes.filter(({ span }) => span.failed), [tree]);
  const origin = useMemo(() => firstFailure(tree), [tree]);
  const [closed, setClosed] = useState<Closed>(NONE);
  const [text, setText] = useState("");
  const [zoomed, setZoomed] = useState<View | null>(null);
  const chosen = (chosenId && tree.byId.get(chosenId)) || null;
  const found = useMemo(() => matchingNodes(tree, text), [tree, text]);
  const matches = useMemo(
    () => (text.trim() ? new Set(found.map(({ span }) => span.id)) : null),
    [found, text],
  );
  // What an address names is seen, whatever was closed before.
  const open = useMemo(() => (chosen ? revealed(closed, chosen) : closed), [closed, chosen]);
  const rows = useMemo(() => visibleNodes(tree, open), [tree, open]);

  const goTo = useCallback((node: Node | null) => node && choose(node.span.id), [choose]);
  return {
    /** Nanoseconds of the whole trace. */
    length: trace.length,
    tree,
    path,
    colours,
    rows,
    closed: open,
    chosen,
    failed,
    origin,
    found,
    matches,
    text,
    setText,
    view: zoomed ?? { from: 0, to: trace.length },
    isZoomed: zoomed !== null,
    zoom: setZoomed,
    goTo,
    step: (some: readonly Node[], way: 1 | -1) => goTo(nextOf(tree, some, chosen, way)),
    toggle: useCallback(
      (id: string) => {
        setClosed(toggled(open, id));
        // What it hides is not the chosen one any more.
        const node = tree.byId.get(id);
        if (node && chosen && isBelow(chosen, node)) choose(id);
      },
      [open, tree, chosen, choose],
    ),
    openAll: () => setClosed(NONE),
    closeAll: () => {
      setClosed(closedFrom(tree, 0));
      if (chosen?.parent) choose(undefined);
    },
  };
}

export type WaterfallState = ReturnType<typeof useWaterfall>;

function isBelow(node: Node, other: Node): boolean {
  for (let up = node.parent; up; up = up.parent) if (up === other) return true;
  return false;
}
