import { describe, expect, it } from "vitest";

import { amount, bytes, count, duration, percent, plain, short, withUnit } from "./format";

describe("duration", () => {
  it.each([
    [0, "0 s"],
    [0.000_012, "12 µs"],
    [0.84, "840 ms"],
    [12.345, "12.3 s"],
    [60, "1 min"],
    [250, "4 min 10 s"],
    [7_500, "2 h 5 min"],
    [273_600, "3 d 4 h"],
    [-5, "-5 s"],
  ])("writes %s s as %s", (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });

  it("carries what rounds up to the next unit", () => {
    expect(duration(3_599.7)).toBe("1 h");
  });
});

describe("bytes", () => {
  it.each([
    [0, "0 B"],
    [1_023, "1,020 B"],
    [1_024, "1 KiB"],
    [1.5 * 2 ** 30, "1.5 GiB"],
    [2 ** 60, "1,050,000 TiB"],
  ])("writes %s as %s", (value, text) => {
    expect(bytes(value)).toBe(text);
  });
});

it("says nothing of what is not known", () => {
  const said = [amount, bytes, count, duration, percent, plain, short].map((one) => one(null));
  expect(new Set(said)).toEqual(new Set(["–"]));
});

it("writes amounts with their cents", () => {
  expect([amount(1_234_567.891), amount(-3), amount(0)]).toEqual(["1,234,567.89", "-3.00", "0.00"]);
});

it("writes numbers in the unit that is named", () => {
  const written = ["seconds", "bytes", "ratio", ""].map((unit) => withUnit(0.5, unit));
  expect(written).toEqual(["500 ms", "0.5 B", "50 %", "0.5"]);
});
