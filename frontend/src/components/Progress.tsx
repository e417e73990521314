import styles from "./Progress.module.css";

interface Props {
  label: string;
  /** 0 to 1; null where nobody knows. */
  value: number | null | undefined;
  tone?: "good" | "warn" | "bad" | undefined;
}

export function Progress({ label, value, tone }: Props) {
  const names = [styles.progress, tone ? styles[tone] : ""].filter(Boolean).join(" ");
  const known = value == null ? {} : { value: Math.min(1, Math.max(0, value)) };
  return <progress className={names} aria-label={label} max={1} {...known} />;
}
