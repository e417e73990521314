/** Events behind the values, as links over a chart: each opens a trace. */

import uPlot from "uplot";

import styles from "./chart.module.css";
import type { Dot } from "./picture";

export class Dots {
  readonly #chart: uPlot;
  #dots: readonly Dot[] = [];
  #links: HTMLAnchorElement[] = [];

  constructor(chart: uPlot, open: (href: string) => void) {
    this.#chart = chart;
    chart.over.addEventListener("click", (event) => {
      const link = (event.target as Element).closest("a");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      open(link.getAttribute("href") ?? "");
    });
    // No range begins on a dot.
    chart.over.addEventListener(
      "mousedown",
      (event) => {
        if ((event.target as Element).closest("a")) event.stopImmediatePropagation();
      },
      { capture: true },
    );
  }

  take(dots: readonly Dot[]): void {
    if (dots === this.#dots) return;
    this.#dots = dots;
    this.#links.forEach((link) => link.remove());
    this.#links = dots.map(({ href, label }) => {
      const link = document.createElement("a");
      link.className = styles.dot ?? "";
      link.href = href;
      link.title = label;
      link.setAttribute("aria-label", label);
      return link;
    });
    this.#chart.over.append(...this.#links);
    this.place();
  }

  /** Moves all to where the scales are now; those outside are hidden, those above are at the top. */
  place(): void {
    // What uPlot knows: asking the page would lay it out once for each chart.
    const width = this.#chart.bbox.width / uPlot.pxRatio;
    this.#dots.forEach(({ time, y }, index) => {
      const link = this.#links[index];
      if (!link) return;
      const left = this.#chart.valToPos(time, "x");
      link.hidden = left < 0 || left > width;
      const top = Math.max(0, this.#chart.valToPos(y, "y"));
      link.style.transform = `translate(${left}px, ${top}px)`;
    });
  }
}
