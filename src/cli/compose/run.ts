/** `run`: a service's container for one command. */
import { homedir } from "node:os";
import { resolve } from "node:path";
import { at } from "../../client/client.ts";
import { look } from "../../compose/act/look.ts";
import { createOneOff } from "../../compose/act/one-off.ts";
import type { OneOff } from "../../compose/converge/one-off.ts";
import { orphanSteps } from "../../compose/converge/up.ts";
import { shortPorts } from "../../compose/file/short/port.ts";
import { isHostPath, shortVolume } from "../../compose/file/short/volume.ts";
import { dependenciesOf } from "../../compose/model/order.ts";
import type { Mount, Port, Project, Service } from "../../compose/model/project.ts";
import { environment, labels } from "../create/environment.ts";
import { UsageError } from "../options/usage-error.ts";
import { printError, printWarning } from "../print-error.ts";
import { foreground } from "../session/foreground.ts";
import { startStatus } from "../status.ts";
import { err, isTerminal, out } from "../terminal/output.ts";
import { type App, refuseUnknown } from "./app.ts";
import { handsOf } from "./hands.ts";
import { bringImages } from "./images/bring.ts";
import { perform } from "./perform.ts";
import { direct, modeOf } from "./progress/show.ts";
import { make } from "./up.ts";

export interface RunValues {
  readonly detach: boolean;
  readonly rm: boolean;
  readonly name: string | undefined;
  readonly env: readonly string[];
  readonly entrypoint: string | undefined;
  readonly user: string | undefined;
  readonly workdir: string | undefined;
  readonly label: readonly string[];
  readonly volume: readonly string[];
  readonly "no-tty": boolean;
  readonly "no-TTY": boolean;
  readonly interactive: boolean;
  readonly tty: boolean;
  readonly "no-deps": boolean;
  readonly build: boolean;
  readonly pull: string | undefined;
  readonly quiet: boolean;
  readonly "quiet-pull": boolean;
  readonly "quiet-build": boolean;
  readonly "remove-orphans": boolean;
  readonly publish: readonly string[];
  readonly "service-ports": boolean;
  readonly "use-aliases": boolean;
  readonly "cap-add": readonly string[];
  readonly "cap-drop": readonly string[];
}

/** Answers the exit code of the command. */
export async function runOnce(
  app: App,
  name: string,
  command: readonly string[],
  options: RunValues,
): Promise<number> {
  const project = await app.project([name], { needs: { counts: { [name]: 1 } } });
  refuseUnknown(name, new Set(project.services.keys()));
  const { depends_on: needs, ...alone } = project.services.get(name) as Service;
  const service: Service =
    options["no-deps"] || needs === undefined ? alone : { ...alone, depends_on: needs };
  await prepare(app, project, service, options);
  if (app.options["dry-run"]) return 0;
  const wanted = options.tty && !options["no-tty"] && !options["no-TTY"];
  const tty = wanted && (options.detach ? service.tty === true : isTerminal(0) && isTerminal(1));
  const asked = oneOff(command, { ...options, tty });
  const mode = modeOf(app.options);
  const hands = await handsOf(app, project, { above: direct, mode, work: {} });
  const made = await createOneOff(
    { ...hands, project },
    service,
    asked,
    {
      aliases: options["use-aliases"],
      remove: options.rm,
      ...(options.name === undefined ? {} : { name: options.name }),
    },
    (text) => err(printWarning(new Error(text))),
  );
  try {
    return await start(app, made, asked, options);
  } catch (error) {
    if (options.rm) await remove(app, made.id);
    if (error instanceof UsageError) throw error;
    err(printError(error));
    return startStatus(error);
  }
}

/** What it depends on runs, and its image is there. */
async function prepare(app: App, project: Project, service: Service, options: RunValues): Promise<void> {
  const images = {
    ...{ build: options.build, "no-build": false, pull: options.pull },
    "quiet-pull": options.quiet || options["quiet-pull"],
  };
  const needed = options["no-deps"] ? [] : dependenciesOf(service, project.services);
  if (options["remove-orphans"]) {
    const actual = await look(app.client, project.name);
    await perform(app, { project, plan: orphanSteps(project, actual), verb: "run" });
  }
  if (needed.length > 0)
    await make(app, project, {
      ...{ services: needed, verb: "run" },
      options: {
        ...{ ...images, scale: {}, "force-recreate": false, "no-recreate": false },
        "remove-orphans": false,
      },
    });
  await bringImages(app, project, { services: [service.name], dependencies: false, options: images });
}

async function start(
  { client }: App,
  { id, name }: { readonly id: string; readonly name: string },
  asked: OneOff,
  options: RunValues,
): Promise<number> {
  if (options.detach) {
    await client.send({ method: "POST", path: at`/containers/${id}/start` });
    out(`${name}\n`);
    return 0;
  }
  return foreground(client, {
    ...{
      id,
      name,
      tty: asked.tty,
      detachKeys: undefined,
      proxySignals: true,
      waitFor: options.rm ? "removed" : "next-exit",
    },
    streams: { stdin: asked.interactive, stdout: true, stderr: true },
  });
}

async function remove({ client }: Pick<App, "client">, id: string): Promise<void> {
  const query = { force: true, v: true };
  await client.send({ method: "DELETE", path: at`/containers/${id}`, query, expected: [404, 409] });
}

function oneOff(command: readonly string[], options: RunValues): OneOff {
  const { entrypoint, user, workdir } = options;
  const variables = environment([], options.env).map((entry) => {
    const [name = ""] = entry.split("=", 1);
    return [name, entry.includes("=") ? entry.slice(name.length + 1) : null] as const;
  });
  return {
    command,
    ...(entrypoint === undefined ? {} : { entrypoint: entrypoint === "" ? [] : [entrypoint] }),
    environment: Object.fromEntries(variables),
    labels: labels([], options.label),
    volumes: options.volume.map(mountOf),
    ports: options.publish.flatMap(portsOf),
    servicePorts: options["service-ports"],
    ...(user === undefined ? {} : { user }),
    ...(workdir === undefined ? {} : { workingDir: workdir }),
    capAdd: options["cap-add"],
    capDrop: options["cap-drop"],
    tty: options.tty,
    interactive: options.interactive,
  };
}

function mountOf(text: string): Mount {
  const short = shortVolume(text);
  if (short === undefined)
    throw new UsageError(`cannot use "${text}" for --volume: write SOURCE:TARGET or SOURCE:TARGET:ro`, 1);
  const { source, target, options } = short;
  const common = { target, ...(options.includes("ro") ? { read_only: true } : {}) };
  if (source === undefined) return { ...common, type: "volume" };
  if (!isHostPath(source)) return { ...common, type: "volume", source };
  return { ...common, type: "bind", source: resolve(source.replace(/^~(?=\/|$)/, homedir())) };
}

function portsOf(text: string): readonly Port[] {
  const ports = shortPorts(text);
  if (ports === undefined)
    throw new UsageError(`cannot use "${text}" for --publish: write [IP:]HOST:CONTAINER, as 8080:80`, 1);
  return ports;
}
