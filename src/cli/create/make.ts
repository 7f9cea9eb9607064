import { closeSync, openSync, unlinkSync, writeSync } from "node:fs";
import { ApiError, type Client } from "../../client/client.ts";
import { pullImage } from "../images.ts";
import { UsageError } from "../options/usage-error.ts";
import { printWarning } from "../print-error.ts";
import { err } from "../terminal/output.ts";
import { type CreateLine, createBody } from "./body.ts";

/** Does what needs the line's image, and pulls it first where it has to. */
export async function withImage<T>(client: Client, line: CreateLine, work: () => Promise<T>): Promise<T> {
  const { options, image } = line;
  const policy = options.pull ?? "missing";
  if (!["always", "missing", "never"].includes(policy))
    throw new UsageError(`cannot use "${policy}" for --pull: it is not always, missing or never`);
  const pull = () =>
    pullImage(client, image, { platform: options.platform, quiet: options.quiet, to: "stderr" });
  if (policy === "always") await pull();
  try {
    return await work();
  } catch (error) {
    if (policy !== "missing" || !isImageMissing(error)) throw error;
  }
  if (!options.quiet) err(`Unable to find image '${image}' locally\n`);
  await pull();
  return work();
}

/** Makes the container. Answers its id. */
export async function makeContainer(client: Client, line: CreateLine): Promise<string> {
  const body = createBody(line);
  const idFile = openIdFile(line.options.cidfile);
  try {
    const made = await withImage(client, line, () => post(client, line, body));
    for (const warning of made.Warnings ?? []) err(printWarning(warning));
    idFile?.write(made.Id);
    return made.Id;
  } catch (error) {
    idFile?.discard();
    throw error;
  }
}

const isImageMissing = (error: unknown) =>
  error instanceof ApiError && error.status === 404 && /image/i.test(error.message);

interface Made {
  readonly Id: string;
  readonly Warnings?: readonly string[] | null;
}

function post(client: Client, { options }: CreateLine, body: unknown): Promise<Made> {
  const query = { name: options.name, platform: options.platform };
  return client.json<Made>({ method: "POST", path: "/containers/create", query, body });
}

/** Made first and exclusively, so that no container is made whose id could not be told. */
function openIdFile(path: string | undefined) {
  if (path === undefined) return undefined;
  let descriptor: number;
  try {
    descriptor = openSync(path, "wx", 0o644);
  } catch (error) {
    const exists = (error as { code?: string }).code === "EEXIST";
    const why = exists ? "the file exists already: remove it first" : (error as Error).message;
    throw new UsageError(`cannot write the container's id to "${path}": ${why}`);
  }
  return {
    write(id: string): void {
      writeSync(descriptor, id);
      closeSync(descriptor);
    },
    discard(): void {
      closeSync(descriptor);
      unlinkSync(path);
    },
  };
}
