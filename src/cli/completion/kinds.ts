/**
 * What can be completed is read out of the same words that help shows: a verb's usage (`CONTAINER [CONTAINER...]`) and an
 * option's value (`FILE`).
 */
export const kinds = {
  CONTAINER: "container",
  IMAGE: "image",
  NAME: "name",
  ID: "name",
  VOLUME: "volume",
  NETWORK: "network",
  FILE: "file",
  FOLDER: "file",
  PATH: "file",
  SOURCE: "file",
  TARGET: "file",
  "CONTAINER:SOURCE": "container:",
  "CONTAINER:TARGET": "container:",
  "SRC:DST": "source:",
  SERVICE: "service",
  "SERVICE:SOURCE": "service:",
  "SERVICE:TARGET": "service:",
  SIGNAL: "signal",
} as const;

export type Kind = (typeof kinds)[keyof typeof kinds];

/** The kinds that a word of help stands for: `IMAGE|CONTAINER`, `NAME[:TAG]`, `SRC:DST[:ro]`. */
export function kindsOf(word: string): readonly Kind[] {
  const bare = word.replace(/(?<=\w)\[[^\]]*\]/g, "").replace(/[[\]]|\.{3}/g, "");
  return bare
    .split("|")
    .flatMap((each) => (Object.hasOwn(kinds, each) ? kinds[each as keyof typeof kinds] : []));
}

/** What may stand at an operand's place, from 0 on; alternatives of a usage stand together. */
export function operandKinds(usage: string, place: number): readonly Kind[] {
  // "NAME" alone, without a tag, is a new one: nothing that is there.
  const words = wordsAt(usage, place).filter((word) => !/^\[?NAME\]?$/.test(word));
  return [...new Set(words.flatMap(kindsOf))];
}

/** Those that are written as they are: `bash|zsh|fish`. */
export const operandWords = (usage: string, place: number): readonly string[] =>
  wordsAt(usage, place).flatMap((word) =>
    word.split("|").filter((each) => /^[a-z-]+$/.test(each) && each !== "-"),
  );

function wordsAt(usage: string, place: number): string[] {
  return usage.split(/\s{2,}or\s{2,}|\s+\|\s+/).map((alternative) => {
    const words = alternative.replace("[OPTIONS]", "").match(/\S+/g) ?? [];
    const last = words.at(-1) ?? "";
    return words[place] ?? (last.includes("...") ? last : "");
  });
}
