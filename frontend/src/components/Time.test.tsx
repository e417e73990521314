import { act, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { Time } from "./Time";

const EVENING = new Date(2026, 0, 5, 21);

beforeEach(() => void vi.useFakeTimers({ now: new Date(2026, 0, 5, 22) }));
afterEach(() => void vi.useRealTimers());

it("says the date of a moment when its day is over", () => {
  render(<Time at={EVENING} />);
  expect(screen.getByText("21:00:00")).toBeTruthy();
  act(() => void vi.advanceTimersByTime(2 * 3_600_000 + 1));
  expect(screen.getByText(/^05 Jan 2026.*21:00:00$/)).toBeTruthy();
  expect(vi.getTimerCount()).toBe(1);
});

it("looks at the day when the tab is seen again", () => {
  render(<Time at={EVENING} />);
  vi.setSystemTime(new Date(2026, 0, 6, 9)); // timers sleep with the machine
  act(() => void document.dispatchEvent(new Event("visibilitychange")));
  expect(screen.getByText(/^05 Jan 2026/)).toBeTruthy();
});

it("keeps one timer for all, and none for nobody", () => {
  const { unmount } = render([1, 2, 3].map((n) => <Time key={n} at={EVENING} />));
  expect(vi.getTimerCount()).toBe(1);
  unmount();
  expect(vi.getTimerCount()).toBe(0);
});
