/** What one instruction makes of a stage: another configuration, another node, or both. */
import { posix } from "node:path";
import { type Config, configured, DEFAULT_SHELL } from "../dockerfile/configure.ts";
import { isRemote } from "../dockerfile/copy.ts";
import type { Dockerfile } from "../dockerfile/dockerfile.ts";
import { DockerfileError } from "../dockerfile/error.ts";
import { expandHeredoc, expandWord } from "../dockerfile/expand.ts";
import type {
  AddInstruction,
  CopyInstruction,
  Instruction,
  RunInstruction,
} from "../dockerfile/instruction.ts";
import { resolveMount } from "../dockerfile/mount.ts";
import {
  addArgs,
  addEnv,
  addLabels,
  type BuildArgs,
  lookupIn,
  MOST_VALUES,
  type OwnScope,
  runEnvironment,
  type Values,
} from "../dockerfile/scope.ts";
import { runScript } from "../dockerfile/script.ts";
import type { Word } from "../dockerfile/word.ts";
import type { Step, StepView } from "../progress.ts";
import type { Tree } from "./graph.ts";
import type { ChangingNode, CopyNode, NodeMount, NodeSource, RunNode, TreeSource } from "./node.ts";

/** Where an instruction stands, and what it may name. */
export interface Standing {
  readonly file: Dockerfile;
  readonly stage: string;
  readonly globals: Values;
  /** `--build-arg` */
  readonly given: BuildArgs;
  readonly entitlements: ReadonlySet<string>;
  /** Of the stage so far. */
  readonly scope: OwnScope;
  place(position: number): string;
  number(position: number): number;
  sourceOf(from: Word): Promise<TreeSource>;
}

const CONTEXT: TreeSource = { kind: "context", name: "context" };

export interface Applied {
  readonly next: Tree;
  readonly view: StepView;
}

const KINDS: Partial<Record<Instruction["kind"], StepView["kind"]>> = {
  run: "run",
  copy: "copy",
  add: "copy",
  workdir: "folder",
};

/** `own`: what this stage has said itself, and not its base. DOCKERFILE_INVALID. */
export async function applyInstruction(
  tree: Tree,
  instruction: Instruction,
  position: number,
  standing: Standing,
  own: { cmd: boolean },
): Promise<Applied> {
  const { config } = tree;
  const step: Step = {
    ...{ number: standing.number(position), place: standing.place(position), text: instruction.original },
    ...{ stage: standing.stage, location: instruction.location },
  };
  const view: StepView = { ...step, kind: KINDS[instruction.kind] ?? "settings" };
  const changed = (change: Partial<Config>, createdBy = instruction.original): Applied => ({
    view,
    next: {
      ...tree,
      config: { ...config, ...change },
      history: [...tree.history, { createdBy, node: null }],
    },
  });
  const { scope } = standing;
  const lookup = lookupIn(scope);

  switch (instruction.kind) {
    case "run":
      return { view, next: await run(tree, instruction, step, standing) };
    case "copy":
    case "add":
      return { view, next: await copy(tree, instruction, step, standing) };
    // The configuration has them at the stage's end.
    case "arg":
      addArgs(scope, instruction, standing.given, standing.globals);
      return bounded(changed({}), scope, instruction);
    case "env":
      addEnv(scope, instruction);
      return bounded(changed({}), scope, instruction);
    case "label":
      addLabels(scope, instruction);
      return bounded(changed({}), scope, instruction);
    case "maintainer":
      return { view, next: { ...changed({}).next, author: expandWord(instruction.word, lookup) } };
    default: {
      const change = configured(config, instruction, lookup, own.cmd);
      own.cmd ||= instruction.kind === "cmd";
      if (instruction.kind === "workdir")
        return folder(changed(change, `WORKDIR ${change.WorkingDir}`), step);
      return changed(change);
    }
  }
}

function bounded(applied: Applied, { size }: OwnScope, { keyword, location }: Instruction): Applied {
  if (size <= MOST_VALUES) return applied;
  const why = "variables and labels are larger than 4 MiB together";
  throw new DockerfileError({ source: keyword.source, location, why });
}

/** The folder that programs start in is made where there is none. */
function folder({ next, view }: Applied, step: Step): Applied {
  const { WorkingDir: path, User: user } = next.config;
  if (path === "/") return { next, view };
  return { view, next: withNode(next, { op: "folder", below: next.node, step, path, user }) };
}

function withNode(tree: Tree, node: ChangingNode): Tree {
  const last = tree.history.at(-1);
  const history = last === undefined ? [] : [...tree.history.slice(0, -1), { ...last, node }];
  return { ...tree, node, history };
}

