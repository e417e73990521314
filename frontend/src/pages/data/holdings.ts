/** What the catalog holds, as lines of a table. */

import type { CatalogInstrument } from "../../api/types";
import type { Kind } from "../../ticks/kinds";

export interface Holding {
  instrument_id: string;
  instrument_class: string;
  kind: Kind;
  /** Of bars. */
  bar_type?: string;
  start: string;
  end: string;
  rows: number;
  bytes: number;
  files: number;
}

/** One line for each kind of each instrument, and for each bar type. */
export function holdingsOf(instruments: readonly CatalogInstrument[]): Holding[] {
  return instruments.flatMap(({ instrument_id, instrument_class, ticks, bars }) => {
    const of = { instrument_id, instrument_class };
    return [
      ...Object.entries(ticks ?? {}).map(([kind, held]) => ({
        ...of,
        ...held,
        kind: kind as Kind,
      })),
      ...Object.entries(bars ?? {}).map(([bar_type, held]) => ({
        ...of,
        ...held,
        kind: "bar" as const,
        bar_type,
      })),
    ];
  });
}

/** `quotes`, `1-MINUTE-MID bars`. */
export function nameOf({ kind, bar_type }: Pick<Holding, "kind" | "bar_type">): string {
  return bar_type ? `${bar_type} bars` : `${kind}s`;
}

/** Whether a line is what an address names. */
export function isOf(
  held: Holding,
  { instrument, kind, bar_type }: { instrument?: string | undefined } & Chosen,
): boolean {
  return held.instrument_id === instrument && held.kind === kind && held.bar_type === bar_type;
}

export interface Chosen {
  kind: Kind;
  bar_type?: string | undefined;
}

/** What the address of its ticks says after the question mark. */
export function queryOf({ instrument_id, kind, bar_type }: Holding): string {
  const query = { instrument: instrument_id, kind, ...(bar_type ? { bar_type } : {}) };
  return new URLSearchParams(query).toString();
}
