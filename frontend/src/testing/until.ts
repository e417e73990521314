import { vi } from "vitest";

/** How long a test waits for what a busy machine brings late; over at once where it comes. */
export const PATIENCE_MS = 20_000;

/** Waits until the check throws no more. */
export function until(check: () => void): Promise<void> {
  return vi.waitFor(check, { timeout: PATIENCE_MS });
}
