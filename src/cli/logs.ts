import { type Answer, at, type Client } from "../client/client.ts";

/** Whether the bytes of a container's log come in frames that name their stream; a terminal's come as they are. */
export async function isFramed(client: Client, name: string, answer: Answer): Promise<boolean> {
  if (answer.headers.get("content-type") === "application/vnd.docker.multiplexed-stream") return true;
  // Before v1.42 the answer does not say it.
  const about = await client.json<{ Config: { Tty: boolean } }>({
    method: "GET",
    path: at`/containers/${name}/json`,
  });
  return !about.Config.Tty;
}
