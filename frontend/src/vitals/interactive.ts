/**
 * Time to interactive: the end of the last long task (over 50 ms) after the first contentful paint
 * and before one quiet second; the paint itself when no long task follows it.
 */

export const QUIET_MS = 1_000;

interface Task {
  startTime: number;
  duration: number;
}

/** Milliseconds, or null while a second without long tasks has not passed by `now`. */
export function timeToInteractive(
  firstPaint: number,
  tasks: readonly Task[],
  now: number,
): number | null {
  let end = firstPaint;
  for (const task of [...tasks].sort((a, b) => a.startTime - b.startTime)) {
    const taskEnd = task.startTime + task.duration;
    if (taskEnd <= firstPaint) continue;
    if (task.startTime - end >= QUIET_MS) return end;
    end = Math.max(end, taskEnd);
  }
  return now - end >= QUIET_MS ? end : null;
}
