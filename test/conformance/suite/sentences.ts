/** Holds the suite against the specification's own text: what it demands and nobody quotes, what is quoted and not there. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Section } from "./requirement.ts";
import type { Page } from "./table.ts";

const KEY_WORD = /\b(MUST|SHALL|REQUIRED|SHOULD|RECOMMENDED|must|should)\b|will not have an effect/;

/** Markdown as the words that one reads: links by their text, no emphasis, one space. */
function plain(markdown: string): string {
  return markdown
    .replaceAll(/\[((?:[^[\]]|\[[^\]]*\])*)\](\([^)]*\)|\[[^\]]*\])/g, "$1")
    .replaceAll(/\[\^\d\]/g, "")
    .replaceAll(/[*`\\]/g, "")
    .replaceAll(/\s+/g, " ")
    .trim();
}

interface Chapter {
  readonly title: string;
  readonly text: string;
  readonly sentences: readonly string[];
}

/** A page by its headings; examples belong to the chapter above. */
function chaptersOf(markdown: string): Chapter[] {
  const bare = markdown.replaceAll(/```[\s\S]*?```/g, "").replaceAll(/^\[[^\]]+\]: .*$/gm, "");
  const parts = bare.split(/^#+ +/m).slice(1);
  const chapters: { title: string; lines: string[] }[] = [];
  for (const part of parts) {
    const [head = "", ...lines] = part.split("\n");
    const title = plain(head.replace(/<a [^>]*>/, ""));
    const last = chapters.at(-1);
    if (last !== undefined && /^Examples?\b|^Moving a device/.test(title)) last.lines.push(...lines);
    else chapters.push({ title, lines });
  }
  return chapters.map(({ title, lines }) => {
    // A paragraph, an item of a list, a row of a table.
    const blocks = lines.join("\n").split(/\n\s*\n|\n(?=\s*(?:[*-] |\d+\. |\||>))|\n(?=[^\n]* \| )/);
    const texts = blocks.map((block) => plain(block.replace(/^\s*(?:[*-] |\d+\. |> |\| )|\|\s*$/g, "")));
    const sentences = texts
      .flatMap((text) => text.split(/(?<=[.:]) +(?=[A-Z(])/))
      .filter((one) => KEY_WORD.test(one));
    return { title, text: texts.join(" "), sentences };
  });
}

const quotesOf = ({ requirements, elsewhere }: Section): string[] =>
  [...Object.values(requirements).map(({ quote }) => quote), ...Object.values(elsewhere).flat()].map(plain);

const partsOf = (quote: string): string[] =>
  quote
    .split("…")
    .map((part) => part.trim())
    .filter(Boolean);

/** Every part of the quote, in its order. */
function isIn(text: string, quote: string): boolean {
  let at = 0;
  return partsOf(quote).every((part) => {
    const found = text.indexOf(part, at);
    at = found + part.length;
    return found >= 0;
  });
}

/** What is wrong between a folder with the specification's pages and the suite's pages, in words. */
export function differences(folder: string, pages: readonly Page[]): string[] {
  return pages.flatMap(({ name, sections }) => {
    const chapters = chaptersOf(readFileSync(join(folder, name), "utf8"));
    const missing = chapters.flatMap(({ title, sentences }) => {
      const quotes = sections.filter((section) => section.title === title).flatMap(quotesOf);
      const quoted = (sentence: string) =>
        quotes.some((quote) => isIn(sentence, quote) || isIn(quote, sentence));
      return sentences.filter((one) => !quoted(one)).map((one) => `${name}, ${title}: nobody quotes: ${one}`);
    });
    const wrong = sections.flatMap((section) => {
      const text = chapters
        .filter(({ title }) => title === section.title)
        .map((one) => one.text)
        .join(" ");
      return quotesOf(section)
        .filter((quote) => !isIn(text, quote))
        .map((quote) => `${name}, ${section.title}: ${section.id} quotes what is not there: ${quote}`);
    });
    return [...missing, ...wrong];
  });
}
