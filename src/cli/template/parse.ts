import { type Piece, pieces, type Token } from "./lex.ts";
import { TemplateError } from "./template-error.ts";

export type Operand =
  | { readonly kind: "dot" }
  | { readonly kind: "nil" }
  | { readonly kind: "constant"; readonly value: string | number | boolean }
  | { readonly kind: "variable" | "function"; readonly name: string }
  | { readonly kind: "pipeline"; readonly pipeline: Pipeline };

/** An operand with the fields that follow it: `.State.Status`, `$x.Name`, `(index . 0).Id`. */
export interface Term {
  readonly operand: Operand;
  readonly fields: readonly string[];
}

/** A term and its arguments. */
export type Command = readonly [Term, ...Term[]];

export interface Pipeline {
  readonly variables: readonly string[];
  readonly declares: boolean;
  readonly commands: readonly Command[];
}

export type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "print"; readonly pipeline: Pipeline }
  | {
      readonly kind: "if" | "with" | "range";
      readonly pipeline: Pipeline;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    }
  | { readonly kind: "break" | "continue" };

/** Reads a Go template (pkg.go.dev/text/template) into its tree. */
export function parse(template: string): readonly Node[] {
  const rest = pieces(template);
  const { nodes, stop } = parseNodes(rest);
  if (stop !== undefined) throw new TemplateError(`{{${stop.source}}} without a beginning`);
  return nodes;
}

type Action = Extract<Piece, { kind: "action" }>;

function keyword({ tokens }: Action): string {
  const [first] = tokens;
  return first?.kind === "word" ? first.name : "";
}

/** Up to the end of the pieces, or to an `end` or `else`, which it answers. */
function parseNodes(rest: Piece[]): { nodes: Node[]; stop: Action | undefined } {
  const nodes: Node[] = [];
  for (let piece = rest.shift(); piece !== undefined; piece = rest.shift()) {
    if (piece.kind === "text") {
      nodes.push(piece);
      continue;
    }
    const word = keyword(piece);
    if (word === "end" || word === "else") return { nodes, stop: piece };
    if (word === "break" || word === "continue") nodes.push({ kind: word });
    else if (word === "if" || word === "with" || word === "range")
      nodes.push(parseBlock(word, piece, 1, rest));
    else nodes.push({ kind: "print", pipeline: parsePipeline(piece, 0) });
  }
  return { nodes, stop: undefined };
}

/** `skip`: the words of the action before its pipeline. */
function parseBlock(kind: "if" | "with" | "range", action: Action, skip: number, rest: Piece[]): Node {
  const pipeline = parsePipeline(action, skip);
  const body = parseNodes(rest);
  if (body.stop === undefined) throw new TemplateError(`{{${action.source}}} has no {{end}}`);
  if (keyword(body.stop) === "end") return { kind, pipeline, body: body.nodes, otherwise: [] };
  const words = body.stop.tokens.filter((token) => token.kind !== "space");
  const chained = words[1]?.kind === "word" ? words[1].name : "";
  if (chained === "if" || chained === "with") {
    const otherwise = [parseBlock(chained, body.stop, 2, rest)];
    return { kind, pipeline, body: body.nodes, otherwise };
  }
  const otherwise = parseNodes(rest);
  if (otherwise.stop === undefined || keyword(otherwise.stop) !== "end")
    throw new TemplateError(`{{${action.source}}} has no {{end}} after its {{else}}`);
  return { kind, pipeline, body: body.nodes, otherwise: otherwise.nodes };
}

class Reader {
  readonly tokens: Token[];
  readonly source: string;

  constructor(action: Action, skip: number) {
    this.tokens = [...action.tokens];
    this.source = action.source;
    for (let words = 0; words < skip; words++) {
      this.tokens.shift();
      this.skipSpace();
    }
  }

  skipSpace(): void {
    while (this.tokens[0]?.kind === "space") this.tokens.shift();
  }

  refuse(): TemplateError {
    return new TemplateError(`{{${this.source}}} cannot be understood`);
  }
}

function parsePipeline(action: Action, skip: number): Pipeline {
  const reader = new Reader(action, skip);
  const pipeline = readPipeline(reader);
  if (reader.tokens.length > 0) throw reader.refuse();
  return pipeline;
}

/** `$i, $v := …` or `$v = …`, where there is one. */
function readVariables(reader: Reader): Pick<Pipeline, "variables" | "declares"> {
  const words = reader.tokens.filter(({ kind }) => kind !== "space");
  const end = words.findIndex(({ kind }) => kind === "declare" || kind === "assign");
  if (end < 0) return { variables: [], declares: false };
  const variables = words.slice(0, end).flatMap((token) => (token.kind === "variable" ? [token.name] : []));
  const declares = words[end]?.kind === "declare";
  while (reader.tokens.shift()?.kind !== (declares ? "declare" : "assign"));
  if (variables.length === 0 || variables.length > 2) throw reader.refuse();
  return { variables, declares };
}

function readPipeline(reader: Reader): Pipeline {
  const variables = readVariables(reader);
  const commands: Command[] = [];
  for (;;) {
    commands.push(readCommand(reader));
    if (reader.tokens[0]?.kind !== "pipe") break;
    reader.tokens.shift();
  }
  return { ...variables, commands };
}

function readCommand(reader: Reader): Command {
  const terms: Term[] = [];
  for (reader.skipSpace(); ; reader.skipSpace()) {
    const kind = reader.tokens[0]?.kind;
    if (kind === undefined || kind === "pipe" || kind === "close") break;
    terms.push(readTerm(reader));
  }
  const [first, ...rest] = terms;
  if (first === undefined) throw reader.refuse();
  return [first, ...rest];
}

function readTerm(reader: Reader): Term {
  const operand = readOperand(reader);
  const fields: string[] = [];
  for (let next = reader.tokens[0]; next?.kind === "field"; next = reader.tokens[0]) {
    fields.push(next.name);
    reader.tokens.shift();
  }
  return { operand, fields };
}

function readOperand(reader: Reader): Operand {
  const token = reader.tokens[0];
  // `.A.B` is the dot with two fields.
  if (token?.kind === "field") return { kind: "dot" };
  reader.tokens.shift();
  switch (token?.kind) {
    case "dot":
      return { kind: "dot" };
    case "variable":
      return { kind: "variable", name: token.name };
    case "string":
    case "number":
      return { kind: "constant", value: token.value };
    case "word":
      if (token.name === "nil") return { kind: "nil" };
      if (token.name === "true" || token.name === "false")
        return { kind: "constant", value: token.name === "true" };
      return { kind: "function", name: token.name };
    case "open": {
      const pipeline = readPipeline(reader);
      if (reader.tokens.shift()?.kind !== "close") throw reader.refuse();
      return { kind: "pipeline", pipeline };
    }
    default:
      throw reader.refuse();
  }
}
