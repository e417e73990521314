import { expect, it } from "vitest";

import type { Objective } from "../../api/types";
import { boardAddress, toneOfBudget } from "./objectives";

it.each([
  [1, "good"],
  [0.25, "good"],
  [0.24, "warn"],
  [0, "bad"],
  [-3, "bad"],
])("judges a budget of which %s is left: %s", (left, tone) => {
  expect(toneOfBudget(left)).toBe(tone);
});

it("leads to the board of an objective, with its variables", () => {
  const board = { topic: "api", variables: { http_route: "/api/health" } };
  expect(boardAddress({ board } as unknown as Objective)).toBe(
    "/dashboards/nautobs-api?var-http_route=%2Fapi%2Fhealth&from=now-6h",
  );
});
