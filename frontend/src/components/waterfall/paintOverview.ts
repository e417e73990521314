import { placeOf } from "../../tracing/axis";
import type { CriticalPath } from "../../tracing/criticalPath";
import type { Tree } from "../../tracing/tree";

interface Picture {
  tree: Tree;
  path: CriticalPath;
  /** Colour of each process: `var(--series-1)`. */
  colours: ReadonlyMap<string, string>;
  length: number;
  /** CSS pixels. */
  width: number;
}

const HEIGHT = 48;
const TOKEN = /var\((--[\w-]+)\)/;

/** Draw a line for each span, from the top down in their order; failed ones last, over the others. */
export function paint(canvas: HTMLCanvasElement, { tree, path, colours, length, width }: Picture) {
  const scale = globalThis.devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(HEIGHT * scale);
  const context = canvas.getContext("2d");
  if (!context || !length) return;
  const theme = getComputedStyle(canvas);
  const colour = (text: string) => theme.getPropertyValue(TOKEN.exec(text)?.[1] ?? "");
  const known = new Map([...colours].map(([process, text]) => [process, colour(text)]));
  const bad = colour("var(--bad)");
  const step = canvas.height / tree.nodes.length;
  const high = Math.max(scale, Math.min(step * 0.8, 4 * scale));
  const view = { from: 0, to: length };
  const draw = (failed: boolean) =>
    tree.nodes.forEach(({ span }, place) => {
      if (span.failed !== failed) return;
      const left = placeOf(span.start, view) * canvas.width;
      const right = placeOf(Math.max(span.start, span.end), view) * canvas.width;
      context.fillStyle = failed ? bad : (known.get(span.process) ?? bad);
      context.globalAlpha = failed || path.has(span.id) ? 1 : 0.45;
      context.fillRect(left, place * step, Math.max(scale, right - left), high);
    });
  draw(false);
  draw(true);
}
