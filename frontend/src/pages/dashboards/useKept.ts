import { useSearch } from "@tanstack/react-router";
import { use, useState } from "react";

import { KeepContext } from "./BoardContext";
import { ofPanel, type OfPanels } from "./boardSearch";

type Kept = readonly [string | null, (text: string | null) => void];

/** What a panel shows otherwise than its board has it; only this panel is drawn again. */
export function useKept(name: OfPanels, panel: number): Kept {
  const keep = use(KeepContext);
  const held = useSearch({
    strict: false,
    select: (search) => (keep ? ofPanel(search[name], panel) : null),
  });
  const [own, setOwn] = useState<string | null>(null);
  return keep ? [held, (text) => keep(name, panel, text)] : [own, setOwn];
}
