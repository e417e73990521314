import type { UseQueryResult } from "@tanstack/react-query";
import { useState } from "react";

import { isMissing } from "./problem";

/**
 * Whether there is none of that id, also while that is asked again.
 *
 * A query without data forgets its error as soon as it asks: what is drawn for it would go and come.
 */
export function useMissing(id: string, { data, error }: UseQueryResult): boolean {
  const [gone, setGone] = useState<string>();
  const known = data !== undefined || error !== null;
  const now = isMissing(error) ? id : known ? undefined : gone;
  if (now !== gone) setGone(now);
  return now === id;
}
