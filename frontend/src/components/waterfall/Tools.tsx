import type { KeyboardEvent, RefObject } from "react";

import { count } from "../../lib/format";
import { Button } from "../Button";
import type { WaterfallState } from "./useWaterfall";
import styles from "./Waterfall.module.css";

interface Props {
  state: WaterfallState;
  search: RefObject<HTMLInputElement | null>;
}

/** What can be done with a whole waterfall. */
export function Tools({ state, search }: Props) {
  const { text, setText, found, step, failed, origin, goTo } = state;
  function onKeyDown(event: KeyboardEvent): void {
    if (event.key === "Enter") step(found, event.shiftKey ? -1 : 1);
    else if (event.key === "Escape") setText("");
    else return;
    event.preventDefault();
  }
  return (
    <div className={styles.tools}>
      <div className={styles.search} role="search">
        <input
          ref={search}
          type="search"
          aria-label="Find spans"
          placeholder="Find spans: name, attribute=value …"
          value={text}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
        />
        {text.trim() && (
          <span className={styles.found} role="status">
            {found.length ? `${count(found.length)} found` : "none"}
          </span>
        )}
        {found.length > 0 && (
          <>
            <Button small aria-label="Previous found" onClick={() => step(found, -1)}>
              ↑
            </Button>
            <Button small aria-label="Next found" onClick={() => step(found, 1)}>
              ↓
            </Button>
          </>
        )}
      </div>
      <div className={styles.group}>
        {origin && (
          <Button small kind="danger" onClick={() => goTo(origin)}>
            First error
          </Button>
        )}
        {failed.length > 1 && (
          <Button small onClick={() => step(failed, 1)}>
            Next of {count(failed.length)} errors
          </Button>
        )}
        <Button small onClick={state.openAll}>
          Open all
        </Button>
        <Button small onClick={state.closeAll}>
          Close all
        </Button>
      </div>
    </div>
  );
}
