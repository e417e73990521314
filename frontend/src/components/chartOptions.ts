/** What uPlot is told: colours from the tokens, axes, zoom by dragging. */

import { useSyncExternalStore } from "react";
import type uPlot from "uplot";

import { drawMarks, type Mark } from "./chartMarks";

const SERIES = 8;
/** Colours of marks: those of the third and the second line. */
const [UP, DOWN] = [2, 1];
export const FONT = "11px system-ui, sans-serif";
const DARK = "(prefers-color-scheme: dark)";

const [MINUTE, HOUR, DAY] = [60, 3_600, 86_400];
/** Labels of times by the distance between them, in 24 hours; a new day is named below its first. */
export const CLOCK: uPlot.Axis.Values = [
  [365 * DAY, "{YYYY}", null, null, null, null, null, null, 1],
  [28 * DAY, "{MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [DAY, "{DD} {MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [HOUR, "{HH}:{mm}", "\n{DD} {MMM} {YYYY}", null, "\n{DD} {MMM}", null, null, null, 1],
  [MINUTE, "{HH}:{mm}", "\n{DD} {MMM} {YYYY}", null, "\n{DD} {MMM}", null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", "\n{DD} {MMM} {YYYY}", null, "\n{DD} {MMM}", null, null, null, 1],
  [0.001, "{HH}:{mm}:{ss}.{fff}", "\n{DD} {MMM} {YYYY}", null, "\n{DD} {MMM}", null, null, null, 1],
];

export interface Theme {
  line: string;
  text: string;
  series: string[];
}

/** The colours as they are now: a canvas knows no variables of CSS. */
export function readTheme(element: Element): Theme {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    line: colour("line"),
    text: colour("text-3"),
    series: Array.from({ length: SERIES }, (_, index) => colour(`series-${index + 1}`)),
  };
}

/** Whether the system is dark; changes draw again. */
export function useDark(): boolean {
  return useSyncExternalStore(
    (changed) => {
      const query = matchMedia(DARK);
      query.addEventListener("change", changed);
      return () => query.removeEventListener("change", changed);
    },
    () => matchMedia(DARK).matches,
  );
}

interface Wanted {
  width: number;
  height: number;
  labels: readonly string[];
  theme: Theme;
  format: (value: number) => string;
  onCursor: (index: number | null) => void;
  onZoom?: (from: number, to: number) => void;
  marks?: () => readonly Mark[];
}

export function chartOptions(wanted: Wanted): uPlot.Options {
  const { theme, format, onCursor, onZoom } = wanted;
  const axis: uPlot.Axis = {
    stroke: theme.text,
    font: FONT,
    grid: { stroke: theme.line, width: 1 },
    ticks: { stroke: theme.line, width: 1, size: 4 },
  };
  return {
    width: wanted.width,
    height: wanted.height,
    legend: { show: false },
    cursor: { y: false, points: { size: 7 }, drag: { x: true, y: false, setScale: !onZoom } },
    axes: [
      { ...axis, values: CLOCK },
      {
        ...axis,
        // Before the first drawing there are none, whatever the types say.
        size: (_chart, values: string[] | null) =>
          16 + 6.2 * Math.max(4, ...(values ?? []).map((value) => value.length)),
        values: (_chart, splits) => splits.map(format),
      },
    ],
    series: [
      {},
      ...wanted.labels.map((label, index) => ({
        label,
        stroke: theme.series[index % SERIES] ?? theme.text,
        width: 1.5,
        points: { show: false },
      })),
    ],
    hooks: {
      draw: wanted.marks
        ? [
            drawMarks(
              wanted.marks,
              theme.series[UP] ?? theme.text,
              theme.series[DOWN] ?? theme.text,
            ),
          ]
        : [],
      setCursor: [(chart) => onCursor(chart.cursor.idx ?? null)],
      setSelect: onZoom
        ? [
            (chart) => {
              const { left, width } = chart.select;
              if (width > 2) onZoom(chart.posToVal(left, "x"), chart.posToVal(left + width, "x"));
            },
          ]
        : [],
    },
  };
}
