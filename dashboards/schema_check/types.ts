// What a generated board must be: Grafana's published `Dashboard`, as JSON writes it, with each
// panel's options and field settings in the types of its plugin. `check.mjs` applies them.
import type {
  AnnotationQuery,
  Dashboard as GrafanaDashboard,
  FieldConfig,
  FieldConfigSource,
  Panel as GrafanaPanel,
  RowPanel,
  TableFieldOptions,
  TableOptions,
} from '@grafana/schema';
import type * as heatmap from '@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen';
import type * as stat from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as timeline from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type * as markdown from '@grafana/schema/dist/esm/raw/composable/text/panelcfg/x/TextPanelCfg_types.gen';
import type * as timeseries from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

/**
 * `T` as JSON writes it. JSON has the value of a string enum, which TypeScript does not take for
 * the enum, so an enum becomes the union of its values; all else stays.
 */
type Written<T> = unknown extends T
  ? T
  : T extends string
    ? `${T}`
    : T extends number | boolean | null | undefined
      ? T
      : T extends readonly (infer Item)[]
        ? Written<Item>[]
        : { [Key in keyof T]: Written<T[Key]> };

/** A link on a field's values. The schema leaves it open; Grafana's `DataLink` (@grafana/data). */
interface DataLink {
  title: string;
  url: string;
  targetBlank?: boolean;
}

type Fields<Custom> = Omit<FieldConfigSource, 'defaults'> & {
  defaults: Omit<FieldConfig, 'custom' | 'links'> & { custom?: Custom; links?: DataLink[] };
};

type PanelOf<Type extends string, Options, Custom> = Omit<
  GrafanaPanel,
  'fieldConfig' | 'options' | 'type'
> & { type: Type; options: Options; fieldConfig: Fields<Custom> };

type None = Record<string, never>;

/** The kinds of panel we use. Of `traces`, Grafana publishes no types. */
interface Panels {
  heatmap: PanelOf<'heatmap', heatmap.Options, heatmap.FieldConfig>;
  row: RowPanel;
  stat: PanelOf<'stat', stat.Options, None>;
  'state-timeline': PanelOf<'state-timeline', timeline.Options, timeline.FieldConfig>;
  // Its own Options are deprecated in favour of these.
  table: PanelOf<'table', TableOptions, TableFieldOptions>;
  text: PanelOf<'text', markdown.Options, None>;
  timeseries: PanelOf<'timeseries', timeseries.Options, timeseries.FieldConfig>;
  traces: PanelOf<'traces', None, None>;
}

export type Panel<Kind extends keyof Panels> = Written<Panels[Kind]>;

/** Keys that Prometheus' datasource reads from an annotation; the schema has no datasource's own. */
interface PrometheusAnnotation extends AnnotationQuery {
  expr: string;
  textFormat: string;
  titleFormat: string;
}

export type Dashboard = Written<
  Omit<GrafanaDashboard, 'annotations'> & { annotations: { list: PrometheusAnnotation[] } }
>;

/** Ours is no wider than Grafana's: what is a `Dashboard` here is one there. */
export const narrower = (board: Dashboard): Written<GrafanaDashboard> => board;
