import { fireEvent, renderHook } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import { useEscape } from "./useEscape";

const ESCAPE = { key: "Escape" };

afterEach(() => {
  document.body.replaceChildren();
});

test("leaves when the key is let go", () => {
  const leave = vi.fn();
  renderHook(() => {
    useEscape(leave);
  });
  fireEvent.keyDown(document.body, ESCAPE);
  expect(leave).not.toHaveBeenCalled();
  fireEvent.keyUp(document.body, ESCAPE);
  expect(leave).toHaveBeenCalledOnce();
  fireEvent.keyUp(document.body, ESCAPE);
  expect(leave).toHaveBeenCalledOnce();
});

test("closes what is open and stays, also when the key is held", () => {
  const leave = vi.fn();
  renderHook(() => {
    useEscape(leave);
  });
  const menu = document.createElement("details");
  menu.open = true;
  menu.dataset.menu = "";
  document.body.append(menu);
  fireEvent.keyDown(document.body, ESCAPE);
  menu.open = false;
  fireEvent.keyDown(document.body, { ...ESCAPE, repeat: true });
  fireEvent.keyUp(document.body, ESCAPE);
  expect(leave).not.toHaveBeenCalled();
});

test("leaves though details are unfolded, but not from a search that has a text", () => {
  const leave = vi.fn();
  renderHook(() => {
    useEscape(leave);
  });
  const details = document.createElement("details");
  const field = document.createElement("input");
  details.open = true;
  field.type = "search";
  field.value = "engine";
  document.body.append(details, field);
  fireEvent.keyDown(field, ESCAPE);
  field.value = "";
  fireEvent.keyUp(field, ESCAPE);
  expect(leave).not.toHaveBeenCalled();
  fireEvent.keyDown(field, ESCAPE);
  fireEvent.keyUp(field, ESCAPE);
  expect(leave).toHaveBeenCalledOnce();
});

test.each([
  ["checkbox", "on"],
  ["datetime-local", "2024-01-15T09:30:00"],
  ["text", "EMACross"],
])("leaves from a field of type %s, which Escape does not empty", (type, value) => {
  const leave = vi.fn();
  renderHook(() => {
    useEscape(leave);
  });
  const field = Object.assign(document.createElement("input"), { type, value });
  document.body.append(field);
  fireEvent.keyDown(field, ESCAPE);
  fireEvent.keyUp(field, ESCAPE);
  expect(leave).toHaveBeenCalledOnce();
});
