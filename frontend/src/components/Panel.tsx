import { type ReactNode, useId } from "react";

import styles from "./Panel.module.css";

interface Props {
  title: string;
  /** A word beside the title, such as how many there are. */
  note?: ReactNode;
  tools?: ReactNode;
  className?: string | undefined;
  children: ReactNode;
}

/** A titled part of a page. */
export function Panel({ title, note, tools, className, children }: Props) {
  const id = useId();
  return (
    <section className={[styles.panel, className].filter(Boolean).join(" ")} aria-labelledby={id}>
      <header className={styles.head}>
        <h2 id={id}>{title}</h2>
        {note && <span className={styles.note}>{note}</span>}
        {tools && <div className={styles.tools}>{tools}</div>}
      </header>
      {children}
    </section>
  );
}
