/**
 * A Dockerfile becomes a graph: stages that are needed, from the target on, with every variable replaced. Nothing is
 * executed, but the images that stages begin with are brought, since what they say goes into what follows.
 */
import { posix } from "node:path";
import { NO_LAYERS } from "../../image/images.ts";
import type { ImageConfig } from "../../oci/image-config.ts";
import { formatPlatform, hostPlatform, type Platform, parsePlatform } from "../../oci/platform.ts";
import type { Config } from "../dockerfile/configure.ts";
import type { Dockerfile } from "../dockerfile/dockerfile.ts";
import { DockerfileError } from "../dockerfile/error.ts";
import { expandWord } from "../dockerfile/expand.ts";
import type { Instruction, Stage } from "../dockerfile/instruction.ts";
import { parseInstruction } from "../dockerfile/parse.ts";
import { environmentOf, globalScope, ownScope, platformArgs, scopeOf } from "../dockerfile/scope.ts";
import type { Word } from "../dockerfile/word.ts";
import type { StepView } from "../progress.ts";
import { BARE } from "./bare.ts";
import type { Base, Graph, Tree } from "./graph.ts";
import { applyInstruction, type Standing } from "./instructions.ts";
import type { TreeSource } from "./node.ts";

export interface ConvertOptions {
  readonly target: string | null;
  readonly args: ReadonlyMap<string, string>;
  /** What is built for; null: this machine. */
  readonly platform: Platform | null;
  /** Names of `--build-context`. */
  readonly contexts: ReadonlySet<string>;
  readonly entitlements: ReadonlySet<string>;
  /** Brings an image; told as the step. */
  base(reference: string, platform: Platform, step: StepView): Promise<Base>;
}

/** Steps of a stage are numbered from its own million on. */
const STAGE_SPAN = 1_000_000;
/** Each with room before it for the images that it takes files from. */
const STEP_SPAN = 100;
const MOST_STEPS = STAGE_SPAN / STEP_SPAN;

/** Far more than any file has, and far less than what this program's own stack takes. */
const MOST_DEEP = 500;

const NO_HISTORY: ImageConfig["history"] = [];

/** DOCKERFILE_INVALID for what is wrong in it, and what bringing an image throws. */
export async function convert(file: Dockerfile, o: ConvertOptions): Promise<Graph> {
  const built = o.platform ?? hostPlatform();
  const globals = globalScope(
    file.globalArgs,
    o.args,
    platformArgs(hostPlatform(), built, o.target ?? undefined),
  );
  const { source, stages } = file;
  const refuse = (why: string, { location }: Pick<Word, "location">) =>
    new DockerfileError({ source, location, why });
  const steps: StepView[] = [];
  const done = new Map<number, Tree>();
  const underWay = new Set<number>();
  /** With the step that is told of it. */
  const images = new Map<string, { readonly bringing: Promise<Base>; readonly step: number }>();

  /** A stage by its name, the last of that name, or by its number. */
  const stageOf = (name: string, before: number): number => {
    const byName = stages.findLastIndex(({ from }) => from.name === name.toLowerCase());
    if (byName >= 0) return byName;
    return /^\d+$/.test(name) && Number(name) < before ? Number(name) : -1;
  };

  const bring = (reference: string, platform: Platform, step: StepView) => {
    const key = `${reference} ${formatPlatform(platform)}`;
    const known = images.get(key);
    if (known !== undefined) return known;
    const bringing = o.base(reference, platform, step);
    bringing.catch(() => {});
    const begun = { bringing, step: step.number };
    images.set(key, begun);
    return begun;
  };

  const baseOf = (stage: Stage, number: number) => {
    const lookup = (variable: string) => globals.get(variable);
    const name = expandWord(stage.from.image, lookup);
    if (name.trim() === "") throw refuse("base name should not be blank", stage.from.image);
    const platform = stage.from.platform;
    const asked = platform === undefined ? "" : expandWord(platform, lookup);
    const earlier = stages.slice(0, number).findLastIndex(({ from }) => from.name === name.toLowerCase());
    return { name, earlier, platform: asked === "" ? built : parsePlatform(asked) };
  };

  const fromStep = (stage: Stage, number: number): StepView => ({
    ...{ number: number * STAGE_SPAN, kind: "from", text: stage.from.original },
    place: placeOf(file, number, 1, 1 + stage.instructions.filter(isShown).length),
    ...{ stage: titleOf(file, number), location: stage.from.location },
  });

  /** Begun for all stages that are surely needed: registries take their time. */
  const bringAhead = (target: number): void => {
    const seen = new Set<number>();
    const due = [target];
    for (let number = due.pop(); number !== undefined; number = due.pop()) {
      const stage = stages[number];
      if (stage === undefined || seen.has(number)) continue;
      seen.add(number);
      const { name, earlier, platform } = baseOf(stage, number);
      if (earlier >= 0) due.push(earlier);
      else if (name !== "scratch") bring(name, platform, fromStep(stage, number));
      due.push(...sourcesOf(stage).map((from) => stageOf(from, number)));
    }
  };

  const begin = async (stage: Stage, number: number): Promise<Tree> => {
    const { name, earlier, platform } = baseOf(stage, number);
    const step = fromStep(stage, number);
    const image = earlier < 0 && name !== "scratch" ? bring(name, platform, step) : undefined;
    steps.push({ ...step, kind: image?.step === step.number ? "from" : "settings" });
    if (earlier >= 0) return await treeOf(earlier, stage.from.image);
    const plain = { platform, author: "", before: NO_HISTORY, history: [] };
    if (image === undefined)
      return {
        node: { op: "base", stack: NO_LAYERS, createdAt: 0 },
        config: BARE,
        scope: scopeOf(BARE.Env),
        ...plain,
      };
    const { node, config } = await image.bringing;
    const own = inherited(config);
    return {
      ...{ node, config: own, scope: scopeOf(own.Env, own.Labels), ...plain },
      ...{ before: wholeHistory(config), author: config.author },
    };
  };

  const treeOf = async (number: number, word: Word): Promise<Tree> => {
    const known = done.get(number);
    if (known !== undefined) return known;
    if (underWay.has(number))
      throw refuse(`circular dependency detected on stage: ${titleOf(file, number)}`, word);
    if (underWay.size >= MOST_DEEP) throw refuse(`more than ${MOST_DEEP} stages stand on each other`, word);
    underWay.add(number);
    const stage = stages[number] as Stage;
    const start = await begin(stage, number);
    const triggers = (start.config.OnBuild ?? []).map((text) => parseInstruction(text, "ONBUILD"));
    let position = 0;
    /** Images that the instruction in hand has named. */
    let taken = 0;
    const all = [...triggers, ...stage.instructions];
    /** How many that do something come before each. */
    const shown = [0];
    for (const each of all) shown.push((shown.at(-1) ?? 0) + (isShown(each) ? 1 : 0));
    const scope = ownScope(start.scope);
    const standing: Standing = {
      scope,
      ...{ file, stage: titleOf(file, number), globals, given: o.args, entitlements: o.entitlements },
      // Of those that do something, from 1, which is the FROM.
      place: (position) => placeOf(file, number, 1 + (shown[position] ?? 0), 1 + (shown.at(-1) ?? 0)),
      number: (position) => number * STAGE_SPAN + position * STEP_SPAN,
      async sourceOf(from: Word): Promise<TreeSource> {
        const name = expandWord(from, () => undefined);
        if (o.contexts.has(name)) return { kind: "context", name };
        const other = stageOf(name, number);
        if (other >= 0) return { kind: "node", node: (await treeOf(other, from)).node };
        if (name === "scratch") throw refuse("nothing can be copied from scratch", from);
        const { location } = from;
        const own = standing.number(position - 1) + ++taken;
        const step: StepView = {
          ...{ ...fromStep(stage, number), number: own, text: `FROM ${name}`, location },
          place: standing.place(position),
        };
        const image = bring(name, built, step);
        if (image.step === own) steps.push(step);
        return { kind: "node", node: (await image.bringing).node };
      },
    };
    let tree: Tree = { ...start, scope, config: { ...start.config, OnBuild: null } };
    const own = { cmd: false };
    for (const instruction of all) {
      position++;
      taken = 0;
      const { next, view } = await applyInstruction(tree, instruction, position, standing, own);
      tree = next;
      steps.push(view);
    }
    const has = (kind: Instruction["kind"]) => all.some((each) => each.kind === kind);
    const Env = has("env") ? environmentOf(scope) : tree.config.Env;
    const Labels = has("label") ? Object.fromEntries(scope.labels) : tree.config.Labels;
    tree = { ...tree, config: { ...tree.config, Env, Labels } };
    underWay.delete(number);
    done.set(number, tree);
    return tree;
  };

  const target = targetOf(file, o.target, stageOf);
  for (const { instructions, from } of stages)
    if (instructions.length >= MOST_STEPS)
      throw refuse(`the stage has ${MOST_STEPS} instructions or more`, from.image);
  bringAhead(target);
  const last = stages[target] as Stage;
  const tree = await treeOf(target, last.from.image);
  return { target: tree, steps: steps.toSorted((a, b) => a.number - b.number) };
}

