import { type ReactNode, useEffect, useRef } from "react";

import styles from "./Menu.module.css";

interface Props {
  label: string;
  /** What is chosen. */
  text: string;
  /** Said on hover. */
  title?: string | undefined;
  onOpen?: () => void;
  children: ReactNode;
}

/** Choices below a button; a click elsewhere or Escape closes them. */
export function Menu({ label, text, title, onOpen, children }: Props) {
  const details = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const close = (event: Event) => {
      const menu = details.current;
      if (!menu?.open) return;
      if (
        event instanceof KeyboardEvent
          ? event.key === "Escape"
          : !menu.contains(event.target as Node)
      ) {
        menu.open = false;
      }
    };
    // A button chooses and is done; boxes may be ticked one after the other.
    const choose = (event: MouseEvent) => {
      const menu = details.current;
      if (menu?.contains((event.target as Element).closest("button"))) menu.open = false;
    };
    document.addEventListener("click", choose);
    document.addEventListener("pointerdown", close);
    document.addEventListener("keydown", close);
    return () => {
      document.removeEventListener("click", choose);
      document.removeEventListener("pointerdown", close);
      document.removeEventListener("keydown", close);
    };
  }, []);
  return (
    <details
      ref={details}
      className={styles.many}
      data-menu
      onToggle={(event) => event.currentTarget.open && onOpen?.()}
    >
      <summary aria-label={`${label}: ${text}`} title={title}>
        <span>{text}</span>
      </summary>
      <div className={styles.menu}>{children}</div>
    </details>
  );
}
