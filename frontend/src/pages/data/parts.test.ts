import { describe, expect, it } from "vitest";

import type { CatalogInstrument, RawFile } from "../../api/types";
import { daysOf, stateOf } from "./days";
import { holdingsOf, isOf, nameOf, queryOf } from "./holdings";
import { moved, seen, written, zoomed } from "./moves";
import { LIMITS, readDataSearch, readTicksSearch } from "./search";

const FILE = { day: "2024-01-02", path: "a.parquet", size: 10, rows: 5, state: "new" } as RawFile;

describe("raw files", () => {
  it("are told by what went wrong, where something did", () => {
    const failure = { at: "2024-01-03T00:00:00Z", error: "too many rejected" };
    const words = [
      FILE,
      { ...FILE, state: "converted" as const },
      { ...FILE, state: "stale" as const, failure },
      { ...FILE, error: "no Parquet", failure },
    ].map((file) => stateOf(file));
    expect(words.map(({ word }) => word)).toEqual(["new", "converted", "failed", "unreadable"]);
    expect(words[2]?.why).toBe("too many rejected");
  });

  it("are summed up by day, the newest first", () => {
    const converted = { ...FILE, state: "converted" as const, rows_rejected: 2 };
    const days = [
      { day: "2024-01-02", files: [converted, { ...FILE, rows: null, error: "bad" }] },
      { day: "2024-01-05", files: [FILE] },
    ];
    expect(daysOf(days)).toEqual([
      { day: "2024-01-05", files: 1, converted: 0, wrong: 0, rows: 5, rejected: 0, size: 10 },
      { day: "2024-01-02", files: 2, converted: 1, wrong: 1, rows: 5, rejected: 2, size: 20 },
    ]);
  });
});

describe("what is held", () => {
  const held = { start: "a", end: "b", rows: 1, bytes: 2, files: 3 };
  const instrument = {
    instrument_id: "X.SIM",
    instrument_class: "Equity",
    ticks: { trade: held },
    bars: { "1-MINUTE-LAST": held },
  } as unknown as CatalogInstrument;

  it("has a line for each kind and each bar type", () => {
    expect(holdingsOf([instrument]).map(nameOf)).toEqual(["trades", "1-MINUTE-LAST bars"]);
  });

  it("has an address", () => {
    const queries = holdingsOf([instrument]).map(queryOf);
    expect(queries).toEqual([
      "instrument=X.SIM&kind=trade",
      "instrument=X.SIM&kind=bar&bar_type=1-MINUTE-LAST",
    ]);
  });

  it("is found by what the address says", () => {
    const search = { instrument: "X.SIM", kind: "bar", bar_type: "1-MINUTE-LAST" } as const;
    expect(holdingsOf([instrument]).map((one) => isOf(one, search))).toEqual([false, true]);
  });
});

describe("the window that is seen", () => {
  const whole = { from: 100, to: 200 };

  it("zooms around its middle, and stays inside", () => {
    expect(zoomed({ from: 140, to: 160 }, 0.5, whole)).toEqual({ from: 145, to: 155 });
    expect(zoomed({ from: 110, to: 190 }, 2, whole)).toEqual(whole);
    const least = zoomed({ from: 150, to: 150 }, 1, whole);
    expect(least.to).toBeGreaterThan(least.from);
  });

  it("moves as far as there is something, and keeps its width", () => {
    expect(moved({ from: 140, to: 160 }, 0.5, whole)).toEqual({ from: 150, to: 170 });
    expect(moved({ from: 190, to: 199 }, 0.5, whole)).toEqual({ from: 191, to: 200 });
    expect(moved({ from: 101, to: 111 }, -0.5, whole)).toEqual({ from: 100, to: 110 });
  });

  it("is written in milliseconds, to the microsecond; everything is not", () => {
    expect(written({ from: 150.000_001_4, to: 160 }, whole)).toEqual({
      from: "150000.001",
      to: "160000",
    });
    expect(written({ from: 99, to: 200 }, whole)).toEqual({ from: undefined, to: undefined });
    expect(seen(whole, { from: "150000.001", to: "160000" })).toEqual({
      from: 150.000_001,
      to: 160,
    });
    expect(seen(whole, {})).toBe(whole);
  });
});

it("reads of an address what it knows", () => {
  expect(readDataSearch({ day: "2024-01-02", file: 7 })).toEqual({ day: "2024-01-02" });
  const given = { instrument: "EUR/USD.FXCM", kind: "candle", limit: 12, from: "9", to: "8" };
  const known = { instrument: "EUR/USD.FXCM", kind: "quote", limit: LIMITS[0] };
  expect(readTicksSearch(given)).toEqual(known);
  const whole = { ...known, kind: "bar", bar_type: "1-MINUTE-MID", from: "8", to: "9" };
  expect(readTicksSearch(whole)).toEqual(whole);
});
