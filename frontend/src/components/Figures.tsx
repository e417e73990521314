import type { ReactNode } from "react";

import styles from "./Figures.module.css";

export interface Figure {
  name: string;
  value: ReactNode;
  /** In smaller type after the value: a unit, a share. */
  note?: ReactNode;
  /** What the name means, on hover. */
  title?: string | undefined;
}

/** Named numbers side by side. */
export function Figures({ of }: { of: readonly Figure[] }) {
  return (
    <dl className={styles.figures}>
      {of.map(({ name, value, note, title }) => (
        <div key={name} className={styles.figure} title={title}>
          <dt>{name}</dt>
          <dd>
            {value} {note && <small>{note}</small>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
