import { useEffect, useState } from "react";

import { Button } from "./Button";

const SAID_MS = 1_500;

/** Copies a text; not there where the browser cannot, as on pages that came without TLS. */
export function CopyButton({ text, what }: { text: string; what: string }) {
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (!said) return;
    const timer = setTimeout(() => setSaid(""), SAID_MS);
    return () => clearTimeout(timer);
  }, [said]);
  // Its type says that it always is there.
  const clipboard = navigator.clipboard as Clipboard | undefined;
  if (!clipboard) return null;
  const copy = () =>
    void clipboard.writeText(text).then(
      () => setSaid("Copied"),
      () => setSaid("Not copied"),
    );
  return (
    <Button small onClick={copy} aria-label={`Copy ${what}`}>
      <span role="status">{said || "Copy"}</span>
    </Button>
  );
}
