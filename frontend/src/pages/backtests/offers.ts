/** What backtests can be run on: ticks of the catalog, and of raw files not converted yet. */

import type { components } from "../../api/schema";
import type { CatalogInstrument } from "../../api/types";
import { toUtcInput } from "../../lib/time";
import type { TickKind } from "./request";

type RawDay = components["schemas"]["RawDay"];

export interface Offer {
  instrument_id: string;
  kind: TickKind;
  start: Date;
  end: Date;
  rows: number | null;
  /** Some of it is converted first. */
  raw: boolean;
}

const DAY_MS = 86_400_000;
const KINDS: readonly TickKind[] = ["quote", "trade"];

/** By instrument and kind; the catalog knows times to the microsecond, raw files only the day. */
export function offersOf(
  instruments: readonly CatalogInstrument[],
  days: readonly RawDay[],
): Offer[] {
  const found = new Map<string, Offer>();
  for (const { instrument_id, ticks } of instruments) {
    for (const kind of KINDS) {
      const held = ticks?.[kind];
      if (!held) continue;
      const [start, end] = [new Date(held.start), new Date(held.end)];
      found.set(`${instrument_id} ${kind}`, {
        instrument_id, kind, start, end, rows: held.rows, raw: false,
      }); // prettier-ignore
    }
  }
  for (const { day, files } of days) {
    for (const { kind, instrument_ids, state } of files) {
      if (!kind || state === "unmatched" || state === "converted") continue;
      for (const id of instrument_ids ?? []) {
        addRaw(found, id, kind, new Date(`${day}T00:00:00Z`));
      }
    }
  }
  const all = [...found.values()];
  return all.sort((a, b) => a.instrument_id.localeCompare(b.instrument_id));
}

function addRaw(found: Map<string, Offer>, instrument_id: string, kind: TickKind, day: Date): void {
  const key = `${instrument_id} ${kind}`;
  const end = new Date(day.getTime() + DAY_MS - 1);
  const known = found.get(key);
  found.set(key, {
    instrument_id,
    kind,
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
