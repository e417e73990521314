import { Link } from "@tanstack/react-router";
import { Fragment, type ReactNode } from "react";

import { attributeText } from "../../tracing/attributeText";
import { type Attributes, RUN_ID, type Value, valueText } from "../../tracing/model";
import styles from "./details.module.css";

const SWEEP_ID = "nautilus.sweep_id";

/** Attributes by name: their values in the unit that the name ends in, the raw one on hover. */
export function AttributeList({ of }: { of: Attributes }) {
  const pairs = Object.entries(of).sort(([a], [b]) => a.localeCompare(b));
  if (!pairs.length) return null;
  return (
    <dl className={styles.attributes}>
      {pairs.map(([key, value]) => (
        <Fragment key={key}>
          <dt>{key}</dt>
          <dd title={valueText(value)}>{shown(key, value)}</dd>
        </Fragment>
      ))}
    </dl>
  );
}

function shown(key: string, value: Value): ReactNode {
  const text = valueText(value);
  if (key === RUN_ID) {
    return (
      <Link to="/runs/$runId" params={{ runId: text }} className="mono">
        {text}
      </Link>
    );
  }
  if (key === SWEEP_ID) {
    const q = `{ span.${SWEEP_ID} = ${JSON.stringify(text)} }`;
    return (
      <Link to="/traces" search={{ q, from: "now-7d", to: "now" }} className="mono">
        {text}
      </Link>
    );
  }
  return attributeText(key, value);
}
