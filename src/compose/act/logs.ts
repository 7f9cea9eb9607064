import { at, type Client, collect } from "../../client/client.ts";
import { demultiplexer } from "../../oci/stream-frames.ts";

/** Enough to see why something failed. */
const LINES = 10;

/** What a container said last; empty where nobody can tell. */
export async function lastLines(client: Client, container: string): Promise<readonly string[]> {
  try {
    const { Config } = await client.json<{ readonly Config: { readonly Tty: boolean } }>({
      method: "GET",
      path: at`/containers/${container}/json`,
    });
    const answer = await client.send({
      method: "GET",
      path: at`/containers/${container}/logs`,
      query: { stdout: true, stderr: true, tail: LINES },
    });
    const bytes = await collect(answer.body);
    const parts: Uint8Array[] = [];
    if (Config.Tty) parts.push(bytes);
    else demultiplexer((_stream, part) => parts.push(part))(bytes);
    const text = Buffer.concat(parts).toString("utf8").trimEnd();
    return text === "" ? [] : text.split("\n");
  } catch {
    return [];
  }
}
