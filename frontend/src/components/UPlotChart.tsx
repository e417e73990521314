import "uplot/dist/uPlot.min.css";

import { useEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";

import { local, utc } from "../lib/time";
import { useWidth } from "../lib/useWidth";
import type { Mark } from "./chartMarks";
import { chartOptions, readTheme, useDark } from "./chartOptions";
import styles from "./UPlotChart.module.css";

export interface Series {
  label: string;
  values: readonly (number | null)[];
}

export interface ChartProps {
  /** What the chart shows, for people who cannot see it. */
  label: string;
  /** Unix seconds, ascending; as many as each series has values. */
  times: readonly number[];
  series: readonly Series[];
  format: (value: number) => string;
  height?: number;
  /** The range was chosen by dragging; Unix seconds. */
  onZoom?: (from: number, to: number) => void;
  /** Triangles at points of the lines. */
  marks?: readonly Mark[] | undefined;
}

const NO_MARKS: readonly Mark[] = [];

export default function UPlotChart(props: ChartProps) {
  const { label, times, series, format, height = 240, onZoom, marks = NO_MARKS } = props;
  const frame = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const width = useWidth(frame);
  const dark = useDark();
  const [at, setAt] = useState<number | null>(null);
  const names = series.map((one) => one.label).join("\n");
  const data = useMemo(
    () => [times, ...series.map((one) => one.values)] as unknown as uPlot.AlignedData,
    [times, series],
  );
  const ready = width > 0;
  const drawn = useRef(marks);

  useEffect(() => {
    const parent = frame.current;
    if (!parent || !ready) return;
    const made = new uPlot(
      chartOptions({
        width: parent.clientWidth - 16,
        height,
        labels: names.split("\n"),
        theme: readTheme(parent),
        format,
        onCursor: setAt,
        marks: () => drawn.current,
        ...(onZoom ? { onZoom } : {}),
      }),
      data,
      parent,
    );
    chart.current = made;
    return () => {
      chart.current = null;
      made.destroy();
    };
    // The data has its own effect; a new chart for each value would flicker.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [ready, dark, names, format, onZoom, height]);

  useEffect(() => chart.current?.setData(data), [data]);
  useEffect(() => {
    drawn.current = marks;
    chart.current?.redraw(false);
  }, [marks]);
  useEffect(() => {
    if (width > 0) chart.current?.setSize({ width: width - 16, height });
  }, [width, height]);

  return (
    <figure aria-label={label} className={styles.chart}>
      <div ref={frame} />
      <figcaption>
        <Legend series={series} times={times} at={at} format={format} />
      </figcaption>
    </figure>
  );
}

interface LegendProps extends Pick<ChartProps, "series" | "times" | "format"> {
  at: number | null;
}

/** What each line is, and its value under the pointer or at the end. */
function Legend({ series, times, at, format }: LegendProps) {
  const index = at ?? times.length - 1;
  const time = times[index];
  const moment = time === undefined ? null : new Date(time * 1000);
  return (
    <>
      {moment && <span title={utc(moment)}>{local(moment)}</span>}
      {series.map(({ label, values }, place) => {
        const value = values[index];
        return (
          <span key={label}>
            <span className="swatch" style={{ background: `var(--series-${(place % 8) + 1})` }} />
            {label} <strong>{value == null ? "–" : format(value)}</strong>
          </span>
        );
      })}
    </>
  );
}
