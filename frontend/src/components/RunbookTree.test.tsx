import { screen } from "@testing-library/react";
import { expect, it } from "vitest";

import type { RunbookNode } from "../api/types";
import { routed } from "../testing/routed";
import RunbookTree from "./RunbookTree";

type Given = Partial<Omit<RunbookNode, "children">> & {
  kind: RunbookNode["kind"];
  children?: Given[];
};

const text = (value: string): Given => ({ kind: "text", text: value });
const paragraph = (...children: Given[]): Given => ({ kind: "paragraph", children });

async function draw(...content: Given[]): Promise<HTMLElement> {
  const page = () => (
    <main>
      <RunbookTree content={content} under={2} />
    </main>
  );
  routed("/", [{ path: "/", component: page }, { path: "/runbooks/$alert" }]);
  return screen.findByRole("main");
}

it("draws what a runbook is made of, without its title", async () => {
  const main = await draw(
    { kind: "heading", level: 1, children: [text("TargetDown")] },
    { kind: "heading", level: 2, children: [text("Meaning")] },
    {
      kind: "list",
      start: 3,
      children: [{ kind: "item", children: [paragraph({ kind: "code", text: "up == 0" })] }],
    },
    { kind: "code_block", text: "curl -s x\n", language: "sh" },
    {
      kind: "table",
      children: [
        { kind: "row", children: [{ kind: "header", children: [text("job")] }] },
        { kind: "row", children: [{ kind: "cell", children: [text("a")] }] },
      ],
    },
  );
  expect(screen.getByRole("heading", { level: 3 }).textContent).toBe("Meaning");
  expect(main.textContent).not.toContain("TargetDown");
  expect(main.querySelector("ol")?.getAttribute("start")).toBe("3");
  expect(main.querySelector("pre")?.textContent).toBe("curl -s x\n");
  expect(screen.getByRole("columnheader", { name: "job" })).toBeTruthy();
  expect(screen.getByRole("cell", { name: "a" })).toBeTruthy();
});

it("shows HTML as the text that it is", async () => {
  const hostile = '<img src=x onerror="alert(1)"><script>alert(1)</script>';
  const main = await draw(paragraph(text(hostile)), { kind: "code_block", text: hostile });
  expect(main.querySelector("img, script")).toBeNull();
  expect(main.querySelector("p")?.textContent).toBe(hostile);
  expect(main.querySelector("pre")?.textContent).toBe(hostile);
});

it.each([
  "javascript:alert(1)",
  "JavaScript:alert(1)",
  "data:text/html;base64,PHNjcmlwdD4=",
  "vbscript:x",
  "//elsewhere.example",
  " https://elsewhere.example",
])("makes no link of %s", async (href) => {
  const main = await draw(paragraph({ kind: "link", href, children: [text("here")] }));
  expect(main.querySelector("a")).toBeNull();
  expect(main.textContent).toBe("here");
});

it("links to the web and to other runbooks, and to no other path", async () => {
  const main = await draw(
    paragraph(
      { kind: "link", href: "https://example.org/a?b=1", children: [text("web")] },
      { kind: "link", runbook: "BackendDown", children: [text("other")] },
      { kind: "link", runbook: "../api/x", children: [text("path")] },
    ),
  );
  const links = [...main.querySelectorAll("a")].map((link) => link.getAttribute("href"));
  expect(links).toEqual(["https://example.org/a?b=1", "/runbooks/BackendDown"]);
});

it("draws the content of what it does not know", async () => {
  const main = await draw({ kind: "marquee" as never, children: [text("still said")] });
  expect(main.textContent).toBe("still said");
});
