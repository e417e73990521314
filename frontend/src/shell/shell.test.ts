import { expect, it, vi } from "vitest";

import { makeKeyHandler } from "./keys";
import { type Found, matching } from "./matching";

function keys() {
  const [openSearch, goTo] = [vi.fn(), vi.fn((key: string) => key === "b")];
  let time = 0;
  const handler = makeKeyHandler({ openSearch, goTo });
  const press = (key: string, more: KeyboardEventInit = {}, target: Element = document.body) => {
    const event = new KeyboardEvent("keydown", { key, bubbles: true, ...more });
    Object.defineProperties(event, { target: { value: target }, timeStamp: { value: time } });
    handler(event);
  };
  return { openSearch, goTo, press, wait: (ms: number) => (time += ms) };
}

it("opens the search by / and by Ctrl K", () => {
  const { openSearch, press } = keys();
  press("/");
  press("k", { ctrlKey: true });
  expect(openSearch).toHaveBeenCalledTimes(2);
});

it("goes to a page by g and its letter", () => {
  const { goTo, press } = keys();
  press("b");
  expect(goTo).not.toHaveBeenCalled();
  press("g");
  press("b");
  expect(goTo).toHaveBeenCalledExactlyOnceWith("b");
});

it("takes two keys that were pressed together, however late it hears of them", () => {
  const { goTo, press } = keys();
  const clock = vi.spyOn(performance, "now").mockReturnValue(0);
  press("g");
  clock.mockReturnValue(9_000);
  press("b");
  expect(goTo).toHaveBeenCalledOnce();
});

it("forgets a g of long ago", () => {
  const { goTo, press, wait } = keys();
  press("g");
  wait(2_000);
  press("b");
  expect(goTo).not.toHaveBeenCalled();
});

it("leaves keys alone that are typed into a field", () => {
  const { openSearch, goTo, press } = keys();
  const field = document.createElement("input");
  for (const key of ["/", "g", "b"]) press(key, {}, field);
  expect(openSearch).not.toHaveBeenCalled();
  expect(goTo).not.toHaveBeenCalled();
});

it("takes a key from a field that closed with its dialog", () => {
  const { openSearch, press } = keys();
  const dialog = document.createElement("dialog");
  const field = dialog.appendChild(document.createElement("input"));
  dialog.open = true;
  press("/", {}, field);
  expect(openSearch).not.toHaveBeenCalled();
  dialog.open = false;
  press("/", {}, field);
  expect(openSearch).toHaveBeenCalledOnce();
});

const ALL: Found[] = [
  { kind: "Run", title: "run-1 · ema_cross · EUR/USD", href: "/runs/run-1", note: "error" },
  { kind: "Board", title: "Backtests", href: "/dashboards/x" },
  { kind: "Page", title: "Backtests", href: "/backtests" },
];

it.each([
  ["", 3],
  ["back", 2],
  ["page back", 1],
  ["ema error", 1],
  ["EUR", 1],
  ["nothing", 0],
])("finds for %j %s", (text, found) => {
  expect(matching(ALL, text)).toHaveLength(found);
});

it("puts first what begins with the text", () => {
  const all = [{ kind: "Run", title: "x back", href: "/x" }, ...ALL];
  expect(matching(all, "back").at(-1)?.href).toBe("/x");
});
