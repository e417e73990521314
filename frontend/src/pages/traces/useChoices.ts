import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";

import { attributeNames, attributeValues, type Seconds } from "../../api/traceQueries";
import { askedTag, nameChoices, valueChoices, wordChoices } from "./choices";
import { type Choice, matchingChoices, type Place, placeAt } from "./completion";

/** What may come next at the caret. Names and values are asked for once somebody writes. */
export function useChoices(
  text: string,
  caret: number,
  seconds: Seconds,
  isWriting: boolean,
): { place: Place | null; choices: Choice[] } {
  const place = useMemo(() => placeAt(text, caret), [text, caret]);
  const names = useQuery({ ...attributeNames, enabled: isWriting });
  const tag = askedTag(place);
  const values = useQuery({
    ...attributeValues(tag ?? "", seconds),
    enabled: isWriting && tag !== null,
  });
  const choices = useMemo(() => {
    if (!place) return [];
    const { wants, begun } = place;
    if (wants.kind === "word") return matchingChoices(wordChoices(wants.words), begun);
    if (wants.kind === "name") return matchingChoices(nameChoices(names.data ?? []), begun);
    return matchingChoices(valueChoices(wants.tag, values.data ?? []), begun);
  }, [place, names.data, values.data]);
  return { place, choices };
}
