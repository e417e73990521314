import { expect, it } from "vitest";

import { timeToInteractive } from "./interactive";

const task = (startTime: number, duration: number) => ({ startTime, duration });

it("is the first paint when nothing long follows", () => {
  expect(timeToInteractive(200, [], 1_200)).toBe(200);
});

it("is not known before a quiet second has passed", () => {
  expect(timeToInteractive(200, [], 1_199)).toBeNull();
  expect(timeToInteractive(200, [task(300, 100)], 1_399)).toBeNull();
});

it("is the end of the last long task before one quiet second", () => {
  const tasks = [task(900, 60), task(300, 100), task(2_500, 500)];
  expect(timeToInteractive(200, tasks, 9_000)).toBe(960);
});

it("counts a task that began before the paint and ended after it", () => {
  expect(timeToInteractive(200, [task(100, 150)], 9_000)).toBe(250);
});

it("leaves out tasks that were over before the paint", () => {
  expect(timeToInteractive(200, [task(50, 100)], 9_000)).toBe(200);
});
