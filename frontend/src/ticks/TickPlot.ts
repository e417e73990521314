/** Draws a view of ticks by uPlot, outside of React. */

import uPlot from "uplot";

import { CLOCK, FONT } from "../components/chartOptions";
import { haveRoom, paintCandles } from "./candles";
import type { Drawing } from "./kinds";
import type { Drawn } from "./protocol";

const DRAGGED = 4;
const WIDE = 6.2;
const BAND_ALPHA = 14;

const LABEL = 60;
/** Of moments with milliseconds. */
const LONG_LABEL = 96;

/** How far apart labels of time stand: below a second they are longer. */
function between(_: uPlot, __: number, from: number, to: number, width: number): number {
  return to - from < width / LABEL ? LONG_LABEL : LABEL;
}

const NOTHING: Pick<Drawn, "times" | "columns"> = { times: new Float64Array(0), columns: [] };

export interface Size {
  width: number;
  height: number;
}

export interface Handlers {
  /** A range was dragged, in Unix seconds. */
  zoom: (from: number, to: number) => void;
  zoomOut: () => void;
  /** The point under the pointer; null when it has left. */
  point: (index: number | null) => void;
  drawn: (view: Drawn) => void;
}

export class TickPlot {
  readonly #parent: HTMLElement;
  readonly #drawing: Drawing;
  readonly #format: (value: number) => string;
  readonly #handlers: Handlers;
  #view: Drawn | null;
  #size: Size;
  #chart: uPlot;

  constructor(
    parent: HTMLElement,
    size: Size,
    drawing: Drawing,
    format: (value: number) => string,
    view: Drawn | null,
    handlers: Handlers,
  ) {
    this.#parent = parent;
    this.#size = size;
    this.#drawing = drawing;
    this.#format = format;
    this.#view = view;
    this.#handlers = handlers;
    this.#chart = this.#make();
  }

  show(view: Drawn): void {
    if (view === this.#view) return;
    this.#view = view;
    this.#chart.setData(this.#data());
  }

  resize(size: Size): void {
    if (size.width === this.#size.width && size.height === this.#size.height) return;
    this.#size = size;
    this.#chart.setSize(size);
  }

  /** Draws all anew, such as in other colours. */
  redraw(): void {
    this.#chart.destroy();
    this.#chart = this.#make();
  }

  destroy(): void {
    this.#chart.destroy();
  }

  #make(): uPlot {
    return new uPlot(this.#options(), this.#data(), this.#parent);
  }

  #data(): uPlot.AlignedData {
    const { times, columns } = this.#view ?? NOTHING;
    return [times, ...this.#drawing.lines.map((_, place) => columns[place] ?? [])];
  }

  #options(): uPlot.Options {
    const style = getComputedStyle(this.#parent);
    const colour = (token: string) => style.getPropertyValue(`--${token}`).trim();
    const axis: uPlot.Axis = {
      stroke: colour("text-3"),
      font: FONT,
      grid: { stroke: colour("line"), width: 1 },
      ticks: { stroke: colour("line"), width: 1, size: 4 },
    };
    const { lines, shape, candles } = this.#drawing;
    const paths = shape === "steps" ? uPlot.paths.stepped?.({ align: 1 }) : uPlot.paths.linear?.();
    const band = candles && lines.length > 1;
    const candle = { up: colour("good"), down: colour("bad") };
    const asCandles = () => candles && this.#view && haveRoom(this.#view, this.#size.width);
    const lined: uPlot.Series.PathBuilder = (chart, series, first, last) =>
      asCandles() ? null : (paths?.(chart, series, first, last) ?? null);
    const fill = `color-mix(in srgb, ${colour(lines[0]?.token ?? "")} ${BAND_ALPHA}%, transparent)`;
    return {
      ...this.#size,
      legend: { show: false },
      scales: { x: { time: true, range: () => this.#range() } },
      cursor: {
        y: false,
        points: { size: 7 },
        drag: { x: true, y: false, setScale: false },
        bind: {
          dblclick: () => () => {
            this.#handlers.zoomOut();
            return null;
          },
        },
      },
      axes: [
        { ...axis, values: CLOCK, size: 38, space: between },
        {
          ...axis,
          // Before the first drawing there are none, whatever the types say.
          size: (_, values: string[] | null) =>
            16 + WIDE * Math.max(4, ...(values ?? []).map((value) => value.length)),
          values: (_, splits) => splits.map(this.#format),
        },
      ],
      series: [
        {},
        ...lines.map(({ label, token }) => ({
          label,
          stroke: colour(token),
          width: 1.25,
          paths: lined,
          // Points show where they stand apart.
          points: candles ? { show: false } : { size: 4, fill: colour(token), space: 10 },
        })),
      ],
      bands: band ? [{ series: [1, 2], fill }] : [],
      hooks: {
        setCursor: [(chart) => this.#handlers.point(chart.cursor.idx ?? null)],
        setSelect: [(chart) => this.#selected(chart)],
        draw: [
          (chart) => {
            if (!this.#view) return;
            if (asCandles()) paintCandles(chart, this.#view, candle);
            this.#handlers.drawn(this.#view);
          },
        ],
      },
    };
  }

  /** No axis is drawn before anything has arrived. */
  #range(): uPlot.Range.MinMax {
    return this.#view ? [this.#view.from, this.#view.to] : [null, null];
  }

  #selected(chart: uPlot): void {
    const { left, width } = chart.select;
    if (width === 0) return;
    const [from, to] = [chart.posToVal(left, "x"), chart.posToVal(left + width, "x")];
    chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    if (width >= DRAGGED) this.#handlers.zoom(from, to);
  }
}
