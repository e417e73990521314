/** What was pressed answers first: the work that it causes begins after the next frame. */
export function afterPaint(then: () => void): void {
  requestAnimationFrame(() => setTimeout(then));
}

export function painted(): Promise<void> {
  return new Promise(afterPaint);
}
