import { Button } from "../../components/Button";
import { Field, UtcField } from "../../components/Field";
import { short } from "../../lib/format";
import { utc } from "../../lib/time";
import styles from "./FormPanel.module.css";
import { keyOf, nameOf, type Offer, SPANS, windowOf } from "./offers";
import type { Draft } from "./request";

interface Props {
  draft: Draft;
  offers: readonly Offer[];
  change: (changed: Partial<Draft>) => void;
  error: (field: string) => string | undefined;
  leave: (field: string) => void;
}

/** Which ticks or bars: instrument, kind and the window of time, in UTC as the ticks are. */
export function WindowFields({ draft, offers, change, error, leave }: Props) {
  const chosen = offers.find((one) => keyOf(one) === keyOf(draft));
  function choose(offer: Offer | undefined): void {
    if (!offer) return;
    const [start, end] = windowOf(offer, 3_600);
    const { instrument_id, kind, bar_type } = offer;
    change({ instrument_id, kind, bar_type, start, end });
  }
  return (
    <>
      <Field
        label="Ticks or bars"
        hint={chosen && <Held offer={chosen} />}
        error={error("instrument_id") ?? error("kind") ?? error("bar_type")}
      >
        {(control) => (
          <select
            {...control}
            value={keyOf(draft)}
            onChange={(event) => choose(offers.find((one) => keyOf(one) === event.target.value))}
          >
            {!chosen && <option value={keyOf(draft)}>{nameOf(draft)}</option>}
            {offers.map((one) => (
              <option key={keyOf(one)} value={keyOf(one)}>
                {`${nameOf(one)}${one.raw ? " (raw)" : ""}`}
              </option>
            ))}
          </select>
        )}
      </Field>
      <UtcField
        label="Start"
        error={error("start")}
        value={draft.start}
        change={(start) => change({ start })}
        leave={() => leave("start")}
      />
      <UtcField
        label="End"
        error={error("end")}
        value={draft.end}
        change={(end) => change({ end })}
        leave={() => leave("end")}
      />
      {chosen && <Spans offer={chosen} draft={draft} change={change} />}
    </>
  );
}

function Held({ offer }: { offer: Offer }) {
  const what = offer.kind === "bar" ? "bars" : "ticks";
  const ticks = offer.rows === null ? "not converted yet" : `${short(offer.rows)} ${what}`;
  return (
    <>
      {ticks}
      {offer.raw && offer.rows !== null ? ", more to convert" : ""}, {utc(offer.start)} to{" "}
      {utc(offer.end)}
    </>
  );
}

/** Usual lengths of a window, from the start that is chosen. */
function Spans({ offer, draft, change }: { offer: Offer } & Pick<Props, "draft" | "change">) {
  const start = new Date(`${draft.start}Z`);
  const from = Number.isNaN(start.getTime()) ? offer.start : start;
  const set = ([start, end]: [string, string]) => change({ start, end });
  return (
    <div className={styles.spans} role="group" aria-label="Length of the window">
      {SPANS.map(({ label, seconds }) => (
        <Button key={label} small onClick={() => set(windowOf(offer, seconds, from))}>
          {label}
        </Button>
      ))}
      <Button small onClick={() => set(windowOf(offer))}>
        all
      </Button>
    </div>
  );
}
