import { cleanPath } from "./clean-path.ts";
import { DockerfileError } from "./error.ts";
import { expandWord, type Lookup } from "./expand.ts";
import { type MountFlag, mountTypes, type RunMount, sharingModes } from "./instruction.ts";
import { meantOf } from "./meant.ts";
import { type MountType, mountOptions } from "./mount-options.ts";
import type { Word } from "./word.ts";

/** The fields' values by key; the last of several counts. */
class Fields {
  readonly #flag: MountFlag;
  readonly #values = new Map<string, { readonly text: string | undefined; readonly word: Word }>();

  constructor(flag: MountFlag, lookup: Lookup) {
    this.#flag = flag;
    for (const { key, value } of flag.fields) {
      const word = value ?? key;
      const text = value === undefined ? undefined : expandWord(value, lookup);
      // "readwrite=false" is "readonly=true".
      if (key.raw === "readwrite")
        this.#values.set("readonly", { text: `${!truth(text ?? "true", word, key.raw)}`, word });
      else this.#values.set(key.raw, { text, word });
    }
  }

  refuse(why: string, word?: Word, hint?: string): never {
    const source = this.#flag.fields[0]?.key.source as Word["source"];
    const location = word?.location ?? this.#flag.location;
    throw new DockerfileError({ source, location, why, ...(hint === undefined ? {} : { hint }) });
  }

  get names(): string[] {
    return [...this.#values.keys()];
  }

  word(name: string): Word | undefined {
    return this.#values.get(name)?.word;
  }

  /** Undefined where it is not given, or empty. */
  text(name: string): string | undefined {
    const text = this.#values.get(name)?.text;
    return text === "" ? undefined : text;
  }

  truth(name: string, otherwise: boolean): boolean {
    const field = this.#values.get(name);
    return field === undefined ? otherwise : truth(field.text ?? "true", field.word, name);
  }

  number(name: string, base: 8 | 10, otherwise: number): number {
    const field = this.#values.get(name);
    if (field === undefined) return otherwise;
    const text = field.text ?? "";
    const digits = base === 8 ? /^[0-7]{1,11}$/ : /^[0-9]{1,10}$/;
    const value = digits.test(text) ? Number.parseInt(text, base) : Number.NaN;
    if (!(value < 2 ** 32)) this.refuse(`invalid value ${text} for ${name}`, field.word);
    return value;
  }

  oneOf<const Name extends string>(
    name: string,
    what: string,
    known: readonly Name[],
    otherwise: Name,
  ): Name {
    const field = this.#values.get(name);
    if (field === undefined) return otherwise;
    const text = field.text ?? "";
    const found = known.find((each) => each === text.toLowerCase());
    return (
      found ??
      this.refuse(
        `unsupported ${what} ${JSON.stringify(text)}`,
        field.word,
        meantOf(text.toLowerCase(), known),
      )
    );
  }
}

function truth(text: string, word: Word, name: string): boolean {
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true;
  if (/^(0|f|F|FALSE|false|False)$/.test(text)) return false;
  const { source, location } = word;
  throw new DockerfileError({ source, location, why: `invalid value for ${name}: ${text}` });
}

const build: { [Type in MountType]: (fields: Fields, from: string | undefined) => RunMount } = {
  bind: (fields, from) => ({
    type: "bind",
    target: fields.text("target") ?? ".",
    source: fields.text("source") ?? "/",
    from,
    readonly: fields.truth("readonly", true),
  }),
  cache: (fields, from) => ({
    type: "cache",
    id: fields.text("id") ?? cleanPath(fields.text("target") ?? "."),
    target: fields.text("target") ?? ".",
    source: fields.text("source") ?? "/",
    from,
    readonly: fields.truth("readonly", false),
    sharing: fields.oneOf("sharing", "sharing value", sharingModes, "shared"),
    ...owned(fields, 0o755),
  }),
  tmpfs: (fields) => ({ type: "tmpfs", target: fields.text("target") ?? ".", size: sizeOf(fields) }),
  secret,
  ssh: (fields) => ({
    type: "ssh",
    id: fields.text("id") ?? "default",
    target: fields.text("target"),
    required: fields.truth("required", false),
    ...owned(fields, 0o600),
  }),
};

/**
 * What a `--mount` flag asks for, its variables replaced. Throws DOCKERFILE_INVALID for what it cannot be; that a target
 * is not `/` is for whoever knows the working folder.
 */
export function resolveMount(flag: MountFlag, lookup: Lookup): RunMount {
  const fields = new Fields(flag, lookup);
  const type = fields.oneOf("type", "mount type", mountTypes, "bind");
  const wrong = fields.names.find((name) => !mountOptions[type].includes(name));
  if (wrong !== undefined)
    fields.refuse(`unexpected key '${wrong}' for mount type '${type}'`, fields.word(wrong));
  return build[type](fields, fields.text("from"));
}

function secret(fields: Fields): RunMount {
  const [source, id, target, env] = ["source", "id", "target", "env"].map((name) => fields.text(name));
  if (source !== undefined && id !== undefined)
    fields.refuse("both source and id can't be set", fields.word("source"));
  const name = source ?? id ?? target?.split("/").findLast((each) => each !== "");
  if (name === undefined)
    fields.refuse("invalid secret mount. one of source, target required", undefined, "id=NAME");
  const file = env === undefined ? `/run/secrets/${name.split("/").at(-1)}` : undefined;
  const required = fields.truth("required", false);
  return { type: "secret", id: name, target: target ?? file, env, required, ...owned(fields, 0o400) };
}

const owned = (fields: Fields, mode: number) => ({
  mode: fields.number("mode", 8, mode),
  uid: fields.number("uid", 10, 0),
  gid: fields.number("gid", 10, 0),
});

/** `64m`, `1.5 GiB`: each letter 1024 times the one before. */
function sizeOf(fields: Fields): number | undefined {
  const text = fields.text("size");
  if (text === undefined) return undefined;
  const match = /^(\d+(?:\.\d+)?) ?([kmgtp])?i?b?$/i.exec(text);
  const power = " kmgtp".indexOf(match?.[2]?.toLowerCase() ?? " ");
  const bytes = Math.floor(Number(match?.[1]) * 1024 ** power);
  return Number.isSafeInteger(bytes)
    ? bytes
    : fields.refuse(`invalid value for size: ${text}`, fields.word("size"));
}