function targetOf(
  file: Dockerfile,
  name: string | null,
  stageOf: (name: string, before: number) => number,
): number {
  const { stages, source } = file;
  if (name === null) return stages.length - 1;
  const found = stageOf(name, stages.length);
  if (found >= 0) return found;
  const { location } = (stages.at(-1) as Stage).from;
  throw new DockerfileError({ source, location, why: `target stage "${name}" could not be found` });
}

/** Stages that a stage takes files from, as written. */
const sourcesOf = ({ instructions }: Stage): string[] =>
  instructions.flatMap((instruction) => {
    if (instruction.kind === "copy") return instruction.from === undefined ? [] : [instruction.from.raw];
    if (instruction.kind === "run") return instruction.mounts.flatMap(({ from }) => from?.raw ?? []);
    return [];
  });

const titleOf = ({ stages }: Dockerfile, number: number) => stages[number]?.from.name ?? `stage-${number}`;

const isShown = ({ kind }: Instruction) => ["run", "copy", "add", "workdir"].includes(kind);

/** `build 2/5`; a file of one stage has no names. */
function placeOf(file: Dockerfile, number: number, at: number, of: number): string {
  const count = `${at}/${of}`;
  return file.stages.length === 1 ? count : `${titleOf(file, number)} ${count}`;
}

/** What an image's configuration says, with what every one needs. */
function inherited({ config }: ImageConfig): Config {
  const { Env, WorkingDir, ...rest } = { ...BARE, ...config };
  const hasPath = Env.some((entry) => entry.startsWith("PATH="));
  return {
    ...rest,
    Env: hasPath ? [...Env] : [...BARE.Env, ...Env],
    WorkingDir: WorkingDir === "" ? "/" : posix.normalize(WorkingDir),
  };
}

/** A line for every layer: an image that says less of its past would make others count wrong what is laid upon it. */
function wholeHistory({ history, rootfs, created }: ImageConfig): ImageConfig["history"] {
  const told = history?.filter(({ empty_layer }) => empty_layer !== true).length ?? 0;
  const missing = Math.max(0, (rootfs.diff_ids?.length ?? 0) - told);
  return [...Array.from({ length: missing }, () => ({ created })), ...(history ?? [])];
}
