/** The palette: pages, runs, data, boards and runbooks by name; a trace by its id. */

import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";

import { boards, instruments, lastRuns, runbooks } from "../api/queries";
import { holdingsOf, nameOf, queryOf } from "../pages/data/holdings";
import { NAVIGATION } from "./navigation";
import styles from "./Search.module.css";
import { type Found, matching } from "./matching";

const RUNS = 100;
const SHOWN = 12;
const RUN_ID = /^run-[0-9a-f]+$/;
const TRACE_ID = /^[0-9a-f]{32}$/;

export default function Search({ onClose }: { onClose: () => void }) {
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState("");
  // By its address: runs that begin meanwhile come before others.
  const [marked, setMarked] = useState<string | null>(null);
  const navigate = useNavigate();
  const found = matching(useFindable(text), text).slice(0, SHOWN);
  const active = found.findIndex(({ href }) => href === marked);
  const chosen = found[active];
  const [first] = found;
  // Also where the marked one has gone, as by others that came before it.
  if (!chosen && first) setMarked(first.href);

  useEffect(() => dialog.current?.showModal(), []);

  function open(item: Found): void {
    onClose();
    void navigate({ href: item.href });
  }

  function onKeyDown(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setMarked(found[Math.min(found.length - 1, Math.max(0, active + step))]?.href ?? null);
    } else if (event.key === "Enter" && chosen) {
      event.preventDefault();
      open(chosen);
    }
  }

  return (
    <dialog ref={dialog} className={styles.dialog} onClose={onClose} aria-label="Search">
      <input
        role="combobox"
        aria-label="Page, run, data, board or runbook"
        aria-expanded
        aria-controls={`${id}-list`}
        aria-activedescendant={chosen ? `${id}-${active}` : undefined}
        placeholder="Page, run, data, board or runbook"
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setMarked(null);
        }}
        onKeyDown={onKeyDown}
      />
      <div id={`${id}-list`} role="listbox" aria-label="Found" className={styles.list}>
        {found.map((item, index) => (
          // Keys are the field's, which keeps the focus.
          // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
          <div
            key={item.href}
            id={`${id}-${index}`}
            role="option"
            aria-selected={item === chosen}
            className={styles.item}
            onClick={() => open(item)}
          >
            <span className={styles.kind}>{item.kind}</span>
            <span className={styles.title}>{item.title}</span>
            {item.note && <span className={styles.note}>{item.note}</span>}
          </div>
        ))}
        {!found.length && <p className={styles.none}>Nothing is called that.</p>}
      </div>
    </dialog>
  );
}

/** All that can be found; a whole id of a run or a trace always can. */
function useFindable(text: string): Found[] {
  const runs = useQuery(lastRuns(RUNS)).data?.items ?? [];
  const shown = useQuery(boards).data ?? [];
  const held = holdingsOf(useQuery(instruments).data ?? []);
  const books = useQuery(runbooks).data ?? [];
  const asked = text.trim();
  const known = runs.some((run) => run.run_id === asked);
  return [
    ...NAVIGATION.map(({ to, title, key }) => ({
      kind: "Page",
      title,
      href: to,
      note: `g ${key}`,
    })),
    ...(RUN_ID.test(asked) && !known
      ? [{ kind: "Run", title: asked, href: `/runs/${asked}` }]
      : []),
    ...(TRACE_ID.test(asked) ? [{ kind: "Trace", title: asked, href: `/traces/${asked}` }] : []),
    ...runs.map((run) => ({
      kind: "Run",
      title: `${run.run_id} · ${run.request.strategy} · ${run.request.instrument_id}`,
      href: `/runs/${run.run_id}`,
      note: run.status,
    })),
    ...held.map((one) => ({
      kind: "Data",
      title: `${one.instrument_id} ${nameOf(one)}`,
      href: `/data/ticks?${queryOf(one)}`,
    })),
    ...shown.map((board) => ({
      kind: "Board",
      title: board.title,
      href: `/dashboards/${board.uid}`,
    })),
    ...books.map((book) => ({
      kind: "Runbook",
      title: book.alert,
      href: `/runbooks/${book.alert}`,
    })),
  ];
}
