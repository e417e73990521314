import type { Panel } from "../../grafana/model";
import type { Mark } from "./chart/picture";
import type { Exemplar, PanelData } from "./data";

/** What the body of a panel with queries is given. */
export interface BodyProps {
  panel: Panel;
  data: PanelData;
  exemplars: readonly Exemplar[];
  marks: readonly Mark[];
}
