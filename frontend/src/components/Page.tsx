import { type ReactNode, useEffect } from "react";

import styles from "./Page.module.css";

interface Props {
  title: string;
  /** Beside the title, such as a status. */
  note?: ReactNode;
  tools?: ReactNode;
  children: ReactNode;
}

/** A page: its title, also in the browser's tab, and its content. */
export function Page({ title, note, tools, children }: Props) {
  useEffect(() => {
    document.title = `${title} · Nautilus`;
  }, [title]);
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <h1>{title}</h1>
        {note}
        {tools && <div className={styles.tools}>{tools}</div>}
      </header>
      {children}
    </div>
  );
}
