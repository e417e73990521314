/** How the palette finds: all words of the text, wherever they stand. */

export interface Found {
  kind: string;
  title: string;
  href: string;
  note?: string;
}

/** Those that hold every word of `text`; titles that begin with it come first. */
export function matching(all: readonly Found[], text: string): Found[] {
  const wanted = text.toLowerCase().trim();
  const words = wanted.split(/\s+/);
  const found = all.filter((one) => {
    const said = `${one.kind} ${one.title} ${one.note ?? ""}`.toLowerCase();
    return words.every((word) => said.includes(word));
  });
  const begins = (one: Found) => (one.title.toLowerCase().startsWith(wanted) ? 0 : 1);
  return wanted ? found.sort((a, b) => begins(a) - begins(b)) : found;
}
