import { describe, expect, it } from "vitest";

import type { BacktestRequest, CatalogInstrument } from "../../api/types";
import { canRun, nameOf, offersOf, windowOf } from "./offers";
import { complaint, parametersOf, valueOf } from "./parameters";
import { complaintsAbout, draftOf, requestOf } from "./request";
import { readBacktestsSearch } from "./search";
import { DRAFT, named } from "./testing";

const SCHEMA = {
  properties: {
    size: {
      anyOf: [{ type: "number", exclusiveMinimum: 0 }, { type: "null" }],
      default: null,
      unit: "contracts",
    },
    period: { type: "integer", minimum: 1, maximum: 10, default: 5, description: "How long" },
    interval: { enum: ["tick", "1m"], default: "1m", type: "string" },
    loud: { type: "boolean", default: false },
    words: { type: "string", maxLength: 3, default: "hi" },
  },
};
const PARAMETERS = parametersOf(SCHEMA);
const parameter = (name: string) => named(PARAMETERS, name);

describe("parameters", () => {
  it("draws each kind from the schema", () => {
    expect(PARAMETERS.map((one) => [one.name, one.kind, one.initial, one.optional])).toEqual([
      ["size", "number", "", true],
      ["period", "integer", "5", false],
      ["interval", "choice", "1m", false],
      ["loud", "flag", "false", false],
      ["words", "text", "hi", false],
    ]);
    expect(parameter("period").hint).toBe("How long");
    expect(parameter("size").unit).toBe("contracts");
  });

  it("follows references to definitions", () => {
    const schema = {
      properties: { a: { $ref: "#/$defs/Side" } },
      $defs: { Side: { enum: ["x"] } },
    };
    expect(parametersOf(schema)[0]).toMatchObject({ kind: "choice", choices: ["x"] });
  });

  it.each([
    ["period", "5", undefined],
    ["period", "", "is needed"],
    ["period", "1.5", "must be a whole number"],
    ["period", "x", "must be a number"],
    ["period", "0", "must be 1 or more"],
    ["period", "11", "must be 10 or less"],
    ["size", "", undefined],
    ["size", "0", "must be more than 0"],
    ["words", "long", "must have 3 characters at most"],
  ])("says of %s = %j: %s", (name, text, said) => {
    expect(complaint(parameter(name), text)).toBe(said);
  });

  it("gives values of their type", () => {
    const given = [
      ["size", ""],
      ["period", "7"],
      ["loud", "true"],
      ["words", "7"],
    ] as const;
    expect(given.map(([name, text]) => valueOf(parameter(name), text))).toEqual([
      null,
      7,
      true,
      "7",
    ]);
  });
});

describe("the form", () => {
  it("has nothing to complain of at its defaults", () => {
    expect(complaintsAbout(DRAFT, PARAMETERS)).toEqual({});
  });

  it("names fields as the service does", () => {
    const wrong = { ...DRAFT, end: DRAFT.start, instrument_id: "", params: { period: "0" } };
    expect(Object.keys(complaintsAbout(wrong, PARAMETERS)).sort()).toEqual([
      "end",
      "instrument_id",
      "params.period",
    ]);
  });

  it("asks for what was changed only, with times in UTC", () => {
    const draft = {
      ...DRAFT,
      params: { period: "7", interval: "1m" },
      starting_balances: "1 USD, 2 BTC",
    };
    expect(requestOf(draft, PARAMETERS)).toEqual({
      instrument_id: "EUR/USD.SIM",
      kind: "quote",
      start: "2024-01-15T00:00:00.000Z",
      end: "2024-01-15T01:00:00.000Z",
      strategy: "ema_cross",
      params: { period: 7 },
      venue: { oms_type: "NETTING", account_type: "MARGIN" },
      starting_balances: ["1 USD", "2 BTC"],
    });
  });

  it.each([{}, { kind: "bar", bar_type: "1-MINUTE-MID" }] as const)(
    "asks for the same again %j",
    (series) => {
      const draft = { ...DRAFT, ...series, params: { period: "7" }, starting_balances: "1 USD" };
      const request: BacktestRequest = requestOf(draft, PARAMETERS);
      expect(request).toMatchObject(series);
      expect(requestOf(draftOf(request), PARAMETERS)).toEqual(request);
    },
  );
});

describe("offers", () => {
  const held = {
    instrument_id: "B.SIM",
    ticks: { quote: { start: "2024-01-16T00:00:00Z", end: "2024-01-16T12:00:00Z", rows: 9 } },
  } as unknown as CatalogInstrument;
  const file = { kind: "quote", instrument_ids: ["B.SIM", "A.SIM"], state: "new" };
  const day = (state: string) => [{ day: "2024-01-15", files: [{ ...file, state }] }] as never;

  it("joins the catalog with raw days", () => {
    const found = offersOf([held], day("new"));
    expect(found.map((one) => [one.instrument_id, one.raw, one.rows])).toEqual([
      ["A.SIM", true, null],
      ["B.SIM", true, 9],
    ]);
    expect(found[1]?.start.toISOString()).toBe("2024-01-15T00:00:00.000Z");
    expect(found[1]?.end.toISOString()).toBe("2024-01-16T12:00:00.000Z");
  });

  it("leaves out raw files that are converted, or that nobody described", () => {
    for (const state of ["converted", "unmatched"]) {
      expect(offersOf([held], day(state)).map((one) => one.raw)).toEqual([false]);
    }
  });

  it("offers bars that are held, and that raw files would make", () => {
    const held_bars = { start: "2024-01-16T00:01:00Z", end: "2024-01-16T12:00:00Z", rows: 5 };
    const barred = { ...held, bars: { "1-MINUTE-MID": held_bars } } as never;
    const raw = [{ ...file, bars: ["1-MINUTE-MID", "1-HOUR-BID"] }];
    const found = offersOf([barred], [{ day: "2024-01-15", files: raw }] as never);
    expect(found.map((one) => [nameOf(one), one.rows])).toEqual([
      ["A.SIM quotes", null],
      ["A.SIM 1-MINUTE-MID bars", null],
      ["A.SIM 1-HOUR-BID bars", null],
      ["B.SIM quotes", 9],
      ["B.SIM 1-MINUTE-MID bars", 5],
      ["B.SIM 1-HOUR-BID bars", null],
    ]);
  });

  it("knows which strategies take which bars", () => {
    const bars = (bar_type: string) => ({ instrument_id: "B.SIM", kind: "bar", bar_type }) as const;
    const strategy = { bars: ["MID", "LAST"] };
    expect(canRun(strategy, bars("1-MINUTE-MID"))).toBe(true);
    expect(canRun(strategy, bars("1-MINUTE-BID"))).toBe(false);
    expect(canRun({ bars: [] }, { instrument_id: "B.SIM", kind: "quote" })).toBe(true);
  });

  it("offers windows from the first tick, in whole seconds", () => {
    const [offer] = offersOf([held], []);
    if (!offer) throw new Error("nothing offered");
    expect(windowOf(offer, 300)).toEqual(["2024-01-16T00:00:00", "2024-01-16T00:05:00"]);
    expect(windowOf(offer)).toEqual(["2024-01-16T00:00:00", "2024-01-16T12:00:00"]);
  });
});

it("reads of an address what it knows", () => {
  const given = {
    sort: "-pnl",
    status: "nonsense",
    strategy: "",
    instrument_id: 7,
    again: "run-1",
  };
  expect(readBacktestsSearch(given)).toEqual({ sort: "-pnl", again: "run-1" });
  expect(readBacktestsSearch({ status: "error" })).toEqual({ status: "error" });
});
