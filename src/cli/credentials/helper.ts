/**
 * Programs that keep credentials (docker-credential-helpers, "Development"): `docker-credential-<name> get|store|erase|list`,
 * the server or JSON on standard input, JSON or an error's words on standard output.
 */
import { spawn } from "node:child_process";
import * as v from "valibot";
import { InroError } from "../../oci/error.ts";

const keptSchema = v.object({ Username: v.string(), Secret: v.string() });

export type Kept = v.InferOutput<typeof keptSchema>;

/** What every helper says of a server that it knows nothing of. */
const notFound = /credentials not found/i;

function refuse(name: string, why: string, hint?: string): InroError {
  const what = `cannot use the credential helper docker-credential-${name}`;
  return new InroError("CREDENTIAL_HELPER_FAILED", hint === undefined ? { what, why } : { what, why, hint });
}

function programOf(name: string): string {
  if (/^[A-Za-z0-9_.-]+$/.test(name)) return `docker-credential-${name}`;
  throw refuse(
    name,
    "that is no program's name",
    "correct credsStore or credHelpers in docker's config.json",
  );
}

async function text(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).toString("utf8");
}

async function call(name: string, verb: "get" | "store" | "erase" | "list", input: string) {
  const child = spawn(programOf(name), [verb], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", (error: NodeJS.ErrnoException) => {
      const missing = error.code === "ENOENT";
      const why = missing ? "there is no such program in PATH" : error.message;
      reject(refuse(name, why, missing ? "install it, or correct docker's config.json" : undefined));
    });
    child.once("close", resolve);
  });
  // A helper that ends without reading its input has said why.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const [said, code] = await Promise.all([text(child.stdout), ended]);
  return { said: said.trim(), code };
}

/** What the helper keeps for the server; undefined where it keeps nothing. */
export async function helperGet(name: string, server: string): Promise<Kept | undefined> {
  const { said, code } = await call(name, "get", server);
  if (code !== 0 && notFound.test(said)) return undefined;
  if (code !== 0) throw refuse(name, said === "" ? `it ended with ${code}` : said);
  try {
    return v.parse(keptSchema, JSON.parse(said));
  } catch {
    throw refuse(name, "it answered something that is no credentials");
  }
}

/** The servers that it keeps something for. */
export async function helperList(name: string): Promise<readonly string[]> {
  const { said, code } = await call(name, "list", "");
  if (code !== 0) throw refuse(name, said === "" ? `it ended with ${code}` : said);
  try {
    return Object.keys(v.parse(v.record(v.string(), v.string()), JSON.parse(said)));
  } catch {
    throw refuse(name, "it answered something that is no list of servers");
  }
}

export async function helperStore(name: string, server: string, kept: Kept): Promise<void> {
  const { said, code } = await call(name, "store", JSON.stringify({ ServerURL: server, ...kept }));
  if (code !== 0) throw refuse(name, said === "" ? `it ended with ${code}` : said);
}

export async function helperErase(name: string, server: string): Promise<void> {
  const { said, code } = await call(name, "erase", server);
  if (code !== 0 && !notFound.test(said)) throw refuse(name, said === "" ? `it ended with ${code}` : said);
}
