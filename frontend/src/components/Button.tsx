import type { ButtonHTMLAttributes } from "react";

import styles from "./Button.module.css";

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  kind?: "plain" | "primary" | "danger";
  small?: boolean;
}

/** The class of a button, for links that look like one. */
export function buttonClass(kind: Props["kind"] = "plain", small = false): string {
  const names = [styles.button, kind === "plain" ? "" : styles[kind], small ? styles.small : ""];
  return names.filter(Boolean).join(" ");
}

export function Button({ kind = "plain", small = false, className, ...rest }: Props) {
  const names = [buttonClass(kind, small), className].filter(Boolean).join(" ");
  return <button type="button" {...rest} className={names} />;
}
