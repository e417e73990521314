import { expect, it } from "vitest";

import { ago, fromUtcInput, local, localAndUtc, toUtcInput, utc } from "./time";

const NOON = new Date("2026-11-22T12:00:00.250Z");

it("writes UTC to the second", () => {
  expect(utc(NOON)).toBe("2026-11-22 12:00:00 UTC");
});

it("writes the user's time and UTC beside it", () => {
  expect(localAndUtc(NOON, NOON)).toBe(`${local(NOON, NOON)} · ${utc(NOON)}`);
});

it.each([
  [5_000, "5s ago"],
  [300_000, "5m ago"],
  [2 * 3_600_000, "2h ago"],
  [3 * 86_400_000, "3d ago"],
])("says how long ago %s ms are", (ms, text) => {
  expect(ago(new Date(NOON.getTime() - ms), NOON)).toBe(text);
});

it("reads a field as UTC, whatever the zone of the browser", () => {
  const field = toUtcInput(NOON);
  expect(field).toBe("2026-11-22T12:00:00");
  expect(fromUtcInput(field)).toBe("2026-11-22T12:00:00.000Z");
});

it("finds no moment in an empty field", () => {
  expect(fromUtcInput("")).toBeNull();
});
