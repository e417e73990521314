/** Keys of things by what they are, whatever else comes or goes before them; equals are numbered. */
export function keysOf(what: readonly string[]): string[] {
  const times = new Map<string, number>();
  return what.map((one) => {
    const nth = (times.get(one) ?? 0) + 1;
    times.set(one, nth);
    return `${one} #${nth}`;
  });
}
