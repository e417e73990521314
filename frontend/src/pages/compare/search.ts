/** What the address of a comparison holds: ids of two runs. */

export interface CompareSearch {
  a?: string | undefined;
  b?: string | undefined;
}

export function readCompareSearch(given: Record<string, unknown>): CompareSearch {
  const { a, b } = given;
  return {
    ...(typeof a === "string" && a ? { a } : {}),
    ...(typeof b === "string" && b ? { b } : {}),
  };
}
