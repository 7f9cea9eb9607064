import { ApiError, at, type Client } from "../../client/client.ts";
import { formatJson } from "../../client/json.ts";
import { flag, text } from "../options/option.ts";
import { UsageError } from "../options/usage-error.ts";
import { printError } from "../print-error.ts";
import type { ContainerRecord } from "../recover/record.ts";
import { type Form, isForm, recoveredText } from "../recover/recover.ts";
import { formatTemplate } from "../template/template.ts";
import { err, out } from "../terminal/output.ts";
import { ANY, verb } from "../verb.ts";

const kinds = {
  container: (name: string) => at`/containers/${name}/json`,
  image: (name: string) => at`/images/${name}/json`,
  network: (name: string) => at`/networks/${name}`,
  volume: (name: string) => at`/volumes/${name}`,
} as const;

type Kind = keyof typeof kinds;

const format = text("TEMPLATE", "json, or a Go template: '{{.State.Status}}'", { short: "f" });
const as = text("FORM", "run or compose: the command line, or the service, that makes such a container", {
  words: ["run", "compose"],
});
const size = flag("With a container's sizes on disk", { short: "s" });

interface InspectOptions {
  readonly format: string | undefined;
  readonly size?: boolean;
  readonly platform?: string | undefined;
  readonly as?: string | undefined;
}

export const inspect = verb({
  usage: "[OPTIONS] NAME|ID [NAME|ID...]",
  options: {
    format,
    size,
    as,
    type: text("KIND", "container, image, network or volume: look among these only", {
      words: ["container", "image", "network", "volume"],
    }),
  },
  args: [1, ANY],
  examples: [
    "inro inspect -f '{{.State.Status}} {{.State.ExitCode}}' web",
    "inro inspect -f '{{json .Mounts}}' web",
    "inro inspect --as run web",
  ],
  run({ client }, { options, args }) {
    const { type } = options;
    if (type !== undefined && !Object.hasOwn(kinds, type))
      throw new UsageError(
        `cannot use "${type}" for --type: it is not container, image, network or volume`,
        1,
      );
    const among = type === undefined ? (Object.keys(kinds) as Kind[]) : [type as Kind];
    return inspectAll(client, among, args, options);
  },
});

const platform = text("OS/ARCH", "The platform of several to show");

const verbose = flag("Of a swarm's networks, more", { short: "v", hidden: true });

type KindOptions = {
  readonly format: typeof format;
  readonly size?: typeof size;
  readonly platform?: typeof platform;
  readonly as?: typeof as;
  readonly verbose?: typeof verbose;
};

const ofKind = (kind: Kind, options: KindOptions) =>
  verb({
    usage: `[OPTIONS] ${kind.toUpperCase()} [${kind.toUpperCase()}...]`,
    options,
    args: [1, ANY],
    run: ({ client }, line) => inspectAll(client, [kind], line.args, line.options as InspectOptions),
  });

export const inspectContainer = ofKind("container", { format, size, as });
export const inspectImage = ofKind("image", { format, platform });
export const inspectNetwork = ofKind("network", { format, verbose });
export const inspectVolume = ofKind("volume", { format });

/** What was found is printed, also when something else was not. */
async function inspectAll(
  client: Client,
  among: readonly Kind[],
  names: readonly string[],
  options: InspectOptions,
): Promise<number> {
  const wanted = options.format === "json" ? "{{json .}}" : options.format;
  const print =
    wanted === undefined || wanted === "" ? undefined : formatTemplate(wanted.replaceAll("\\t", "\t"));
  const form = formOf(options);
  const found: unknown[] = [];
  let status = 0;
  for (const name of names) {
    try {
      const value = await find(client, form === undefined ? among : ["container"], name, options);
      if (form !== undefined) out(await recoveredText(client, form, value as ContainerRecord));
      else if (print === undefined) found.push(value);
      else out(`${print(value)}\n`);
    } catch (error) {
      err(printError(error));
      status = 1;
    }
  }
  if (print === undefined && form === undefined) out(`${formatJson(found, 4)}\n`);
  return status;
}

function formOf({ as: form, format }: InspectOptions): Form | undefined {
  if (form === undefined || isForm(form)) {
    if (form !== undefined && format !== undefined)
      throw new UsageError("--as and --format exclude each other");
    return form;
  }
  throw new UsageError(`cannot use "${form}" for --as: it is neither run nor compose`);
}

async function find(
  client: Client,
  among: readonly Kind[],
  name: string,
  options: InspectOptions,
): Promise<unknown> {
  for (const kind of among) {
    try {
      const { size: sizes, platform: wanted } = options;
      const query = kind === "container" ? { size: sizes } : kind === "image" ? { platform: wanted } : {};
      return await client.json({ method: "GET", path: kinds[kind](name), query });
    } catch (error) {
      const isMissing = error instanceof ApiError && error.status === 404;
      if (!isMissing || among.length === 1) throw error;
    }
  }
  throw new Error(`No such object: ${name} (neither container nor image, network or volume)`);
}
