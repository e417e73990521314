import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";

import { attributeNames, attributeValues } from "../../api/traceQueries";
import { QueryBox } from "./QueryBox";

const SECONDS = { start: 0, end: 60 };

function draw(trouble?: string) {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } });
  const scopes = [{ name: "span", tags: ["nautilus.strategy", "nautilus.status"] }];
  client.setQueryData(attributeNames.queryKey, scopes);
  client.setQueryData(attributeValues("span.nautilus.status", SECONDS).queryKey, [
    { type: "string", value: "killed" },
  ]);
  const onAsk = vi.fn();
  render(
    <QueryClientProvider client={client}>
      <QueryBox asked="{ a = }" trouble={trouble} seconds={SECONDS} onAsk={onAsk} />
    </QueryClientProvider>,
  );
  return { field: screen.getByRole<HTMLInputElement>("combobox", { name: "TraceQL" }), onAsk };
}

function write(field: HTMLInputElement, text: string): void {
  fireEvent.change(field, { target: { value: text, selectionStart: text.length } });
}

it("completes names and values by keys, and asks at Enter", () => {
  const { field, onAsk } = draw();
  write(field, "{ span.nautilus.sta");
  expect(screen.getAllByRole("option")).toHaveLength(1);
  fireEvent.keyDown(field, { key: "ArrowDown" });
  fireEvent.keyDown(field, { key: "Enter" });
  expect(field.value).toBe("{ span.nautilus.status ");
  write(field, "{ span.nautilus.status = ");
  fireEvent.keyDown(field, { key: "ArrowDown" });
  expect(field.getAttribute("aria-activedescendant")).toBe(screen.getByRole("option").id);
  fireEvent.keyDown(field, { key: "Tab" });
  expect(field.value).toBe('{ span.nautilus.status = "killed" ');
  expect(onAsk).not.toHaveBeenCalled();
  fireEvent.keyDown(field, { key: "Escape" });
  fireEvent.submit(field);
  expect(onAsk).toHaveBeenCalledExactlyOnceWith('{ span.nautilus.status = "killed"');
});

it("says at the field what is wrong, and where", () => {
  const { field } = draw("parse error at line 1, col 7: unexpected '}'");
  expect(field.getAttribute("aria-invalid")).toBe("true");
  expect(document.querySelector("mark")?.textContent).toBe("}");
  const said = document.getElementById(field.getAttribute("aria-describedby") ?? "");
  expect(said?.textContent).toContain("unexpected '}' (at character 7)");
});
