/** What was pressed answers first: the work that it causes begins after the next frame. */

let passed = false;

export function afterPaint(then: () => void): void {
  nextFrame(() => {
    passed = true;
    // The router asks `painted` within the promises of this task.
    setTimeout(() => (passed = false));
    then();
  });
}

/** At once within what `afterPaint` does: nothing waits for two frames. */
export function painted(): Promise<void> {
  return passed ? Promise.resolve() : new Promise(nextFrame);
}

function nextFrame(then: () => void): void {
  requestAnimationFrame(() => setTimeout(then));
}
