/** The box at the pointer: what all lines are at that moment. Texts only. */

import type uPlot from "uplot";

import { localAndUtc } from "../../../lib/time";
import styles from "./chart.module.css";
import type { Mark, Picture, Tip } from "./picture";

const MOST = 12;
const AWAY = 14;

export class Tooltip {
  /** Whether the pointer is over this chart. */
  inside = false;
  readonly #chart: uPlot;
  readonly #picture: () => Picture;
  readonly #box = document.createElement("div");
  #said = "";

  constructor(chart: uPlot, picture: () => Picture) {
    this.#chart = chart;
    this.#picture = picture;
    this.#box.className = styles.tip ?? "";
    this.#box.hidden = true;
    this.#box.setAttribute("aria-hidden", "true");
    chart.root.append(this.#box);
    chart.over.addEventListener("mouseenter", () => (this.inside = true));
    chart.over.addEventListener("mouseleave", () => {
      this.inside = false;
      this.#box.hidden = true;
    });
  }

  move(): void {
    const { idx, left = -1, top = -1 } = this.#chart.cursor;
    if (!this.inside || idx == null || left < 0) {
      this.#box.hidden = true;
      return;
    }
    const { placeOf } = this.#picture();
    const place = placeOf?.(this.#chart.posToVal(left, "x")) ?? idx;
    this.#say(place, this.#chart.posToVal(top, "y"));
    this.#box.hidden = false;
    const beside = this.#chart.over.offsetLeft + left;
    const far = beside > this.#chart.root.clientWidth / 2;
    const shift = far ? `calc(${beside - AWAY}px - 100%)` : `${beside + AWAY}px`;
    this.#box.style.transform = `translate(${shift}, ${Math.max(0, top - AWAY)}px)`;
  }

  #say(index: number, y: number): void {
    const { tips, data, marks, window } = this.#picture();
    const time = data[0][index] ?? 0;
    const near = marks.filter(
      (mark) => Math.abs(mark.time - time) < (window.to - window.from) / 80,
    );
    const said = `${time} ${near.length} ${Math.floor(y)} ${window.to}`;
    if (said === this.#said) return;
    this.#said = said;
    const all = tips(index, y);
    const more = all.length - MOST;
    const head = document.createElement("p");
    head.textContent = localAndUtc(new Date(time * 1_000));
    this.#box.replaceChildren(head, ...near.map(marked), ...all.slice(0, MOST).map(row));
    if (more > 0) this.#box.append(row({ token: null, name: `and ${more} more`, text: "" }));
  }
}

function marked({ token, text }: Mark): HTMLElement {
  return row({ token, name: text, text: "" });
}

function row({ token, name, text }: Tip): HTMLElement {
  const line = document.createElement("div");
  const [swatch, what, value] = [0, 1, 2].map(() => document.createElement("span"));
  if (!swatch || !what || !value) return line;
  swatch.className = styles.swatch ?? "";
  if (token) swatch.style.background = token.includes("(") ? token : `var(--${token})`;
  what.textContent = name;
  value.textContent = text;
  line.append(swatch, what, value);
  return line;
}
