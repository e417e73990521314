/** What backtests can be run on: ticks and bars of the catalog, and of raw files to convert. */

import type { components } from "../../api/schema";
import type { CatalogInstrument, Strategy } from "../../api/types";
import { toUtcInput } from "../../lib/time";
import type { Series } from "./request";

type RawDay = components["schemas"]["RawDay"];
type Holding = components["schemas"]["Holding"];

export interface Offer extends Series {
  start: Date;
  end: Date;
  rows: number | null;
  /** Some of it is converted first. */
  raw: boolean;
}

const DAY_MS = 86_400_000;
const TICKS = ["quote", "trade"] as const;

/** Tells series apart. */
export function keyOf({ instrument_id, kind, bar_type }: Series): string {
  return [instrument_id, kind, bar_type ?? ""].join(" ");
}

/** A series in words, such as `EUR/USD.SIM 1-MINUTE-MID bars`. */
export function nameOf({ instrument_id, kind, bar_type }: Series): string {
  return [instrument_id, bar_type, `${kind}s`].filter(Boolean).join(" ");
}

/** Whether a strategy can run on a series: ticks always, bars of some prices. */
export function canRun(strategy: Pick<Strategy, "bars">, { kind, bar_type }: Series): boolean {
  const price = bar_type?.split("-").at(-1);
  return kind !== "bar" || price === undefined || strategy.bars.includes(price);
}

/** By instrument and kind, ticks before bars; the catalog knows times to the microsecond, raw files only the day. */
export function offersOf(
  instruments: readonly CatalogInstrument[],
  days: readonly RawDay[],
): Offer[] {
  const found = new Map<string, Offer>();
  const add = (series: Series, held: Holding | undefined) => {
    if (!held) return;
    const [start, end] = [new Date(held.start), new Date(held.end)];
    found.set(keyOf(series), { ...series, start, end, rows: held.rows, raw: false });
  };
  for (const { instrument_id, ticks, bars } of instruments) {
    for (const kind of TICKS) add({ instrument_id, kind }, ticks?.[kind]);
    for (const [bar_type, held] of Object.entries(bars ?? {})) {
      add({ instrument_id, kind: "bar", bar_type }, held);
    }
  }
  for (const { day, files } of days) {
    for (const { kind, instrument_ids, bars, state } of files) {
      if (!kind || state === "unmatched" || state === "converted") continue;
      for (const instrument_id of instrument_ids ?? []) {
        const from = new Date(`${day}T00:00:00Z`);
        addRaw(found, { instrument_id, kind }, from);
        for (const bar_type of bars ?? []) {
          addRaw(found, { instrument_id, kind: "bar", bar_type }, from);
        }
      }
    }
  }
  const rank = (one: Offer) => Number(one.kind === "bar");
  return [...found.values()].sort(
    (a, b) => a.instrument_id.localeCompare(b.instrument_id) || rank(a) - rank(b),
  );
}

function addRaw(found: Map<string, Offer>, series: Series, day: Date): void {
  const key = keyOf(series);
  const end = new Date(day.getTime() + DAY_MS - 1);
  const known = found.get(key);
  found.set(key, {
    ...series,
    start: known && known.start < day ? known.start : day,
    end: known && known.end > end ? known.end : end,
    rows: known?.rows ?? null,
    raw: true,
  });
}

export interface Span {
  label: string;
  seconds: number;
}

/** Windows that objectives speak of. */
export const SPANS: readonly Span[] = [
  { label: "5 min", seconds: 300 },
  { label: "1 h", seconds: 3_600 },
  { label: "1 day", seconds: 86_400 },
];

/** The first `seconds` of an offer from `from` on, or all of it; in whole seconds, for controls. */
export function windowOf(offer: Offer, seconds?: number, from = offer.start): [string, string] {
  const start = Math.floor(from.getTime() / 1000) * 1000;
  const end = Math.ceil(offer.end.getTime() / 1000) * 1000;
  const last = seconds === undefined ? end : start + seconds * 1000;
  return [toUtcInput(new Date(start)), toUtcInput(new Date(last))];
}
