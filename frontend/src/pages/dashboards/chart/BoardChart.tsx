import "uplot/dist/uPlot.min.css";

import { useEffect, useRef } from "react";

import { useDark } from "../../../components/chartOptions";
import { useOpen } from "../AppLink";
import { useBoard } from "../BoardContext";
import styles from "./BoardChart.module.css";
import type { Picture } from "./picture";
import { Plot } from "./Plot";

/** A picture on a canvas that fills its place. React only hands it over. */
export function BoardChart({ label, picture }: { label: string; picture: Picture }) {
  const { zoom, zoomOut } = useBoard();
  const open = useOpen();
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const latest = useRef({ picture, zoom, zoomOut, open });
  const dark = useDark();

  useEffect(() => {
    latest.current = { picture, zoom, zoomOut, open };
    plot.current?.show(picture);
  }, [picture, zoom, zoomOut, open]);

  useEffect(() => {
    const parent = frame.current;
    if (!parent) return;
    // The chart is made with the first size, and follows it.
    const observer = new ResizeObserver(([entry]) => {
      if (!entry) return;
      const { width, height } = entry.contentRect;
      const size = { width: Math.floor(width), height: Math.floor(height) };
      if (size.width < 1 || size.height < 1) return;
      if (plot.current) {
        plot.current.resize(size);
        return;
      }
      plot.current = new Plot(parent, size, latest.current.picture, {
        zoom: (window) => latest.current.zoom(window),
        zoomOut: () => latest.current.zoomOut(),
        open: (href) => latest.current.open(href),
      });
    });
    observer.observe(parent);
    return () => {
      observer.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, []);

  useEffect(() => plot.current?.redraw(), [dark]);

  return <div ref={frame} className={styles.frame} role="figure" aria-label={label} />;
}
