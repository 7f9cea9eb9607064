/**
 * Images described by a program (docs/LIBRARY.md, "Builds"): what includes, conditions and loops are in a Dockerfile that
 * has none. A recipe is a value: each method answers another one, and nothing is built. What is built is the Dockerfile
 * that it says, so that its steps are found in the cache whoever wrote them.
 *
 * ```ts
 * import { image } from "inro/build";
 * const tools = image("debian:bookworm").run("apt-get update && apt-get install -y gcc");
 * const program = tools.copy("hello.c", "/src/").run(["gcc", "-static", "-o", "/hello", "/src/hello.c"]);
 * const hello = image("scratch").copy("/hello", "/", { from: program }).cmd(["/hello"]);
 * ```
 */
import { heredoc, invalid, literal, mountFlag, pathList, shellLine, shellLines, word } from "./words.ts";

/** What a step mounts while it runs; `from` is a recipe's or an image's files instead of the context's. */
export type Mount =
  | {
      readonly type: "bind";
      readonly target: string;
      readonly source?: string;
      readonly from?: Recipe | string;
      readonly readWrite?: boolean;
    }
  | {
      readonly type: "cache";
      readonly target: string;
      readonly id?: string;
      readonly sharing?: "shared" | "private" | "locked";
    }
  | { readonly type: "tmpfs"; readonly target: string /** Bytes. */; readonly size?: number }
  | {
      readonly type: "secret";
      readonly id: string;
      readonly target?: string;
      readonly env?: string;
      readonly required?: boolean;
    }
  | { readonly type: "ssh"; readonly id?: string; readonly target?: string; readonly required?: boolean };

export interface RunOptions {
  readonly mounts?: readonly Mount[];
  readonly network?: "default" | "none" | "host";
}

export interface CopyOptions {
  /** A recipe's or an image's files instead of the context's. */
  readonly from?: Recipe | string;
  /** `user[:group]`, names or numbers. */
  readonly owner?: string;
  /** `755`, `u=rwX,go=rX` */
  readonly mode?: string;
  readonly exclude?: readonly string[];
  readonly parents?: boolean;
  readonly link?: boolean;
}

export interface AddOptions extends Omit<CopyOptions, "from" | "parents"> {
  /** `sha256:…` of what is downloaded, or a commit. */
  readonly checksum?: string;
  readonly unpack?: boolean;
}

/** Texts such as `30s`. */
export interface HealthOptions {
  readonly interval?: string;
  readonly timeout?: string;
  readonly startPeriod?: string;
  readonly startInterval?: string;
  readonly retries?: number;
}

/** A line of a shell, or a program with its arguments. */
export type Command = string | readonly string[];

interface Instruction {
  /** `names`: what other recipes are called in the file. */
  text(names: (recipe: Recipe) => string): string;
  readonly recipes: readonly Recipe[];
}

const plain = (text: string): Instruction => ({ text: () => text, recipes: [] });

const flag = (name: string, value: string | boolean | undefined): string[] =>
  value === undefined || value === false
    ? []
    : [value === true ? `--${name}` : `--${name}=${literal(value)}`];

const commandText = (command: Command, inLine: (text: string) => string): string =>
  typeof command === "string" ? inLine(command) : JSON.stringify(command);

/** An image to be. */
export class Recipe {
  readonly #from: string;
  readonly #platform: string | undefined;
  readonly #instructions: readonly Instruction[];

  private constructor(from: string, platform: string | undefined, instructions: readonly Instruction[]) {
    this.#from = from;
    this.#platform = platform;
    this.#instructions = instructions;
  }

  /** What an image has; `scratch`: nothing. */
  static from(reference: string, o: { readonly platform?: string } = {}): Recipe {
    if (!/^\S+$/.test(reference)) throw invalid(`"${reference}" names no image`);
    return new Recipe(reference, o.platform, []);
  }

