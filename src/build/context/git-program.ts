import { InroError } from "../../oci/error.ts";

export interface GitOptions {
  /** Where it works: a folder of the builder's own. */
  readonly folder: string;
  /** The agent's socket, for repositories by ssh. */
  readonly sshSocket?: string | undefined;
  /** A header for requests to URLs that begin so. */
  readonly authorization?: { readonly origin: string; readonly value: string } | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What of the engine's environment git needs to reach a server. */
const passed = [
  "PATH",
  "LANG",
  "http_proxy",
  "https_proxy",
  "no_proxy",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "ALL_PROXY",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "GIT_SSL_CAINFO",
];

/**
 * git-config(1). No configuration of the host's is read, no hook and no program of a repository's runs, and no protocol but
 * these is spoken, submodules included: `ext::` and `file:` would be the host's own programs and files.
 */
const settings: Readonly<Record<string, string>> = {
  "core.hooksPath": "/dev/null",
  "core.fsmonitor": "false",
  "core.autocrlf": "false",
  "protocol.allow": "never",
  "protocol.https.allow": "always",
  "protocol.http.allow": "always",
  "protocol.ssh.allow": "always",
  "protocol.git.allow": "always",
  "gc.auto": "0",
  "advice.detachedHead": "false",
};

/** Of servers that the host knows the key is checked; of others it is taken, and nothing is written down. */
const ssh = [
  "ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=accept-new -o UserKnownHostsFile=/dev/null",
  "-o 'GlobalKnownHostsFile=/etc/ssh/ssh_known_hosts /root/.ssh/known_hosts'",
].join(" ");

function environment({ sshSocket, authorization }: GitOptions): Record<string, string> {
  const config = { ...settings };
  if (authorization !== undefined)
    config[`http.${authorization.origin}/.extraHeader`] = `Authorization: ${authorization.value}`;
  const env: Record<string, string> = {
    HOME: "/nonexistent",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ALLOW_PROTOCOL: "https:http:ssh:git",
    GIT_TEMPLATE_DIR: "",
    GIT_SSH_COMMAND: ssh,
    GIT_CONFIG_COUNT: String(Object.keys(config).length),
  };
  for (const [at, [key, value]] of Object.entries(config).entries()) {
    env[`GIT_CONFIG_KEY_${at}`] = key;
    // Not in the arguments, which everybody on the host can read.
    env[`GIT_CONFIG_VALUE_${at}`] = value;
  }
  for (const name of passed) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  if (sshSocket !== undefined) env["SSH_AUTH_SOCK"] = sshSocket;
  return env;
}

/** Bytes of what it says that are kept: its last words tell what failed. */
const mostSaid = 64 * 1024;

async function textOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  let kept = Buffer.alloc(0);
  for await (const chunk of stream) kept = Buffer.concat([kept, chunk]).subarray(-mostSaid);
  return kept.toString("utf8");
}

/** Runs git and answers what it prints. GIT_MISSING, GIT_FAILED */
export async function git(o: GitOptions, ...words: readonly string[]): Promise<string> {
  o.signal?.throwIfAborted();
  const program = Bun.which("git");
  if (program === null)
    throw new InroError("GIT_MISSING", {
      what: "cannot fetch the repository",
      why: "git is not installed on the engine's host",
      hint: "install git there, or clone it yourself and build in the clone",
    });
  const child = Bun.spawn([program, ...words], {
    cwd: o.folder,
    env: environment(o),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    ...(o.signal === undefined ? {} : { signal: o.signal, killSignal: "SIGKILL" as const }),
  });
  const [out, said, status] = await Promise.all([textOf(child.stdout), textOf(child.stderr), child.exited]);
  o.signal?.throwIfAborted();
  if (status === 0) return out;
  const lines = said.split("\n").filter((line) => line.trim() !== "");
  const why =
    lines.find((line) => /^(fatal|error):/.test(line)) ?? lines.at(-1) ?? `git ended with ${status}`;
  throw new InroError("GIT_FAILED", {
    what: `cannot ${words[0]} the repository`,
    why: why.replace(/^(fatal|error): /, ""),
  });
}
