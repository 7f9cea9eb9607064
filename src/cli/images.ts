import { at, type Client } from "../client/client.ts";
import { type ProgressLine, progress } from "./print/progress.ts";

/** `name:tag`, `name@digest` or `name`, split where the API wants it: what follows the last colon of the last part. */
export function splitTag(reference: string): { fromImage: string; tag: string } {
  const digest = reference.indexOf("@");
  if (digest >= 0) return { fromImage: reference.slice(0, digest), tag: reference.slice(digest + 1) };
  const colon = reference.lastIndexOf(":");
  if (colon > reference.lastIndexOf("/"))
    return { fromImage: reference.slice(0, colon), tag: reference.slice(colon + 1) };
  return { fromImage: reference, tag: "latest" };
}

export interface PullOptions {
  readonly platform: string | undefined;
  readonly allPlatforms?: boolean;
  /** All tags of the repository that is named. */
  readonly allTags?: boolean;
  readonly quiet: boolean;
  /** `run` shows progress on standard error, as standard output is the container's. */
  readonly to: "stdout" | "stderr";
}

/** Pulls an image and shows how it goes. */
export async function pullImage(client: Client, reference: string, options: PullOptions): Promise<void> {
  // `run` with an image that is here needs none of it, and starts without it.
  const { registryHeaders } = await import("./credentials/header.ts");
  const view = progress(options.to);
  const lines = client.values<ProgressLine>({
    method: "POST",
    path: "/images/create",
    query: {
      ...(options.allTags === true ? { fromImage: reference } : splitTag(reference)),
      platform: options.platform,
      allPlatforms: options.allPlatforms === true,
    },
    headers: await registryHeaders(reference),
  });
  for await (const line of lines) {
    if (!options.quiet) view.show(line);
    else if (line.error !== undefined) throw new Error(line.error);
  }
  if (!options.quiet) view.end();
}

export interface PushOptions {
  /** Every tag that the repository has here. */
  readonly all: boolean;
  readonly platform: string | undefined;
  readonly quiet: boolean;
  readonly to: "stdout" | "stderr";
}

/** Pushes an image, or a repository's tags, and shows how it goes. */
export async function pushImage(client: Client, name: string, options: PushOptions): Promise<void> {
  const { registryHeaders } = await import("./credentials/header.ts");
  const { fromImage: repository, tag } = splitTag(name);
  const lines = client.values<ProgressLine>({
    method: "POST",
    path: at`/images/${repository}/push`,
    query: { tag: options.all ? undefined : tag, platform: options.platform },
    headers: await registryHeaders(name),
  });
  const view = progress(options.to);
  for await (const line of lines) {
    if (!options.quiet) view.show(line);
    else if (line.error !== undefined) throw new Error(line.error);
  }
  if (!options.quiet) view.end();
}
