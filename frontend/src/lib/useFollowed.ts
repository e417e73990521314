import { useState } from "react";

interface Followed {
  text: string;
  write: (text: string) => void;
  /** This is what the value is about to become: what is typed meanwhile is kept. */
  sent: (value: string) => void;
}

/** What is being typed: it begins with the value, and anew when that becomes another. */
export function useFollowed(value: string): Followed {
  const [text, write] = useState(value);
  const [seen, setSeen] = useState<{ value: string; sent?: string }>({ value });
  if (seen.value !== value) {
    setSeen({ value });
    if (value !== seen.sent) write(value);
  }
  return { text, write, sent: (sent) => setSeen({ ...seen, sent }) };
}
