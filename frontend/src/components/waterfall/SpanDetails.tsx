/** All that is known of a span. */

import { Link } from "@tanstack/react-router";

import { duration, percent } from "../../lib/format";
import { type View, viewOf } from "../../tracing/axis";
import { busyOf, callsOf, type Trace, unixMs } from "../../tracing/model";
import { type Node, skewOf } from "../../tracing/tree";
import { Badge } from "../Badge";
import { Button } from "../Button";
import { CopyButton } from "../CopyButton";
import { Time } from "../Time";
import { AttributeList } from "./AttributeList";
import styles from "./details.module.css";
import { EventList } from "./EventList";

interface Props {
  node: Node;
  trace: Trace;
  /** Nanoseconds of the critical path; undefined when the span is not on it. */
  own: number | undefined;
  onClose: () => void;
  onZoom: (view: View) => void;
  onGoTo: (node: Node) => void;
}

const NS = 1e9;
/** Of the span's length, on both of its sides. */
const MARGIN = 0.1;

export function SpanDetails({ node, trace, own, onClose, onZoom, onGoTo }: Props) {
  const { span, parent } = node;
  const margin = MARGIN * (span.end - span.start);
  return (
    <>
      <header className={styles.head}>
        <h3>{span.name}</h3>
        {span.failed && <Badge tone="bad">error</Badge>}
        <span className={styles.buttons}>
          <Button
            small
            onClick={() => onZoom(viewOf(span.start - margin, span.end + margin, trace.length))}
          >
            Zoom
          </Button>
          <Button small onClick={onClose} aria-label="Close the details">
            ✕
          </Button>
        </span>
      </header>
      {span.message && <p className={span.failed ? styles.failed : styles.said}>{span.message}</p>}
      <dl className={styles.facts}>
        <dt>Began</dt>
        <dd>
          <Time at={new Date(unixMs(trace, span.start))} />{" "}
          <span className="muted">+{duration(span.start / NS)}</span>
        </dd>
        <dt>Took</dt>
        <dd>
          {duration(busyOf(span) / NS)}
          {callsOf(span) > 1 && (
            <span className="muted">
              {" "}
              in {callsOf(span)} calls over {duration((span.end - span.start) / NS)}
            </span>
          )}
        </dd>
        <dt>Critical path</dt>
        <dd>
          {own === undefined
            ? "not on it"
            : `${duration(own / NS)}, ${percent(trace.length ? own / trace.length : 0, 2)}`}
        </dd>
        <dt>Process</dt>
        <dd>
          {span.process || "unknown"}
          {span.kind && <span className="muted"> · {span.kind}</span>}
        </dd>
        <Parent {...{ node, parent, onGoTo }} />
        <dt>Span id</dt>
        <dd>
          <code>{span.id}</code> <CopyButton text={span.id} what="the span's id" />
        </dd>
      </dl>
      <EventList span={span} />
      <Links node={node} />
      <Part title="Attributes" count={Object.keys(span.attributes).length} open>
        <AttributeList of={span.attributes} />
      </Part>
      <Part title="Process" count={Object.keys(span.resource).length}>
        <AttributeList of={span.resource} />
        {span.scope && <p className={styles.note}>Instrumented by {span.scope}</p>}
      </Part>
    </>
  );
}

function Parent({ node, parent, onGoTo }: Pick<Props, "node" | "onGoTo"> & Pick<Node, "parent">) {
  const { span } = node;
  const skew = skewOf(node);
  if (!parent && !span.parent) return null;
  return (
    <>
      <dt>Parent</dt>
      <dd>
        {parent ? (
          <button type="button" className={styles.link} onClick={() => onGoTo(parent)}>
            {parent.span.name}
          </button>
        ) : (
          <>
            <code>{span.parent}</code> <span className="muted">is not in the trace</span>
          </>
        )}
        {skew > 0 && (
          <span className="muted">, began {duration(skew / NS)} later: their clocks differ</span>
        )}
      </dd>
    </>
  );
}

function Links({ node: { span } }: { node: Node }) {
  if (!span.links.length) return null;
  return (
    <Part title="Linked spans" count={span.links.length} open>
      <ul className={styles.links}>
        {span.links.map((link) => (
          <li key={`${link.trace} ${link.span}`}>
            <Link
              to="/traces/$traceId"
              params={{ traceId: link.trace }}
              search={{ span: link.span }}
              className="mono"
            >
              {link.trace}
            </Link>
            <AttributeList of={link.attributes} />
          </li>
        ))}
      </ul>
    </Part>
  );
}

interface PartProps {
  title: string;
  count: number;
  open?: boolean;
  children: React.ReactNode;
}

function Part({ title, count, open = false, children }: PartProps) {
  if (!count) return null;
  return (
    <details className={styles.part} open={open}>
      <summary>
        {title} <span className="muted">{count}</span>
      </summary>
      {children}
    </details>
  );
}
