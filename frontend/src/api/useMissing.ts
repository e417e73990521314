import type { UseQueryResult } from "@tanstack/react-query";
import { useState } from "react";

import { isMissing } from "./problem";

/**
 * The answer that there is none of that id, also while that is asked again; null without it.
 *
 * A query without data forgets its error as soon as it asks: what is drawn for it would go and come.
 */
export function useMissing(id: string, { data, error }: UseQueryResult): Error | null {
  const [last, setLast] = useState({ id, error });
  const isAsked = data === undefined && error === null && last.id === id;
  if (!isAsked && (last.id !== id || last.error !== error)) setLast({ id, error });
  const said = isAsked ? last.error : error;
  return isMissing(said) ? said : null;
}
