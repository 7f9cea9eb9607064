/** What becomes of a built image beside being one of the engine's. */
import { mkdirSync, writeFileSync } from "node:fs";
import { posix } from "node:path";
import { at, type Client } from "../../client/client.ts";
import { unpack } from "../copy/unpack.ts";
import { pushImage } from "../images.ts";
import { UsageError } from "../options/usage-error.ts";
import { refuseTerminal, writeOutput } from "../output-file.ts";
import { printWarning } from "../print-error.ts";
import { err } from "../terminal/output.ts";
import type { Output } from "./inputs.ts";

export interface Built {
  readonly id: string;
  readonly names: readonly string[];
}

/** Refused before anything is built. */
export function checkOutputs(outputs: readonly Output[], names: readonly string[], pushes: boolean): void {
  const streams = outputs.filter(({ dest }) => dest === "-");
  if (streams.length > 1) throw new UsageError("only one --output can be written to standard output", 1);
  if (streams.length > 0) refuseTerminal(undefined);
  if (pushes && names.length === 0) throw new UsageError("there is no name to push: give it one with -t", 1);
}

export async function writeOutputs(
  client: Client,
  outputs: readonly Output[],
  { id, names }: Built,
): Promise<void> {
  for (const { type, dest } of outputs) {
    const file = dest === "-" ? undefined : dest;
    switch (type) {
      case "image":
        break;
      case "local":
        await writeFolder(await files(client, id), dest);
        break;
      case "tar":
        await writeOutput(await files(client, id), file);
        break;
      case "oci":
      case "docker": {
        const query = { names: names.length === 0 ? [id] : names };
        await writeOutput((await client.send({ method: "GET", path: "/images/get", query })).body, file);
      }
    }
  }
}

const files = async (client: Client, id: string) =>
  (await client.send({ method: "GET", path: at`/inro/images/${id}/files` })).body;

/** Everything belongs to whoever builds; devices are left out. */
async function writeFolder(tar: AsyncIterable<Uint8Array>, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const skipped = (name: string, type: string) =>
    err(printWarning(new Error(`"${name}" is left out: it is a ${type}`)));
  await unpack(tar, { folder, rename: (name) => posix.normalize(name), keepOwner: false, skipped });
}

export async function pushAll(client: Client, names: readonly string[], quiet: boolean): Promise<void> {
  for (const name of names)
    await pushImage(client, name, { all: false, platform: undefined, quiet, to: "stderr" });
}

/** In BuildKit's words. */
export async function writeMetadata(client: Client, path: string, { id, names }: Built): Promise<void> {
  const image = await client.json<{ readonly Descriptor?: { readonly digest?: string } }>({
    method: "GET",
    path: at`/images/${id}/json`,
  });
  const digest = image.Descriptor?.digest;
  const told = {
    ...(digest === undefined ? {} : { "containerimage.digest": digest }),
    "containerimage.config.digest": id,
    ...(names.length === 0 ? {} : { "image.name": names.join(",") }),
  };
  writeFileSync(path, `${JSON.stringify(told, null, 2)}\n`);
}
