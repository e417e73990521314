import type { UseQueryResult } from "@tanstack/react-query";
import { useState } from "react";

interface Last<T> {
  data: T | undefined;
  /** Unix milliseconds. */
  at: number;
}

/**
 * The data of a query and when they came, else those of the last question about the same subject.
 *
 * Time goes on, and each moment is another question: where it fails, what is known stays. While it
 * is asked, `keepPreviousData` does that.
 */
export function useLast<T>(query: UseQueryResult<T>, subject: string): Last<T> {
  const { data, dataUpdatedAt: at, isPlaceholderData } = query;
  const [last, setLast] = useState<Last<T> & { subject: string }>();
  if (data === undefined) return last?.subject === subject ? last : { data, at };
  if (!isPlaceholderData && (last?.at !== at || last.subject !== subject)) {
    setLast({ data, at, subject });
  }
  return { data, at };
}
