/** The variables that texts name (12-interpolation.md). Pure. */
export interface Variable {
  readonly name: string;
  /** `${NAME:?why}`, `${NAME?why}`. */
  readonly required: boolean;
  /** `${NAME:-value}`, `${NAME-value}`. */
  readonly fallback: string;
  /** `${NAME:+value}`, `${NAME+value}`. */
  readonly alternative: string;
}

/** Of all texts in a document, each name once, in their order. */
export function variablesIn(document: unknown): readonly Variable[] {
  const found = new Map<string, Variable>();
  const visit = (value: unknown): void => {
    if (typeof value === "string")
      for (const each of inText(value)) if (!found.has(each.name)) found.set(each.name, each);
    if (typeof value === "object" && value !== null) for (const each of Object.values(value)) visit(each);
  };
  visit(document);
  return [...found.values()];
}

function* inText(text: string): Generator<Variable> {
  for (let at = text.indexOf("$"); at >= 0; at = text.indexOf("$", at)) {
    if (text[at + 1] === "$") {
      at += 2;
      continue;
    }
    const [whole = "", bare, name = bare ?? "", operator = ""] =
      /^\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(:?[-?+])?)/.exec(text.slice(at)) ?? [];
    at += Math.max(1, whole.length);
    if (name === "") continue;
    const operand = operator === "" ? "" : operandAt(text, at);
    const kind = operator.at(-1);
    yield {
      ...{ name, required: kind === "?" },
      fallback: kind === "-" ? operand : "",
      alternative: kind === "+" ? operand : "",
    };
  }
}

/** Up to the brace that closes it; a variable may stand in it. */
function operandAt(text: string, from: number): string {
  let depth = 1;
  for (let at = from; at < text.length; at++) {
    if (text.startsWith("${", at)) depth++;
    else if (text[at] === "}" && --depth === 0) return text.slice(from, at);
  }
  return text.slice(from);
}
