import { ApiError, at } from "../../../client/client.ts";
import type { Project } from "../../../compose/model/project.ts";
import { registryHeaders } from "../../credentials/header.ts";
import { splitTag } from "../../images.ts";
import type { App } from "../app.ts";

/** The images that services name, by service, with the digests that these names mean. */
export async function digestsOf({ client }: App, project: Project): Promise<ReadonlyMap<string, string>> {
  const named = [...project.services.values()].flatMap(({ name, image }) =>
    image === undefined ? [] : [[name, image] as const],
  );
  const pinned = named.map(async ([name, image]) => {
    if (image.includes("@")) return [name, image] as const;
    return [name, `${image}@${await digestOf(client, image)}`] as const;
  });
  return new Map(await Promise.all(pinned));
}

/** At the registry where the engine asks it, else as it was pulled. */
async function digestOf(client: App["client"], image: string): Promise<string> {
  try {
    const path = at`/distribution/${image}/json`;
    const headers = await registryHeaders(image);
    const told = await client.json<{ Descriptor: { digest: string } }>({ method: "GET", path, headers });
    return told.Descriptor.digest;
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error;
  }
  const { RepoDigests } = await client.json<{ RepoDigests: readonly string[] | null }>({
    ...{ method: "GET", path: at`/images/${image}/json` },
  });
  const { fromImage } = splitTag(image);
  const own = (RepoDigests ?? []).map((each) => each.split("@"));
  const digest = (own.find(([name]) => name === fromImage) ?? own[0])?.[1];
  if (digest !== undefined) return digest;
  throw new Error(`"${image}" has no digest: it was never at a registry (inro pull or inro push it first)`);
}
