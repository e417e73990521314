/** Runs that are taken for a comparison: two, of which the one taken first leaves for a third. */

export const MOST = 2;

export function toggled(picked: readonly string[], runId: string): readonly string[] {
  if (picked.includes(runId)) return picked.filter((one) => one !== runId);
  return [...picked, runId].slice(-MOST);
}
