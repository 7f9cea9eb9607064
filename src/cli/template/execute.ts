import { nearest } from "../../oci/nearest.ts";
import { functions } from "./functions.ts";
import type { Command, Node, Operand, Pipeline, Term } from "./parse.ts";
import { TemplateError } from "./template-error.ts";
import { field, isRecord, printed, truth, type Value } from "./value.ts";

/** A scope's variables; an inner one sees the outer ones. */
class Scope {
  readonly #own = new Map<string, Value>();
  readonly #outer: Scope | undefined;

  constructor(outer?: Scope) {
    this.#outer = outer;
  }

  declare(name: string, value: Value): void {
    this.#own.set(name, value);
  }

  assign(name: string, value: Value): void {
    if (this.#own.has(name)) this.#own.set(name, value);
    else if (this.#outer !== undefined) this.#outer.assign(name, value);
    else throw new TemplateError(`the variable ${name} is not declared`);
  }

  get(name: string): Value {
    if (this.#own.has(name)) return this.#own.get(name);
    if (this.#outer === undefined) throw new TemplateError(`the variable ${name} is not declared`);
    return this.#outer.get(name);
  }
}

interface Place {
  readonly dot: Value;
  readonly scope: Scope;
  /** Within a condition: a missing field is nil. */
  readonly lenient: boolean;
}

export function execute(nodes: readonly Node[], data: Value): string {
  const scope = new Scope();
  scope.declare("$", data);
  return run(nodes, { dot: data, scope, lenient: false });
}

function run(nodes: readonly Node[], place: Place): string {
  let output = "";
  for (const node of nodes) {
    try {
      output += runNode(node, place);
    } catch (leap) {
      if (!(leap instanceof Leap)) throw leap;
      throw new Leap(leap.kind, output + leap.output);
    }
  }
  return output;
}

/** `break` and `continue` on their way to their range, with what was printed before. */
class Leap extends TemplateError {
  readonly kind: "break" | "continue";
  readonly output: string;

  constructor(kind: "break" | "continue", output: string) {
    super(`{{${kind}}} stands outside of {{range}}`);
    this.kind = kind;
    this.output = output;
  }
}

function runNode(node: Node, place: Place): string {
  switch (node.kind) {
    case "text":
      return node.text;
    case "break":
    case "continue":
      throw new Leap(node.kind, "");
    case "print": {
      const value = evaluate(node.pipeline, place);
      bind(node.pipeline, place.scope, [value]);
      if (node.pipeline.variables.length > 0) return "";
      return value === null || value === undefined ? "<no value>" : printed(value);
    }
    case "range":
      return runRange(node, place);
    default: {
      const scope = new Scope(place.scope);
      const value = evaluate(node.pipeline, { ...place, lenient: true });
      bind(node.pipeline, scope, [value]);
      if (!truth(value)) return run(node.otherwise, { ...place, scope });
      return run(node.body, { ...place, scope, dot: node.kind === "with" ? value : place.dot });
    }
  }
}

function runRange(node: Extract<Node, { pipeline: Pipeline; body: readonly Node[] }>, place: Place): string {
  const entries = entriesOf(evaluate(node.pipeline, { ...place, lenient: true }));
  if (entries.length === 0) return run(node.otherwise, place);
  let output = "";
  for (const [key, value] of entries) {
    const scope = new Scope(place.scope);
    bind(node.pipeline, scope, node.pipeline.variables.length === 2 ? [key, value] : [value]);
    try {
      output += run(node.body, { ...place, scope, dot: value });
    } catch (leap) {
      if (!(leap instanceof Leap)) throw leap;
      output += leap.output;
      if (leap.kind === "break") break;
    }
  }
  return output;
}

/** Records in the order of their keys, as Go ranges over maps in templates. */
function entriesOf(value: Value): readonly (readonly [Value, Value])[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.map((item, at) => [at, item]);
  if (typeof value === "number") return Array.from({ length: value }, (_, at) => [at, at]);
  if (isRecord(value))
    return Object.keys(value)
      .sort()
      .map((key) => [key, value[key]]);
  throw new TemplateError(`range cannot go over ${printed(value)}`);
}

function bind(pipeline: Pipeline, scope: Scope, values: readonly Value[]): void {
  pipeline.variables.forEach((name, at) => {
    if (pipeline.declares) scope.declare(name, values[at]);
    else scope.assign(name, values[at]);
  });
}

function evaluate(pipeline: Pipeline, place: Place): Value {
  let value: Value;
  let isFirst = true;
  for (const command of pipeline.commands) {
    value = runCommand(command, isFirst ? [] : [value], place);
    isFirst = false;
  }
  return value;
}

/** What the pipe brings is the last argument. */
function runCommand([head, ...rest]: Command, piped: readonly Value[], place: Place): Value {
  if (head.operand.kind === "function" && (head.operand.name === "and" || head.operand.name === "or"))
    return logical(head.operand.name, rest, piped, place);
  const args = [...rest.map((term) => termValue(term, [], place)), ...piped];
  return termValue(head, args, place);
}

/** They stop at the first argument that decides, and answer it. */
function logical(name: "and" | "or", terms: readonly Term[], piped: readonly Value[], place: Place): Value {
  let value: Value;
  for (const next of [
    ...terms.map((term) => () => termValue(term, [], { ...place, lenient: true })),
    ...piped.map((v) => () => v),
  ]) {
    value = next();
    if (truth(value) === (name === "or")) return value;
  }
  return value;
}

function termValue({ operand, fields }: Term, args: readonly Value[], place: Place): Value {
  const ownArgs = fields.length === 0 ? args : [];
  const start = operandValue(operand, ownArgs, place);
  return fields.reduce<Value>(
    (value, name, at) => field(value, name, at === fields.length - 1 ? args : [], place.lenient),
    start,
  );
}

function operandValue(operand: Operand, args: readonly Value[], place: Place): Value {
  if (operand.kind === "function") {
    const call = Object.hasOwn(functions, operand.name) ? functions[operand.name] : undefined;
    if (call !== undefined) return call(...args);
    const near = nearest(operand.name, [...Object.keys(functions), "and", "or"]);
    throw new TemplateError(
      `there is no function "${operand.name}"${near === undefined ? "" : `: did you mean "${near}"?`}`,
    );
  }
  if (args.length > 0) throw new TemplateError("only functions and methods take arguments");
  switch (operand.kind) {
    case "dot":
      return place.dot;
    case "nil":
      return null;
    case "constant":
      return operand.value;
    case "variable":
      return place.scope.get(operand.name);
    case "pipeline":
      return evaluate(operand.pipeline, place);
  }
}