async function run(tree: Tree, instruction: RunInstruction, step: Step, standing: Standing): Promise<Tree> {
  const { config, scope } = tree;
  const mounts: NodeMount[] = [];
  for (const flag of instruction.mounts) {
    const mount = resolveMount(flag, lookupIn(scope));
    const isTree = mount.type === "bind" || mount.type === "cache";
    const main = mount.type === "bind" ? CONTEXT : null;
    const from = !isTree ? null : flag.from === undefined ? main : await standing.sourceOf(flag.from);
    mounts.push({ mount, from });
  }
  checkEntitled(instruction, standing);
  const { environment, args, hidden } = runEnvironment(scope, standing.given);
  const script = runScript(instruction);
  const shell = config.Shell ?? DEFAULT_SHELL;
  const words =
    script.kind === "exec" ? script.arguments : script.kind === "shell" ? [...shell, script.text] : [];
  const said = args.length === 0 ? words : [`|${args.length}`, ...args, ...words];
  const node: RunNode = {
    ...{ op: "run", below: tree.node, step, arguments: words, mounts },
    ...{ script: script.kind === "file" ? script : null, env: [...args, ...environment], proxies: hidden },
    ...{ user: config.User, workdir: config.WorkingDir, network: instruction.network },
    isPrivileged: instruction.security === "insecure",
    devices: instruction.devices.map(({ name }) => name),
  };
  const createdBy = words.length === 0 ? instruction.original : `RUN ${said.join(" ")}`;
  return { ...tree, node, history: [...tree.history, { createdBy, node }] };
}

/** R25: what a step may have beyond the rest is asked for at the build, too. */
function checkEntitled({ security, network, devices, location }: RunInstruction, standing: Standing): void {
  const needed = [
    ...(security === "insecure" ? ["security.insecure"] : []),
    ...(network === "host" ? ["network.host"] : []),
    ...devices.map(({ name }) => `device=${name}`),
  ];
  const has = (name: string) => standing.entitlements.has(name);
  const missing = needed.find((name) => !has(name) && !(name.startsWith("device=") && has("device")));
  if (missing === undefined) return;
  const why = `${missing} is not allowed`;
  throw new DockerfileError({
    ...{ source: standing.file.source, location, why },
    hint: `allow it with --allow ${missing}`,
  });
}

async function copy(
  tree: Tree,
  instruction: CopyInstruction | AddInstruction,
  step: Step,
  standing: Standing,
): Promise<Tree> {
  const { config, scope } = tree;
  const lookup = lookupIn(scope);
  const expand = (word: Word) => expandWord(word, lookup);
  const optional = (word: Word | undefined) => (word === undefined ? null : expand(word));
  const from: TreeSource =
    instruction.kind === "copy" && instruction.from !== undefined
      ? await standing.sourceOf(instruction.from)
      : CONTEXT;
  const paths: string[] = [];
  const sources: NodeSource[] = [];
  checkChecksum(instruction, standing, expand);
  for (const source of instruction.sources) {
    if ("heredoc" in source) {
      const { name } = source.heredoc;
      sources.push({ kind: "inline", name, content: expandHeredoc(source.heredoc, lookup) });
      continue;
    }
    const path = expand(source.path);
    if (instruction.kind === "add" && isRemote(path))
      sources.push({
        ...{ kind: "url", url: path, checksum: optional(instruction.checksum) },
        keepGitFolder: instruction.keepGitDir,
      });
    else paths.push(path);
  }
  if (paths.length > 0) sources.unshift({ kind: "tree", from, paths });
  const target = expand(instruction.destination);
  const absolute = posix.resolve(config.WorkingDir, target);
  const isFolder = /(^|\/)\.?$/.test(target) && absolute !== "/";
  const node: CopyNode = {
    ...{ op: "copy", below: tree.node, step, sources },
    destination: isFolder ? `${absolute}/` : absolute,
    owner: optional(instruction.chown),
    chmod: optional(instruction.chmod),
    parents: instruction.kind === "copy" && instruction.parents,
    exclude: instruction.exclude.map(expand),
    link: instruction.link,
    unpack: unpackOf(instruction),
  };
  const item = { createdBy: instruction.original, node };
  return { ...tree, node, history: [...tree.history, item] };
}

function unpackOf(instruction: CopyInstruction | AddInstruction): CopyNode["unpack"] {
  if (instruction.kind === "copy" || instruction.unpack === false) return "none";
  return instruction.unpack === true ? "all" : "local";
}

/** What is not downloaded is not held against a checksum, and must not look as if it were. */
function checkChecksum(
  instruction: CopyInstruction | AddInstruction,
  { file: { source } }: Standing,
  expand: (word: Word) => string,
): void {
  if (instruction.kind !== "add" || instruction.checksum === undefined) return;
  const { location } = instruction.checksum;
  const [first, ...more] = instruction.sources;
  const refuse = (why: string) => new DockerfileError({ source, location, why });
  if (more.length > 0) throw refuse("checksum can't be specified for multiple sources");
  if (first === undefined || "heredoc" in first || !isRemote(expand(first.path)))
    throw refuse("checksum requires HTTP(S) or Git sources");
}
