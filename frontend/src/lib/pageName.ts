import pages from "../../pages.json";

const PATTERNS = Object.entries(pages).map(([path, name]) => ({
  name,
  pattern: new RegExp(`^${path.replace(/\$\w+/g, "[^/]+")}/?$`),
}));

/** The name of the page at an address: one of few, whatever ids the address holds. */
export function pageName(pathname: string): string {
  return PATTERNS.find(({ pattern }) => pattern.test(pathname))?.name ?? "other";
}
