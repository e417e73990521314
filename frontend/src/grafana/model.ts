/** Grafana's JSON, as far as the generated boards use it. `support.ts` says what is drawn. */

export interface Board {
  uid: string;
  title: string;
  description?: string;
  panels: Panel[];
  templating?: { list: Variable[] };
  annotations?: { list: Annotation[] };
  time?: { from: string; to: string };
  refresh?: string;
  timepicker?: { refresh_intervals?: string[] };
}

export interface GridPos {
  /** Columns of 24. */
  x: number;
  w: number;
  y: number;
  h: number;
}

export interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  gridPos: GridPos;
  collapsed?: boolean;
  datasource?: Datasource;
  targets?: Target[];
  transformations?: Transformation[];
  fieldConfig?: { defaults: FieldDefaults; overrides?: Override[] };
  options?: PanelOptions;
}

export interface Datasource {
  type: string;
  uid: string;
}

export interface Target {
  refId: string;
  datasource?: Datasource;
  /** PromQL. */
  expr?: string;
  legendFormat?: string;
  format?: string;
  instant?: boolean;
  exemplar?: boolean;
  /** TraceQL, or the id of a trace. */
  query?: string;
  queryType?: string;
  tableType?: string;
  limit?: number;
  spss?: number;
}

export interface Transformation {
  id: string;
  options: {
    excludeByName?: Record<string, boolean>;
    renameByName?: Record<string, string>;
    conversions?: { targetField: string; destinationType: string }[];
    include?: { names?: string[] };
  };
}

export interface Threshold {
  color: string;
  /** Null: from the lowest value on. */
  value: number | null;
}

export interface DataLink {
  title: string;
  url: string;
}

export interface FieldDefaults {
  unit?: string;
  min?: number;
  max?: number;
  noValue?: string;
  color?: { mode: string };
  thresholds?: { mode: string; steps: Threshold[] };
  mappings?: { type: string; options: Record<string, { text?: string; color?: string }> }[];
  links?: DataLink[];
  custom?: {
    drawStyle?: string;
    fillOpacity?: number;
    lineInterpolation?: string;
    lineWidth?: number;
    showPoints?: string;
    spanNulls?: boolean;
    stacking?: { mode: string };
    thresholdsStyle?: { mode: string };
    cellOptions?: { type: string };
  };
}

export interface Override {
  matcher: { id: string; options: string };
  properties: { id: string; value: unknown }[];
}

export interface PanelOptions {
  mode?: string;
  content?: string;
  legend?: { calcs?: string[]; displayMode?: string; showLegend?: boolean };
  reduceOptions?: { calcs: string[]; fields?: string };
  colorMode?: string;
  graphMode?: string;
  textMode?: string;
  sortBy?: { displayName: string; desc?: boolean }[];
  calculate?: boolean;
  filterValues?: { le?: number };
}

export interface Variable {
  name: string;
  type: string;
  label?: string;
  description?: string;
  hide?: number;
  multi?: boolean;
  includeAll?: boolean;
  allValue?: string;
  current?: { value: string | string[] };
  options?: { text: string; value: string }[];
  query?: string | { query: string };
}

export interface Annotation {
  name: string;
  enable: boolean;
  expr?: string;
  iconColor?: string;
  titleFormat?: string;
  textFormat?: string;
}

/** What Prometheus gives for a range. */
export interface RangeSeries {
  metric: Record<string, string>;
  values: [number, string][];
}

/** What Prometheus gives for one moment. */
export interface InstantSample {
  metric: Record<string, string>;
  value: [number, string];
}

/** The unit and the rest of a field, with what overrides say of that name. */
export function fieldConfig(panel: Panel, name = ""): FieldDefaults & { displayName?: string } {
  const { defaults, overrides = [] } = panel.fieldConfig ?? { defaults: {} };
  const own = overrides.filter(({ matcher }) => matcher.options === name);
  const set = own.flatMap(({ properties }) => properties.map(({ id, value }) => [id, value]));
  return { ...defaults, ...(Object.fromEntries(set) as object) };
}

/** The text of a variable's query. */
export function queryText(variable: Variable): string {
  return typeof variable.query === "object" ? variable.query.query : (variable.query ?? "");
}
