import "uplot/dist/uPlot.min.css";

import { useEffect, useRef, useState } from "react";

import { useDark } from "../components/chartOptions";
import { plain } from "../lib/format";
import { local, utc } from "../lib/time";
import { type Drawing } from "./kinds";
import type { Drawn } from "./protocol";
import styles from "./TickChart.module.css";
import { type Handlers, TickPlot } from "./TickPlot";

interface Props {
  /** What is drawn, for people who cannot see it. */
  label: string;
  drawing: Drawing;
  view: Drawn | null;
  /** Decimals of a price. */
  precision: number;
  onZoom: (from: number, to: number) => void;
  onZoomOut: () => void;
  /** How wide the lines are, in pixels of the screen; now and whenever it changes. */
  onWidth: (pixels: number) => void;
  onDrawn: (view: Drawn) => void;
}

/** A view of ticks on a canvas that fills its place, and what stands under the pointer. */
export default function TickChart(props: Props) {
  const { label, drawing, view, precision, onWidth } = props;
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<TickPlot | null>(null);
  const latest = useRef(props);
  const dark = useDark();
  const [size, setSize] = useState<{ width: number; height: number } | null>(null);
  const [at, setAt] = useState<number | null>(null);
  const isLaidOut = size !== null;

  useEffect(() => {
    latest.current = props;
  });

  useEffect(() => {
    const parent = frame.current;
    if (!parent) return;
    const observer = new ResizeObserver(([entry]) => {
      if (!entry) return;
      const { width, height } = entry.contentRect;
      if (width < 1 || height < 1) return;
      setSize({ width: Math.floor(width), height: Math.floor(height) });
    });
    observer.observe(parent);
    return () => observer.disconnect();
  }, []);

  const width = size?.width;
  useEffect(() => {
    if (width !== undefined) onWidth(Math.round(width * devicePixelRatio));
  }, [width, onWidth]);

  // Before anything has arrived, so that nothing is laid out anew when it has.
  useEffect(() => {
    const parent = frame.current;
    if (!isLaidOut || !parent) return;
    const handlers: Handlers = {
      zoom: (from, to) => latest.current.onZoom(from, to),
      zoomOut: () => latest.current.onZoomOut(),
      point: setAt,
      drawn: (shown) => latest.current.onDrawn(shown),
    };
    const format = (value: number) => value.toFixed(precision);
    const { clientWidth, clientHeight } = parent;
    const made = new TickPlot(
      parent,
      { width: clientWidth, height: clientHeight },
      drawing,
      format,
      latest.current.view,
      handlers,
    );
    plot.current = made;
    return () => {
      plot.current = null;
      made.destroy();
    };
  }, [isLaidOut, drawing, precision, dark]);

  useEffect(() => {
    if (view) plot.current?.show(view);
  }, [view]);
  useEffect(() => {
    if (size) plot.current?.resize(size);
  }, [size]);

  return (
    <figure className={styles.chart} aria-label={label}>
      <div ref={frame} className={styles.frame} />
      <figcaption>
        {view && <Legend drawing={drawing} view={view} at={at} precision={precision} />}
      </figcaption>
    </figure>
  );
}

interface LegendProps extends Pick<Props, "drawing" | "precision"> {
  view: Drawn;
  at: number | null;
}

/** The values of the point under the pointer, or of the last one. */
function Legend({ drawing, view, at, precision }: LegendProps) {
  const index = Math.min(at ?? Infinity, view.times.length - 1);
  const time = view.times[index];
  if (time === undefined) return null;
  const moment = new Date(time * 1_000);
  const told = (value: number | undefined, price = false) =>
    value === undefined ? "–" : price ? value.toFixed(precision) : plain(value, 8);
  return (
    <>
      <span title={utc(moment)}>{precise(moment)}</span>
      {drawing.lines.map((line, place) => (
        <span key={line.column}>
          <span className="swatch" style={{ background: `var(--${line.token})` }} />
          {line.label} <strong>{view.columns[place]?.[index]?.toFixed(precision) ?? "–"}</strong>
        </span>
      ))}
      {drawing.told.map((one, place) => (
        <span key={one.column}>
          {one.label}{" "}
          <strong>{told(view.columns[drawing.lines.length + place]?.[index], one.price)}</strong>
        </span>
      ))}
    </>
  );
}

/** To the millisecond, in the user's zone. */
function precise(moment: Date): string {
  return `${local(moment)}.${String(moment.getMilliseconds()).padStart(3, "0")}`;
}
