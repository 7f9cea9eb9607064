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

/** What the engine tells while it pulls an image. */
export async function* pullLines(
  client: Client,
  reference: string,
  { platform, allPlatforms, allTags }: Partial<PullOptions>,
): AsyncGenerator<ProgressLine, void> {
  // `run` with an image that is here needs none of it, and starts without it.
  const { registryHeaders } = await import("./credentials/header.ts");
  yield* client.values<ProgressLine>({
    method: "POST",
    path: "/images/create",
    query: {
      ...(allTags === true ? { fromImage: reference } : splitTag(reference)),
      platform,
      allPlatforms: allPlatforms === true,
    },
    headers: await registryHeaders(reference),
  });
}

/** Pulls an image and shows how it goes. */
export async function pullImage(client: Client, reference: string, options: PullOptions): Promise<void> {
  const view = progress(options.to);
  for await (const line of pullLines(client, reference, options)) {
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

/** What the engine tells while it pushes an image, or a repository's tags. */
export async function* pushLines(
  client: Client,
  name: string,
  { all, platform }: Pick<PushOptions, "all" | "platform">,
): AsyncGenerator<ProgressLine, void> {
  const { registryHeaders } = await import("./credentials/header.ts");
  const { fromImage: repository, tag } = splitTag(name);
  yield* client.values<ProgressLine>({
    method: "POST",
    path: at`/images/${repository}/push`,
    query: { tag: all ? undefined : tag, platform },
    headers: await registryHeaders(name),
  });
}

/** Pushes an image, or a repository's tags, and shows how it goes. */
export async function pushImage(client: Client, name: string, options: PushOptions): Promise<void> {
  const view = progress(options.to);
  for await (const line of pushLines(client, name, options)) {
    if (!options.quiet) view.show(line);
    else if (line.error !== undefined) throw new Error(line.error);
  }
  if (!options.quiet) view.end();
}
