/** What of Grafana's JSON is drawn: exactly what the generated boards use. */

import { COLOURS } from "./colours";
import { queryText, type Board, type Panel, type Target, type Variable } from "./model";
import { CALC_NAMES } from "./reduce";
import { TRANSFORMATIONS } from "./tables";
import { UNITS } from "./units";

export const PANEL_TYPES: readonly string[] = [
  "heatmap",
  "row",
  "stat",
  "state-timeline",
  "table",
  "text",
  "timeseries",
  "traces",
];
const VARIABLE_TYPES = ["custom", "datasource", "query", "textbox"];
const SOURCES = ["prometheus", "tempo"];
const FORMATS = ["heatmap", "table", "time_series"];
/** Texts are paragraphs, nothing more. */
const MARKDOWN = /[*_`#[<>|]/;
const BUILTIN = ["__interval", "__rate_interval", "__range", "__url_time_range"];

/** All that a board uses and that is not drawn as Grafana would; empty where nothing is. */
export function unsupported(board: Board): string[] {
  const known = [...BUILTIN, ...(board.templating?.list ?? []).map(({ name }) => name)];
  return [
    ...(board.templating?.list ?? []).flatMap((variable) => aboutVariable(variable)),
    ...board.panels.flatMap((panel) => [
      ...aboutPanel(panel),
      ...(panel.targets ?? []).flatMap((target) => unknownNames(target, known)),
    ]),
  ];
}

/** The same of one panel, as sentences for people. */
export function aboutPanel(panel: Panel): string[] {
  if (!PANEL_TYPES.includes(panel.type)) return [`Panels of type ${panel.type} are not drawn.`];
  const { defaults = {}, overrides = [] } = panel.fieldConfig ?? {};
  const own = overrides.flatMap(({ properties }) => properties);
  const options = panel.options ?? {};
  const units = own.filter(({ id }) => id === "unit").map(({ value }) => String(value));
  const custom = defaults.custom ?? {};
  const colours = [
    ...(defaults.thresholds?.steps ?? []).map(({ color }) => color),
    ...(defaults.mappings ?? []).flatMap((one) =>
      Object.values(one.options).map(({ color }) => color ?? "green"),
    ),
  ];
  return [
    ...beyond("unit", [defaults.unit ?? "none", ...units], UNITS),
    ...beyond("colour", colours, COLOURS),
    ...beyond("kind of threshold", [defaults.thresholds?.mode ?? "absolute"], ["absolute"]),
    ...beyond(
      "mapping",
      (defaults.mappings ?? []).map(({ type }) => type),
      ["value"],
    ),
    ...beyond(
      "override",
      overrides.map(({ matcher }) => matcher.id),
      ["byName"],
    ),
    ...beyond(
      "override of",
      own.map(({ id }) => id),
      ["displayName", "unit"],
    ),
    ...beyond(
      "transformation",
      (panel.transformations ?? []).map(({ id }) => id),
      TRANSFORMATIONS,
    ),
    ...beyond("calculation", options.legend?.calcs ?? [], CALC_NAMES),
    ...beyond("calculation", options.reduceOptions?.calcs ?? [], CALC_NAMES),
    ...beyond("style", [custom.drawStyle ?? "line"], ["line"]),
    ...beyond("interpolation", [custom.lineInterpolation ?? "linear"], ["linear"]),
    ...beyond("stacking", [custom.stacking?.mode ?? "none"], ["none", "normal"]),
    ...beyond("threshold style", [custom.thresholdsStyle?.mode ?? "off"], ["off", "dashed"]),
    ...beyond("cell", [custom.cellOptions?.type ?? "auto"], ["auto"]),
    ...beyond("text", [panel.type === "text" ? (options.mode ?? "") : "markdown"], ["markdown"]),
    ...beyond("markdown", MARKDOWN.test(options.content ?? "") ? [options.content ?? ""] : [], []),
    ...beyond("calculated heatmap", options.calculate ? [panel.title] : [], []),
    ...(panel.targets ?? []).flatMap((target) => aboutTarget(target, panel)),
  ];
}

function aboutTarget(target: Target, panel: Panel): string[] {
  const source = (target.datasource ?? panel.datasource)?.type ?? "prometheus";
  if (source === "tempo") {
    return [
      ...beyond("kind of query", [target.queryType ?? "traceql"], ["traceql"]),
      ...beyond("table", [target.tableType ?? "spans"], ["spans", "traces"]),
    ];
  }
  return [
    ...beyond("data source", [source], SOURCES),
    ...beyond("format", [target.format ?? "time_series"], FORMATS),
  ];
}

function aboutVariable(variable: Variable): string[] {
  const values = variable.type === "query" && !queryText(variable).startsWith("label_values(");
  return [
    ...beyond("kind of variable", [variable.type], VARIABLE_TYPES),
    ...beyond("query of a variable", values ? [queryText(variable)] : [], []),
  ];
}

function unknownNames({ expr, query }: Target, known: readonly string[]): string[] {
  const used = (expr ?? query ?? "").matchAll(/\$(?:\{([^}]+)\}|(\w+))/g);
  return beyond(
    "variable",
    [...used].map(([, braced, bare]) => braced ?? bare ?? ""),
    known,
  );
}

function beyond(what: string, used: readonly string[], known: readonly string[]): string[] {
  const unknown = new Set(used.filter((one) => !known.includes(one)));
  return [...unknown].map((one) => `The ${what} ${one} is not drawn.`);
}
