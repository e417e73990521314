import type { Panel } from "../../grafana/model";
import styles from "./Panel.module.css";

/** Paragraphs: the boards' texts use nothing else of Markdown. */
export function TextBody({ panel }: { panel: Panel }) {
  const paragraphs = (panel.options?.content ?? "").split(/\n{2,}/);
  return (
    <div className={styles.text}>
      {paragraphs.map((text) => (
        <p key={text}>{text}</p>
      ))}
    </div>
  );
}
