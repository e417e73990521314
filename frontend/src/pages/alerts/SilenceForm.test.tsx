import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen, waitFor } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";

import type { ActiveAlert } from "../../api/types";
import SilenceForm from "./SilenceForm";

const ACTIVE = [
  { name: "A", labels: { alertname: "A", job: "nautilus" } },
  { name: "B", labels: { alertname: "B", job: "nautilus" } },
] as unknown as ActiveAlert[];

let answer: () => Response;
let asked: unknown[];
const onClose = vi.fn();

beforeEach(() => {
  localStorage.clear();
  onClose.mockReset();
  asked = [];
  answer = () =>
    Response.json({ silence_id: "x", ends_at: "2026-01-05T14:00:00Z" }, { status: 201 });
  vi.stubGlobal("fetch", async (request: Request) => {
    asked.push(await request.clone().json());
    return answer();
  });
});

function draw(matchers = '{alertname="A",job="nautilus"}') {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <SilenceForm matchers={matchers} active={ACTIVE} onClose={onClose} />
    </QueryClientProvider>,
  );
}

const type = (label: string, value: string) =>
  fireEvent.change(screen.getByLabelText(label), { target: { value } });
const press = (name: string) => fireEvent.click(screen.getByRole("button", { name }));

it("begins with the matchers, and says how many alerts they cover", () => {
  draw();
  const values = screen
    .getAllByLabelText("Value")
    .map((field) => (field as HTMLInputElement).value);
  expect(values).toEqual(["A", "nautilus"]);
  expect(screen.getByRole("status").textContent).toContain("1 alert of now");
  press("Leave out alertname");
  expect(screen.getByRole("status").textContent).toContain("2 alerts of now");
});

it("says at the field what is missing, and asks the service for nothing", () => {
  draw("new");
  press("Silence");
  expect(screen.getByLabelText("By").getAttribute("aria-invalid")).toBe("true");
  expect(screen.getByText("Say why")).toBeTruthy();
  expect(screen.getByRole("alert").textContent).toContain("something that is not empty");
  expect(asked).toEqual([]);
});

it("silences, remembers who, and closes", async () => {
  draw();
  type("By", "someone");
  type("Why", "known");
  type("For", "1800");
  press("Silence");
  await waitFor(() => expect(onClose).toHaveBeenCalled());
  expect(asked).toEqual([
    {
      matchers: [
        { name: "alertname", value: "A", is_regex: false, is_equal: true },
        { name: "job", value: "nautilus", is_regex: false, is_equal: true },
      ],
      duration_seconds: 1_800,
      created_by: "someone",
      comment: "known",
    },
  ]);
  expect(localStorage.getItem("silence-author")).toBe("someone");
});

it("shows what the service refuses at its field, and stays open", async () => {
  const errors = [{ field: "matchers.0.value", detail: "too long" }];
  answer = () =>
    Response.json(
      { title: "Unprocessable", status: 422, detail: "matchers.0.value: too long", errors },
      { status: 422, headers: { "content-type": "application/problem+json" } },
    );
  draw();
  type("By", "someone");
  type("Why", "known");
  press("Silence");
  expect(await screen.findByText("too long")).toBeTruthy();
  expect(screen.getAllByLabelText("Value")[0]?.getAttribute("aria-invalid")).toBe("true");
  expect(onClose).not.toHaveBeenCalled();
});

it("says when Alertmanager is down", async () => {
  answer = () =>
    Response.json(
      { title: "Unavailable", status: 503, detail: "Alertmanager cannot be reached" },
      { status: 503, headers: { "content-type": "application/problem+json" } },
    );
  draw();
  type("By", "someone");
  type("Why", "known");
  press("Silence");
  expect((await screen.findByRole("alert")).textContent).toContain("cannot be reached");
});
