import type { ReactNode } from "react";

import { Panel } from "../../components/Panel";
import { NOTHING, plain } from "../../lib/format";
import { Facts } from "./Facts";
import styles from "./RunPage.module.css";

interface Group {
  title: string;
  facts: [string, ReactNode][];
}

/** NautilusTrader's own statistics, as it groups them. */
export function StatisticsPanel({ statistics }: { statistics: Record<string, unknown> }) {
  const groups = groupsOf(statistics);
  if (!groups.length) return null;
  return (
    <Panel title="Statistics" note="as NautilusTrader counts them">
      <div className={styles.groups}>
        {groups.map(({ title, facts }) => (
          <div key={title}>
            {title && <h3 className={styles.group}>{title}</h3>}
            <Facts of={facts} />
          </div>
        ))}
      </div>
    </Panel>
  );
}

/** Nested groups become titles such as `pnls · USD`; what stands alone has none. */
export function groupsOf(statistics: Record<string, unknown>, title = ""): Group[] {
  const facts: [string, ReactNode][] = [];
  const groups: Group[] = [];
  for (const [name, value] of Object.entries(statistics)) {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      const inner = title ? `${title} · ${name}` : name;
      groups.push(...groupsOf(value as Record<string, unknown>, inner));
    } else {
      facts.push([name, shown(value)]);
    }
  }
  return facts.length ? [{ title, facts }, ...groups] : groups;
}

function shown(value: unknown): string {
  if (typeof value === "number") return plain(value, 6);
  if (value === null) return NOTHING;
  return typeof value === "string" ? value : JSON.stringify(value);
}
