import { type Document, type ErrorCode, parseAllDocuments, visit, type YAMLError } from "yaml";
import { composeError } from "../error.ts";
import type { Mapping, Node } from "../node.ts";
import { convert } from "./convert.ts";
import type { Source } from "./source.ts";

/** What the library's codes mean to whoever wrote the file; its own words stand for the rest. */
const SAID: { readonly [Code in ErrorCode]?: readonly [why: string, hint?: string] } = {
  TAB_AS_INDENT: ["a tab indents the line", "YAML is indented by spaces"],
  BAD_INDENT: [
    "the line is not indented as those around it are, or a bracket is not closed",
    "members of one mapping begin at the same column",
  ],
  BLOCK_AS_IMPLICIT_KEY: [
    "a second `key:` stands where a value was expected",
    'indent it below its key, or put a text that has ": " in quotes',
  ],
  MISSING_CHAR: ["a colon after a key, a quote or a bracket is missing"],
  MULTILINE_IMPLICIT_KEY: ["a key goes on over several lines", "is a colon missing before?"],
  BAD_SCALAR_START: ["a text cannot begin with this character", "put it in quotes"],
  BAD_DQ_ESCAPE: ["no escape in double quotes is written so", "use single quotes, or write \\\\"],
  BAD_ALIAS: ["an alias has no name", "put a text that begins with * in quotes"],
  MULTIPLE_ANCHORS: ["a value has two anchors"],
  RESOURCE_EXHAUSTION: ["its values are nested too deeply"],
  MULTIPLE_TAGS: ["a value has two tags"],
  UNEXPECTED_TOKEN: [
    "this was not expected here",
    "is a quote, a comma or a bracket missing, or a line indented wrongly?",
  ],
};

/** Each document of the file. At least one; each is a mapping. */
export function parseYaml(source: Source): Mapping[] {
  try {
    const roots = documentsOf(source).map((document) => convert(document, source));
    // An empty document between two `---` says nothing.
    const said = roots.filter((root) => root.kind !== "scalar" || root.value !== null);
    if (said.length === 0)
      throw composeError(source.at(0), "cannot use the file", "it is empty", "it begins with `services:`");
    return said.map(mapping);
  } catch (error) {
    if (error instanceof RangeError)
      throw composeError(source.at(0), "cannot read the file", "its values are nested too deeply");
    throw error;
  }
}

function mapping(root: Node): Mapping {
  if (root.kind === "mapping") return root;
  const what = root.kind === "sequence" ? "a list" : `the text "${root.value}"`;
  throw composeError(
    root.place,
    "cannot use the file",
    `it is ${what}, and a mapping is wanted`,
    "it begins with `services:`",
  );
}

function documentsOf(source: Source): Document.Parsed[] {
  // What a scalar means is said in scalar.ts, keys and aliases are looked at in convert.ts.
  const parsed = parseAllDocuments(source.text, {
    schema: "failsafe",
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: "silent",
  });
  const documents: Document.Parsed[] = Array.isArray(parsed) ? parsed : [];
  for (const document of documents) {
    const [first] = document.errors;
    if (first !== undefined) throw refusal(first, document, source);
  }
  return documents;
}

function refusal(error: YAMLError, document: Document.Parsed, source: Source): Error {
  const what = "cannot read the file as YAML";
  const quote = error.message.startsWith("Missing closing") ? lastScalar(document) : undefined;
  if (quote !== undefined)
    return composeError(source.at(quote), what, "the quote that begins here is not closed");
  const [why, hint] = SAID[error.code] ?? [error.message];
  return composeError(source.at(error.pos[0]), what, why, hint);
}

/** Where it begins: a text that is not closed goes on to the end of what there is. */
function lastScalar(document: Document.Parsed): number | undefined {
  let start: number | undefined;
  visit(document, {
    Scalar: (_, { range }) => {
      start = range?.[0];
    },
  });
  return start;
}
