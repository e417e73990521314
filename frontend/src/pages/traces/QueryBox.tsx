/** TraceQL, with what may come next: a combobox. */

import { type KeyboardEvent, type SyntheticEvent, useId, useRef, useState } from "react";

import type { Seconds } from "../../api/traceQueries";
import { Button } from "../../components/Button";
import { Menu } from "../../components/Menu";
import { useFollowed } from "../../lib/useFollowed";
import { type Choice, completed } from "./completion";
import { EXAMPLES } from "./examples";
import { troubleOf } from "./found";
import styles from "./QueryBox.module.css";
import { useChoices } from "./useChoices";

interface Props {
  /** The query that was asked. */
  asked: string;
  /** What the store says is wrong with it. */
  trouble: string | undefined;
  seconds: Seconds;
  onAsk: (query: string) => void;
}

const NONE = -1;

export function QueryBox({ asked, trouble, seconds, onAsk }: Props) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const { text, write: setText, sent } = useFollowed(asked);
  const [caret, setCaret] = useState(text.length);
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState(NONE);
  const { place, choices } = useChoices(text, caret, seconds, isOpen);
  const shown = isOpen ? choices : [];
  const chosen = shown[active];

  function write(to: string, at: number, open: boolean): void {
    setText(to);
    setCaret(at);
    setOpen(open);
    setActive(NONE);
  }

  function choose(choice: Choice): void {
    if (!place) return;
    const [to, at] = completed(text, place, choice);
    write(to, at, true);
    const field = input.current;
    field?.focus();
    // The text is there after React has drawn it.
    requestAnimationFrame(() => field?.setSelectionRange(at, at));
  }

  function onKeyDown(event: KeyboardEvent<HTMLInputElement>): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      setOpen(true);
      setActive((now) => Math.max(NONE, Math.min(choices.length - 1, isOpen ? now + step : 0)));
    } else if (event.key === " " && event.ctrlKey) setOpen(true);
    else if ((event.key === "Enter" || event.key === "Tab") && chosen) choose(chosen);
    else if (event.key === "Escape" && isOpen) setOpen(false);
    else return;
    event.preventDefault();
  }

  function submit(event: SyntheticEvent): void {
    event.preventDefault();
    setOpen(false);
    const query = text.trim() || asked;
    sent(query);
    onAsk(query);
  }

  return (
    <form className={styles.form} onSubmit={submit}>
      <div className={styles.line}>
        <label htmlFor={`${id}-q`} className={styles.label}>
          TraceQL
        </label>
        <div className={styles.box}>
          <input
            ref={input}
            id={`${id}-q`}
            className={styles.input}
            role="combobox"
            aria-expanded={shown.length > 0}
            aria-controls={`${id}-list`}
            aria-autocomplete="list"
            aria-activedescendant={chosen ? `${id}-${active}` : undefined}
            aria-invalid={trouble !== undefined}
            aria-describedby={trouble ? `${id}-trouble` : undefined}
            autoComplete="off"
            autoCapitalize="off"
            spellCheck={false}
            value={text}
            onChange={(event) =>
              write(event.target.value, event.target.selectionStart ?? caret, true)
            }
            onSelect={(event) => setCaret(event.currentTarget.selectionStart ?? caret)}
            onBlur={() => setOpen(false)}
            onKeyDown={onKeyDown}
          />
          <Options id={id} all={shown} active={active} onChoose={choose} />
        </div>
        <Button type="submit" kind="primary">
          Search
        </Button>
        <div className={styles.examples}>
          <Menu label="Examples" text="Examples">
            {EXAMPLES.map(({ title, q }) => (
              <Button key={q} className={styles.example} onClick={() => onAsk(q)}>
                <span>{title}</span>
                <code>{q}</code>
              </Button>
            ))}
          </Menu>
        </div>
      </div>
      {trouble && <Trouble id={`${id}-trouble`} query={asked} said={trouble} />}
    </form>
  );
}

interface OptionsProps {
  id: string;
  all: readonly Choice[];
  active: number;
  onChoose: (choice: Choice) => void;
}

function Options({ id, all, active, onChoose }: OptionsProps) {
  return (
    <div
      id={`${id}-list`}
      role="listbox"
      aria-label="What may come next"
      className={styles.list}
      hidden={!all.length}
    >
      {all.map((choice, place) => (
        // Keys are the field's, which keeps the focus.
        // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
        <div
          key={`${choice.note ?? ""} ${choice.text}`}
          ref={place === active ? (option) => option?.scrollIntoView({ block: "nearest" }) : null}
          id={`${id}-${place}`}
          role="option"
          aria-selected={place === active}
          className={styles.option}
          // The field does not lose the focus.
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => onChoose(choice)}
        >
          <span>{choice.label ?? choice.text}</span>
          {choice.note && <span className={styles.note}>{choice.note}</span>}
        </div>
      ))}
    </div>
  );
}

/** What is wrong, and where. */
function Trouble({ id, query, said }: { id: string; query: string; said: string }) {
  const { text, at } = troubleOf(query, said);
  return (
    <div id={id} className={styles.trouble} role="alert">
      <p>
        {text}
        {at !== null && ` (at character ${at + 1})`}
      </p>
      {at !== null && (
        <pre>
          {query.slice(0, at)}
          <mark>{query.slice(at, at + 1).trim() || "␣"}</mark>
          {query.slice(at + 1)}
        </pre>
      )}
    </div>
  );
}
