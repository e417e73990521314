import { Fragment } from "react";

import { count, duration } from "../../lib/format";
import { type Span, type SpanEvent, valueText } from "../../tracing/model";
import { AttributeList } from "./AttributeList";
import styles from "./details.module.css";

const NS = 1e9;
const EXCEPTION = "exception";
const PROGRESS = "progress";
const ITERATION = "nautilus.iteration";
const SIMULATED = "nautilus.simulated_time";

/** What happened while a span lasted: failures with their stack, then the rest. */
export function EventList({ span }: { span: Span }) {
  const failures = span.events.filter(({ name }) => name === EXCEPTION);
  const progress = span.events.filter(({ name }) => name === PROGRESS);
  const rest = span.events.filter(({ name }) => name !== EXCEPTION && name !== PROGRESS);
  return (
    <>
      {failures.map((event, place) => (
        <Failure key={place} event={event} />
      ))}
      {progress.length > 0 && <Progress events={progress} span={span} />}
      {rest.length > 0 && (
        <details className={styles.part} open>
          <summary>
            Events <span className="muted">{rest.length}</span>
          </summary>
          {rest.map((event, place) => (
            <Fragment key={place}>
              <p className={styles.event}>
                <span className="muted">+{duration((event.at - span.start) / NS)}</span>{" "}
                {event.name}
              </p>
              <AttributeList of={event.attributes} />
            </Fragment>
          ))}
        </details>
      )}
    </>
  );
}

function Failure({ event }: { event: SpanEvent }) {
  const { attributes } = event;
  const text = (key: string) => valueText(attributes[`exception.${key}`] ?? "");
  const stack = text("stacktrace");
  return (
    <details className={styles.part} open>
      <summary className={styles.failed}>
        {text("type") || "Exception"}
        {text("message") && `: ${text("message")}`}
      </summary>
      {stack && (
        // Focusable, so that it can be scrolled by keys.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <pre className={styles.stack} tabIndex={0} aria-label="Stack trace">
          {stack}
        </pre>
      )}
    </details>
  );
}

/** How far the engine was, once a second. */
function Progress({ events, span }: { events: readonly SpanEvent[]; span: Span }) {
  return (
    <details className={styles.part} open={events.length <= 10}>
      <summary>
        Progress <span className="muted">{events.length}</span>
      </summary>
      <table className={styles.progress}>
        <thead>
          <tr>
            <th>after</th>
            <th>ticks</th>
            <th>simulated time</th>
          </tr>
        </thead>
        <tbody>
          {events.map(({ at, attributes }) => (
            <tr key={at}>
              <td>{duration((at - span.start) / NS)}</td>
              <td>{count(Number(attributes[ITERATION] ?? 0))}</td>
              <td>{valueText(attributes[SIMULATED] ?? "")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
