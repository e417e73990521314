import { fieldConfig, type Panel } from "../../grafana/model";
import styles from "./Panel.module.css";

/** What the panel says where there is nothing, in its own words. */
export function NoValue({ panel }: { panel: Panel }) {
  return <p className={styles.nothing}>{fieldConfig(panel).noValue ?? "no data"}</p>;
}
