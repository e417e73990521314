/** One number for a series. */

type Numbers = readonly (number | null)[];

const CALCS: Record<string, { title: string; of: (values: Numbers) => number | null }> = {
  lastNotNull: {
    title: "last",
    of: (values) => values.findLast((value) => value !== null) ?? null,
  },
  max: {
    title: "max",
    of: (values) =>
      values.reduce(
        (most, value) => (value !== null && (most === null || value > most) ? value : most),
        null,
      ),
  },
};

export const CALC_NAMES: readonly string[] = Object.keys(CALCS);

/** Null for a series without values, and for a calculation that is not known. */
export function reduced(calc: string, values: Numbers): number | null {
  return CALCS[calc]?.of(values) ?? null;
}

export function calcTitle(calc: string): string {
  return CALCS[calc]?.title ?? calc;
}
