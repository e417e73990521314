import { beforeEach, expect, it, vi } from "vitest";

import { PATIENCE_MS } from "../../../testing/until";
import type { Picture } from "./picture";
import { Plot } from "./Plot";

const SIZE = { width: 600, height: 200 };
const LINE = { token: "s1", fill: 0 };
const PICTURE = {
  shape: "x",
  window: { from: 0, to: 100 },
  data: [
    [0, 50, 100],
    [1, 2, 3],
  ],
  strokes: [LINE],
  bands: false,
  marks: [],
  dots: [],
  axis: { range: () => [0, 3], text: String, grid: true },
} as unknown as Picture;

beforeEach(() => {
  // Nothing is painted here, and each chart lies where the page begins.
  const canvas = new Proxy({}, { get: () => () => ({ width: 10 }), set: () => true });
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(canvas as never);
  vi.spyOn(HTMLElement.prototype, "getBoundingClientRect").mockReturnValue(
    new DOMRect(0, 0, SIZE.width, SIZE.height),
  );
  vi.stubGlobal(
    "Path2D",
    class {
      moveTo = () => undefined;
      lineTo = () => undefined;
      rect = () => undefined;
    },
  );
});

async function chart() {
  const zoom = vi.fn();
  const parent = document.createElement("div");
  document.body.append(parent);
  new Plot(parent, SIZE, PICTURE, { zoom, zoomOut: vi.fn(), open: vi.fn() });
  const over = await vi.waitUntil(() => parent.querySelector(".u-over"), { timeout: PATIENCE_MS });
  const mouse = (type: string, clientX: number, on: EventTarget = over) =>
    on.dispatchEvent(
      new MouseEvent(type, { clientX, clientY: 50, movementX: 9, button: 0, bubbles: true }),
    );
  const drag = (to: number) => {
    mouse("mousemove", 100);
    mouse("mousedown", 100);
    if (to !== 100) mouse("mousemove", to);
    mouse("mouseup", to, document);
  };
  return { zoom, drag };
}

it("zooms by the chart that is dragged on, and not by one that was only clicked", async () => {
  const [clicked, dragged] = [await chart(), await chart()];
  clicked.drag(100);
  dragged.drag(200);
  expect([clicked.zoom.mock.calls.length, dragged.zoom.mock.calls.length]).toEqual([0, 1]);
  clicked.drag(200);
  expect([clicked.zoom.mock.calls.length, dragged.zoom.mock.calls.length]).toEqual([1, 1]);
});