  run(command: Command, { mounts = [], network }: RunOptions = {}): Recipe {
    const recipes = mounts.flatMap((mount) => ("from" in mount ? recipeIn(mount.from) : []));
    return this.#and({
      recipes,
      text: (names) =>
        [
          "RUN",
          ...mounts.map((mount) => mountFlag(mount, names)),
          ...flag("network", network),
          commandText(command, shellLines),
        ].join(" "),
    });
  }

  /** Sources are patterns in the context, or in what `from` names. */
  copy(sources: string | readonly string[], destination: string, o: CopyOptions = {}): Recipe {
    const { from } = o;
    return this.#and({
      recipes: recipeIn(from),
      text: (names) =>
        [
          "COPY",
          ...(from === undefined ? [] : [`--from=${typeof from === "string" ? from : names(from)}`]),
          ...copyFlags(o),
          ...flag("parents", o.parents),
          pathList([...[sources].flat(), destination]),
        ].join(" "),
    });
  }

  /** The same of URLs and git repositories; archives of the context are unpacked. */
  add(sources: string | readonly string[], destination: string, o: AddOptions = {}): Recipe {
    const unpack = o.unpack === undefined ? [] : [`--unpack=${o.unpack}`];
    const flags = [...copyFlags(o), ...flag("checksum", o.checksum), ...unpack];
    return this.#say("ADD", ...flags, pathList([...[sources].flat(), destination]));
  }

  /** A file of this text. */
  file(path: string, content: string, o: Pick<CopyOptions, "owner" | "mode"> = {}): Recipe {
    return this.#say("COPY", ...copyFlags(o), heredoc(content, ` ${word(path)}`));
  }

  env(variables: Readonly<Record<string, string>>): Recipe {
    return this.#say("ENV", pairs(variables));
  }

  label(labels: Readonly<Record<string, string>>): Recipe {
    return this.#say("LABEL", pairs(labels));
  }

  workdir(path: string): Recipe {
    return this.#say("WORKDIR", literal(path));
  }

  /** `user[:group]` */
  user(user: string): Recipe {
    return this.#say("USER", literal(user));
  }

  /** `80`, `53/udp`, `7000-7010` */
  expose(...ports: readonly (string | number)[]): Recipe {
    return this.#say("EXPOSE", ...ports.map(String));
  }

  volume(...paths: readonly string[]): Recipe {
    return this.#say("VOLUME", pathList(paths));
  }

  /** What runs the lines of commands from here on. */
  shell(shell: readonly string[]): Recipe {
    return this.#say("SHELL", JSON.stringify(shell));
  }

  stopSignal(signal: string): Recipe {
    return this.#say("STOPSIGNAL", literal(signal));
  }

  /** `false`: the base's is not used. */
  healthcheck(command: Command | false, o: HealthOptions = {}): Recipe {
    if (command === false) return this.#say("HEALTHCHECK NONE");
    const named = [
      ["interval", o.interval],
      ["timeout", o.timeout],
      ["start-period", o.startPeriod],
      ["start-interval", o.startInterval],
      ["retries", o.retries === undefined ? undefined : String(o.retries)],
    ] as const;
    const flags = named.flatMap(([name, value]) => flag(name, value));
    return this.#say("HEALTHCHECK", ...flags, "CMD", commandText(command, shellLine));
  }

  entrypoint(command: Command): Recipe {
    return this.#say("ENTRYPOINT", commandText(command, shellLine));
  }

  cmd(command: Command): Recipe {
    return this.#say("CMD", commandText(command, shellLine));
  }

  /** The Dockerfile that is built. */
  dockerfile(): string {
    const stages: string[] = [];
    const known = new Map<Recipe, string>();
    const nameOf = (recipe: Recipe): string => known.get(recipe) ?? write(recipe);
    const write = (recipe: Recipe): string => {
      const lines = recipe.#instructions.map((instruction) => {
        for (const other of instruction.recipes) nameOf(other);
        return instruction.text(nameOf);
      });
      const name = `recipe-${known.size}`;
      known.set(recipe, name);
      const platform = flag("platform", recipe.#platform);
      stages.push([["FROM", ...platform, recipe.#from, "AS", name].join(" "), ...lines, ""].join("\n"));
      return name;
    };
    write(this);
    return stages.join("\n");
  }

  #say(...words: readonly string[]): Recipe {
    return this.#and(plain(words.join(" ")));
  }

  #and(instruction: Instruction): Recipe {
    return new Recipe(this.#from, this.#platform, [...this.#instructions, instruction]);
  }
}

export const image = Recipe.from;

const recipeIn = (from: Recipe | string | undefined): Recipe[] => (from instanceof Recipe ? [from] : []);

const copyFlags = ({ owner, mode, exclude = [], link }: Omit<CopyOptions, "from" | "parents">): string[] => [
  ...flag("chown", owner),
  ...flag("chmod", mode),
  ...exclude.map((pattern) => `--exclude=${literal(pattern)}`),
  ...flag("link", link),
];

const pairs = (values: Readonly<Record<string, string>>): string =>
  Object.entries(values)
    .map(([name, value]) => {
      if (!/^[^\s="'$\\]+$/.test(name)) throw invalid(`"${name}" cannot be a name`);
      return `${name}=${literal(value)}`;
    })
    .join(" ");
