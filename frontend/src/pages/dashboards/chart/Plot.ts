/** A chart of a board, drawn by uPlot outside of React. All charts share a cursor. */

import uPlot from "uplot";

import { CLOCK, FONT } from "../../../components/chartOptions";
import { alone } from "../../../grafana/series";
import type { Window } from "../../../grafana/range";
import { Dots } from "./Dots";
import type { Picture } from "./picture";
import { fitted } from "./timeline";
import { Tooltip } from "./Tooltip";

const CURSOR = "board";
const WIDE = 6.2;
const DRAGGED = 4;

export interface Handlers {
  zoom: (window: Window) => void;
  zoomOut: () => void;
  /** A dot was clicked. */
  open: (href: string) => void;
}

export class Plot {
  readonly #parent: HTMLElement;
  readonly #handlers: Handlers;
  #picture: Picture;
  #size: { width: number; height: number };
  #chart: uPlot;
  // uPlot calls its hooks before there are any.
  #tooltip: Tooltip | undefined;
  #dots: Dots | undefined;
  /** Where the mouse went down last, a range begins: all charts of a board show it. */
  static #pressed: Plot | null = null;
  readonly #colours = new Map<string, string>();

  constructor(
    parent: HTMLElement,
    size: { width: number; height: number },
    picture: Picture,
    handlers: Handlers,
  ) {
    this.#parent = parent;
    this.#size = size;
    this.#picture = picture;
    this.#handlers = handlers;
    this.#chart = this.#make();
  }

  /** Draws another picture, with as little work as it takes. */
  show(picture: Picture): void {
    if (picture === this.#picture) return;
    const same = picture.shape === this.#picture.shape;
    this.#picture = picture;
    if (!same) {
      this.redraw();
      return;
    }
    this.#dots?.take(picture.dots);
    this.#chart.setData(picture.data);
  }

  /** Draws all anew, such as in other colours. */
  redraw(): void {
    this.#chart.destroy();
    this.#colours.clear();
    this.#chart = this.#make();
  }

  resize(size: { width: number; height: number }): void {
    if (size.width === this.#size.width && size.height === this.#size.height) return;
    this.#size = size;
    this.#chart.setSize(size);
  }

  destroy(): void {
    this.#chart.destroy();
  }

  #make(): uPlot {
    this.#tooltip = this.#dots = undefined;
    const chart = new uPlot(this.#options(), this.#picture.data, this.#parent);
    chart.over.addEventListener("mousedown", () => (Plot.#pressed = this));
    this.#tooltip = new Tooltip(chart, () => this.#picture);
    this.#dots = new Dots(chart, this.#handlers.open);
    this.#dots.take(this.#picture.dots);
    return chart;
  }

  #colour = (name: string): string => {
    const known = this.#colours.get(name);
    if (known !== undefined) return known;
    const read = getComputedStyle(this.#parent).getPropertyValue(`--${name}`).trim();
    this.#colours.set(name, read);
    return read;
  };

  #options(): uPlot.Options {
    const { strokes, bands } = this.#picture;
    const lower = (place: number) => ({ series: [place + 2, place + 1] as [number, number] });
    return {
      ...this.#size,
      legend: { show: false },
      scales: {
        x: { time: true, range: () => [this.#picture.window.from, this.#picture.window.to] },
        y: { range: (_, least, most) => this.#picture.axis.range(least, most) },
      },
      cursor: {
        y: false,
        // The box says the values: on twenty charts, points would cost more than all else.
        points: { show: false },
        sync: { key: CURSOR, scales: ["x", null] },
        drag: { x: true, y: false, setScale: false },
        bind: {
          dblclick: () => () => {
            this.#handlers.zoomOut();
            return null;
          },
        },
      },
      axes: this.#axes(),
      series: [
        {},
        ...strokes.map(({ token, fill }) => {
          const colour = this.#colour(token);
          return {
            stroke: colour,
            ...(fill > 0 ? { fill: withAlpha(colour, fill) } : {}),
            width: 1.25,
            spanGaps: false,
            points: { show: false, size: 4, fill: colour, filter: onlyAlone },
          };
        }),
      ],
      bands: bands ? strokes.slice(1).map((_, place) => lower(place)) : [],
      hooks: {
        drawAxes: [(chart) => this.#picture.paint?.(chart, this.#colour)],
        draw: [(chart) => this.#marks(chart)],
        setCursor: [() => this.#tooltip?.move()],
        setSelect: [(chart) => this.#selected(chart)],
      },
    };
  }

  #axes(): uPlot.Axis[] {
    const line = this.#colour("line");
    const base: uPlot.Axis = {
      stroke: this.#colour("text-3"),
      font: FONT,
      grid: { stroke: line, width: 1 },
      ticks: { stroke: line, width: 1, size: 4 },
    };
    const { incrs, splits, grid, widest = 90 } = this.#picture.axis;
    return [
      // Room for hours, minutes and seconds beside each other.
      { ...base, values: CLOCK, size: 34, space: 68 },
      {
        ...base,
        grid: { ...base.grid, show: grid },
        ...(incrs ? { incrs } : {}),
        ...(splits
          ? {
              splits: (chart) =>
                this.#picture.axis.splits?.(chart.bbox.height / devicePixelRatio) ?? [],
            }
          : {}),
        space: 28,
        // Before the first drawing there are none, whatever the types say.
        size: (_, values: string[] | null) =>
          18 + WIDE * Math.max(4, ...(values ?? []).map((value) => value.length)),
        values: (_, all) => all.map((value) => fitted(this.#picture.axis.text(value), widest)),
      },
    ];
  }

  /** Lines at moments that matter, over all else; the dots move with them. */
  #marks(chart: uPlot): void {
    const { ctx } = chart;
    const { left, top, width, height } = chart.bbox;
    for (const { time, token } of this.#picture.marks) {
      const x = chart.valToPos(time, "x", true);
      if (x < left || x > left + width) continue;
      ctx.save();
      ctx.strokeStyle = this.#colour(token);
      ctx.lineWidth = devicePixelRatio;
      ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
      ctx.beginPath();
      ctx.moveTo(x, top);
      ctx.lineTo(x, top + height);
      ctx.stroke();
      ctx.restore();
    }
    this.#dots?.place();
  }

  /** A range was dragged here: the other charts only show it. */
  #selected(chart: uPlot): void {
    const { left, width } = chart.select;
    if (width === 0) return;
    const [from, to] = [chart.posToVal(left, "x"), chart.posToVal(left + width, "x")];
    chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    if (Plot.#pressed !== this) return;
    Plot.#pressed = null;
    if (width >= DRAGGED) this.#handlers.zoom({ from, to });
  }
}

function onlyAlone(chart: uPlot, series: number): number[] {
  return alone(chart.data[series] as (number | null)[]);
}

function withAlpha(colour: string, share: number): string {
  return `color-mix(in srgb, ${colour} ${Math.round(share * 100)}%, transparent)`;
}
