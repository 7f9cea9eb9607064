import { TemplateError } from "./template-error.ts";

export type Token =
  | { readonly kind: "field"; readonly name: string }
  | { readonly kind: "dot" | "open" | "close" | "pipe" | "comma" | "declare" | "assign" | "space" }
  | { readonly kind: "variable" | "word"; readonly name: string }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "number"; readonly value: number };

/** A piece of a template: text as it is, or what stands between `{{` and `}}`. */
export type Piece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "action"; readonly tokens: readonly Token[]; readonly source: string };

/** Cuts a template into pieces; `{{- ` and ` -}}` take the white space beside them away, comments vanish. */
export function pieces(template: string): Piece[] {
  const found: Piece[] = [];
  let at = 0;
  let trim = false;
  const text = (to: number, trimEnd: boolean) => {
    let part = template.slice(at, to);
    if (trim) part = part.trimStart();
    if (trimEnd) part = part.trimEnd();
    if (part !== "") found.push({ kind: "text", text: part });
  };
  for (;;) {
    const start = template.indexOf("{{", at);
    if (start < 0) break;
    const left = /^\{\{-\s/.test(template.slice(start, start + 4));
    text(start, left);
    const end = endOfAction(template, start + 2);
    const source = template.slice(start + (left ? 3 : 2), end);
    trim = /\s-$/.test(source);
    const inner = (trim ? source.slice(0, -1) : source).trim();
    if (!/^\/\*.*\*\/$/s.test(inner)) found.push({ kind: "action", tokens: tokens(inner), source: inner });
    at = end + 2;
  }
  text(template.length, false);
  return found;
}

/** Where the `}}` stands that ends the action: not one inside a string. */
function endOfAction(template: string, from: number): number {
  for (let at = from; at < template.length; at++) {
    const letter = template[at];
    if (letter === '"' || letter === "`" || letter === "'") at = endOfString(template, at);
    else if (template.startsWith("/*", at)) at = Math.max(at, template.indexOf("*/", at));
    else if (template.startsWith("}}", at)) return at;
  }
  throw new TemplateError(`"${template.slice(from - 2)}" is not closed by "}}"`);
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\" && text[start] !== "`") at++;
    else if (text[at] === text[start]) return at;
  }
  throw new TemplateError(`the string ${text.slice(start, start + 20)} is not closed`);
}

const single = { "(": "open", ")": "close", "|": "pipe", ",": "comma", "=": "assign" } as const;

function tokens(source: string): Token[] {
  const found: Token[] = [];
  for (let at = 0; at < source.length; ) {
    const rest = source.slice(at);
    const space = /^\s+/.exec(rest)?.[0];
    if (space !== undefined) {
      found.push({ kind: "space" });
      at += space.length;
      continue;
    }
    const [token, length] = nextToken(rest);
    found.push(token);
    at += length;
  }
  return found;
}

function nextToken(rest: string): readonly [Token, number] {
  const field = /^\.([\p{L}_][\p{L}\p{N}_]*)/u.exec(rest);
  if (field !== null) return [{ kind: "field", name: field[1] ?? "" }, field[0].length];
  const number = /^[+-]?(?:0x[0-9a-f]+|\d+(?:\.\d+)?(?:e[+-]?\d+)?|\.\d+)/i.exec(rest)?.[0];
  if (number !== undefined) return [{ kind: "number", value: Number(number) }, number.length];
  if (rest[0] === ".") return [{ kind: "dot" }, 1];
  if (rest.startsWith(":=")) return [{ kind: "declare" }, 2];
  const variable = /^\$[\p{L}\p{N}_]*/u.exec(rest)?.[0];
  if (variable !== undefined) return [{ kind: "variable", name: variable }, variable.length];
  const word = /^[\p{L}_][\p{L}\p{N}_]*/u.exec(rest)?.[0];
  if (word !== undefined) return [{ kind: "word", name: word }, word.length];
  if (rest[0] === '"' || rest[0] === "`" || rest[0] === "'") {
    const end = endOfString(rest, 0);
    return [stringToken(rest.slice(0, end + 1)), end + 1];
  }
  const kind = single[rest[0] as keyof typeof single];
  if (kind === undefined) throw new TemplateError(`"${rest[0]}" is unexpected in "${rest}"`);
  return [{ kind }, 1];
}

function stringToken(quoted: string): Token {
  const inner = quoted.slice(1, -1);
  if (quoted[0] === "`") return { kind: "string", value: inner };
  const value = inner.replace(/\\(x[0-9a-f]{2}|u[0-9a-f]{4}|[0-7]{3}|.)/gi, (_, code: string) =>
    unescaped(code),
  );
  if (quoted[0] === '"') return { kind: "string", value };
  return { kind: "number", value: value.codePointAt(0) ?? 0 };
}

const escapes: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v",
};

function unescaped(code: string): string {
  if (/^[xu]./.test(code)) return String.fromCodePoint(Number.parseInt(code.slice(1), 16));
  if (/^[0-7]{3}$/.test(code)) return String.fromCodePoint(Number.parseInt(code, 8));
  return escapes[code] ?? code;
}
