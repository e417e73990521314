/** What may come next in a TraceQL query, where somebody is writing. */

export interface Place {
  /** The text between these is what is being written; a choice takes its place. */
  from: number;
  to: number;
  /** What is written of it so far, without the quote before it. */
  begun: string;
  /** The choices: names of attributes, values of `tag`, or words of the language. */
  wants: { kind: "name" } | { kind: "value"; tag: string } | { kind: "word"; words: string[] };
}

type Kind = "text" | "open-text" | "name" | "number" | "operator" | "join" | "bracket" | "pipe";

interface Token {
  kind: Kind;
  text: string;
  from: number;
  to: number;
}

const PATTERNS: readonly (readonly [Kind, RegExp])[] = [
  ["text", /"(?:[^"\\]|\\.)*"|`[^`]*`/y],
  ["open-text", /"(?:[^"\\]|\\.)*$|`[^`]*$/y],
  ["join", /&&|\|\||>>/y],
  ["operator", /=~|!~|!=|>=|<=|=|<|>/y],
  ["pipe", /\|/y],
  ["bracket", /[{}(),!]/y],
  ["number", /\d[\w.]*/y],
  // With parts in quotes, as in span."my key".
  ["name", /(?:[^\s{}()=!<>&|,"`~]|(?<=\.)"(?:[^"\\]|\\.)*")+/y],
];

const COMPARE = ["=", "!=", "=~", "!~", ">", ">=", "<", "<="];
const AFTER_CONDITION = ["&&", "||", "}"];
const AFTER_SPANSET = ["|", "&&", "||", ">>", ">"];
const STAGES = [
  "select(",
  "count() >",
  "avg(duration) >",
  "max(duration) >",
  "min(duration) >",
  "sum(duration) >",
];

function tokensOf(query: string): Token[] {
  const found: Token[] = [];
  for (let at = 0; at < query.length;) {
    const rest = PATTERNS.map(([kind, pattern]) => {
      pattern.lastIndex = at;
      return { kind, text: pattern.exec(query)?.[0] };
    });
    const [next] = rest.filter((one) => one.text);
    const text = next?.text ?? " ";
    if (next) found.push({ kind: next.kind, text, from: at, to: at + text.length });
    at += text.length;
  }
  return found;
}

/** What may be written at `caret`; null where anything may, as in a number. */
export function placeAt(query: string, caret: number): Place | null {
  const before = query.slice(0, caret);
  const tokens = tokensOf(before);
  const last = tokens.at(-1);
  // What is whole, or has no choices, is left alone.
  if (last?.to === caret && ["text", "number"].includes(last.kind)) return null;
  const isWritten = last?.to === caret && ["name", "open-text"].includes(last.kind);
  const written = isWritten ? last : undefined;
  const earlier = written ? tokens.slice(0, -1) : tokens;
  const from = written?.from ?? caret;
  const quoted = written?.kind === "open-text";
  const place = {
    from,
    to: caret + restOf(query.slice(caret), quoted),
    begun: quoted ? written.text.slice(1) : (written?.text ?? ""),
  };
  const wants = wantsAfter(earlier);
  if (!wants || (quoted && wants.kind !== "value")) return null;
  return { ...place, wants };
}

/** How much of what follows the caret belongs to what is being written. */
function restOf(after: string, quoted: boolean): number {
  const pattern = quoted ? /^[^"`{}]*["`]/ : /^[^\s{}()=!<>&|,"`~]*/;
  return pattern.exec(after)?.[0].length ?? 0;
}

const words = (all: string[]) => ({ kind: "word", words: all }) as const;

function wantsAfter(tokens: readonly Token[]): Place["wants"] | null {
  const [last, one, other] = [tokens.at(-1), tokens.at(-2), tokens.at(-3)];
  if (!last) return words(["{"]);
  const inBraces = depthOf(tokens, "{", "}") > 0;
  const inCall = !inBraces && depthOf(tokens, "(", ")") > 0 && one?.kind === "name";
  switch (last.kind) {
    case "operator":
      if (inBraces && one?.kind === "name") return { kind: "value", tag: one.text };
      return inBraces ? null : words(["{"]);
    case "join":
      return inBraces ? { kind: "name" } : words(["{"]);
    case "pipe":
      return words(STAGES);
    case "bracket":
      if (last.text === "}") return words(AFTER_SPANSET);
      if (last.text === ")") return words(inBraces ? AFTER_CONDITION : AFTER_SPANSET);
      if (last.text === "," || inCall || inBraces) return { kind: "name" };
      return words(["{"]);
    case "name":
      if (!inBraces) return depthOf(tokens, "(", ")") > 0 ? words([",", ")"]) : null;
      return one?.kind === "operator" ? words(AFTER_CONDITION) : words(COMPARE);
    case "text":
    case "number":
      return inBraces && one?.kind === "operator" && other ? words(AFTER_CONDITION) : null;
    default:
      return null;
  }
}

function depthOf(tokens: readonly Token[], open: string, close: string): number {
  const count = (text: string) => tokens.filter((token) => token.text === text).length;
  return count(open) - count(close);
}

export interface Choice {
  /** What is put in place of what is being written. */
  text: string;
  /** What is shown, where it is not the text. */
  label?: string;
  note?: string;
}

const MOST = 50;

/** The choices that hold what was begun; those that begin with it first, or after a dot. */
export function matchingChoices(all: readonly Choice[], begun: string): Choice[] {
  const wanted = begun.toLowerCase();
  if (!wanted) return all.slice(0, MOST);
  const rank = ({ text, label = text }: Choice): number => {
    const said = label.toLowerCase();
    if (said === wanted) return 0;
    if (said.startsWith(wanted)) return 1;
    if (said.includes(`.${wanted}`)) return 2;
    return said.includes(wanted) ? 3 : 4;
  };
  const ranked = all.map((choice) => [rank(choice), choice] as const).filter(([one]) => one < 4);
  const found = ranked.sort(([a], [b]) => a - b).map(([, choice]) => choice);
  // What has been written in full is no choice any more.
  const [only] = found;
  return found.length === 1 && (only?.label ?? only?.text) === begun ? [] : found.slice(0, MOST);
}

/** The query with a choice put in, and where the caret goes. */
export function completed(query: string, place: Place, choice: Choice): [string, number] {
  const [before, after] = [query.slice(0, place.from), query.slice(place.to)];
  const isWord = place.wants.kind === "word" && !/^[,)]/.test(choice.text);
  const gap = (isWord && /[^\s(]$/.test(before)) || before.endsWith("{") ? " " : "";
  const trail = choice.text.endsWith("(") || after.startsWith(" ") ? "" : " ";
  const start = before + gap + choice.text + trail;
  return [start + after, start.length + (after.startsWith(" ") ? 1 : 0)];
}
