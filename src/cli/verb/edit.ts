import { at, type Client } from "../../client/client.ts";
import { defined, healthcheck, tmpfs } from "../create/body.ts";
import { environment, labels } from "../create/environment.ts";
import { mount, volumes } from "../create/mounts.ts";
import { createOptions } from "../create/options.ts";
import { ports } from "../create/ports.ts";
import { edited } from "../edit/editor.ts";
import { editable, wordsBetween } from "../edit/lines.ts";
import { flag, list, text, type Values } from "../options/option.ts";
import { parse } from "../options/parse.ts";
import { UsageError } from "../options/usage-error.ts";
import { type Change, changeList } from "../print/changes.ts";
import type { Config, ContainerRecord } from "../recover/record.ts";
import { recovered } from "../recover/settings.ts";
import { confirmed } from "../terminal/confirm.ts";
import { isTerminal, out } from "../terminal/output.ts";
import { ANY, verb } from "../verb.ts";
import { limitOptions, limits } from "./update.ts";

const editOptions = {
  "dry-run": flag("Change nothing: show what would happen"),
  force: flag("Do not ask before it is restarted", { short: "f" }),
  name: text("NAME", "Its new name"),
  publish: list("[IP:]HOST:CTR[/udp]", "Publish a port", { short: "p" }),
  "publish-rm": list("[[IP:]HOST:]CTR[/udp]", "Close a port that it publishes"),
  "rm-port": list("PORT", "As --publish-rm", { hidden: true }),
  label: list("KEY[=VALUE]", "Set a label", { short: "l" }),
  "label-rm": list("KEY", "Take a label away"),
  env: list("NAME[=VALUE]", "Set an environment variable; without a value, take this shell's", {
    short: "e",
  }),
  "env-file": list("FILE", "Read environment variables from a file"),
  "env-rm": list("NAME", "Take an environment variable away"),
  volume: list("SRC:DST[:ro]", "Mount a folder of the host, or a volume", { short: "v" }),
  mount: createOptions.mount,
  tmpfs: createOptions.tmpfs,
  "mount-rm": list("DST", "Take away what is mounted there; a volume is kept"),
  entrypoint: createOptions.entrypoint,
  workdir: createOptions.workdir,
  user: createOptions.user,
  hostname: createOptions.hostname,
  init: createOptions.init,
  "read-only": createOptions["read-only"],
  privileged: createOptions.privileged,
  "stop-signal": createOptions["stop-signal"],
  "stop-timeout": createOptions["stop-timeout"],
  ...limitOptions,
  "health-cmd": createOptions["health-cmd"],
  "health-interval": createOptions["health-interval"],
  "health-timeout": createOptions["health-timeout"],
  "health-retries": createOptions["health-retries"],
  "health-start-period": createOptions["health-start-period"],
  "health-start-interval": createOptions["health-start-interval"],
  "health-on-failure": createOptions["health-on-failure"],
  "no-healthcheck": createOptions["no-healthcheck"],
} as const;

interface Answer {
  readonly When: "live" | "restart" | "next start";
  readonly Changes: readonly Change[];
}

export const edit = verb({
  usage: "[OPTIONS] CONTAINER [-- COMMAND [ARG...]]",
  options: editOptions,
  args: [1, ANY],
  examples: [
    "inro edit web -p 8080:80 --memory 1g --restart always",
    "inro edit web --env A=b --env-rm C --dry-run",
    "inro edit web -v data:/data -- nginx -g 'daemon off;'",
    "inro edit web (in $EDITOR)",
  ],
  async run({ client }, line) {
    const { options, args, given } = line;
    const [name = "", ...command] = args;
    if (given.size > 0 || command.length > 0) return change(client, name, { options, command, given });
    if (!isTerminal(0) || !isTerminal(1))
      throw new UsageError("say what is to be changed (see the options)", 1);
    const words = await inEditor(client, name);
    const parsed = parse(editOptions, words, { interspersed: true });
    return change(client, name, { ...parsed, command: parsed.args });
  },
});

interface Asked {
  readonly options: Values<typeof editOptions>;
  readonly command: readonly string[];
  /** The options that were written, by their long names. */
  readonly given: ReadonlySet<string>;
}

async function change(client: Client, name: string, asked: Asked): Promise<number> {
  const { options } = asked;
  const ask = (dryRun: boolean) =>
    client.json<Answer>({
      method: "POST",
      path: at`/inro/containers/${name}/edit`,
      query: { "dry-run": dryRun },
      body: bodyOf(asked),
    });
  const { When: when, Changes: changes } = await ask(true);
  out(changeList(changes, when === "next start"));
  if (options["dry-run"] || changes.length === 0) return 0;
  const asks = when === "restart" && !options.force && isTerminal(0) && isTerminal(2);
  if (asks && !confirmed(`Stop ${name} and start it as this?`)) return 1;
  await ask(false);
  out(`${options.name ?? name}\n`);
  return 0;
}

/** The container as text in the user's editor; the words that what is saved means. */
async function inEditor(client: Client, name: string): Promise<string[]> {
  const container = await client.json<ContainerRecord>({ method: "GET", path: at`/containers/${name}/json` });
  const image = await client.json<{ readonly Config: Config | null }>({
    method: "GET",
    path: at`/images/${container.Image}/json`,
  });
  const all = recovered(container, image.Config ?? {});
  const before = editable(all, container.Config.Cmd ?? [], editOptions);
  return wordsBetween(before, edited(before));
}

function bodyOf({ options, command, given }: Asked): Record<string, unknown> {
  const mounts = volumes(options.volume);
  const flagged = (name: "init" | "read-only" | "privileged") =>
    given.has(name) ? options[name] : undefined;
  return {
    Name: options.name,
    Set: defined({
      Env: environment(options["env-file"], options.env).filter((entry) => entry.includes("=")),
      Labels: labels([], options.label),
      Cmd: command.length > 0 ? command : undefined,
      Entrypoint: options.entrypoint === undefined ? undefined : [options.entrypoint],
      User: options.user,
      WorkingDir: options.workdir,
      Hostname: options.hostname,
      StopSignal: options["stop-signal"],
      StopTimeout: options["stop-timeout"],
      Healthcheck: healthcheck(options),
      Volumes: Object.fromEntries(mounts.anonymous.map((path) => [path, {}])),
      HostConfig: defined({
        Binds: mounts.binds,
        Mounts: options.mount.map(mount),
        Tmpfs: tmpfs(options.tmpfs),
        PortBindings: ports(options.publish, []).bindings,
        HealthOnFailure: options["health-on-failure"],
        Init: flagged("init"),
        ReadonlyRootfs: flagged("read-only"),
        Privileged: flagged("privileged"),
        ...limits(options),
      }),
    }),
    Remove: defined({
      Env: options["env-rm"],
      Labels: options["label-rm"],
      Mounts: options["mount-rm"],
      Ports: ports([...options["publish-rm"], ...options["rm-port"]], []).bindings,
    }),
  };
}
