import { basic } from "../../image/registry/basic.ts";
import type { BuildRequest } from "../request.ts";
import type { Remote } from "./remote.ts";

/** What a build was given for reaching what is private. */
export type Access = Pick<BuildRequest, "secrets" | "ssh">;

interface Reaching {
  readonly access: Access;
  readonly signal: AbortSignal;
}

/** How one remote is reached. */
export const accessTo = (remote: Remote, { access, signal }: Reaching) => ({
  authorization: authorizationFor(remote, access),
  sshSocket: sshSocket(access),
  signal,
});

/** Docker's names for secrets that servers are told; those that end in a server's name come first. */
function authorizationFor(remote: Remote, { secrets }: Access): string | undefined {
  const url = URL.parse(remote.kind === "git" ? remote.repository : remote.url);
  if (url === null) return undefined;
  const text = (name: string) => {
    const secret = secrets.get(name);
    return secret === undefined ? undefined : Buffer.from(secret).toString("utf8").trim();
  };
  const token = (value: string) => basic("x-access-token", value);
  const ways: readonly (readonly [name: string, header: (value: string) => string])[] =
    remote.kind === "git"
      ? [
          [`GIT_AUTH_HEADER.${url.host}`, (value) => value],
          [`GIT_AUTH_TOKEN.${url.host}`, token],
          ["GIT_AUTH_HEADER", (value) => value],
          ["GIT_AUTH_TOKEN", token],
        ]
      : [
          [`HTTP_AUTH_HEADER_${url.host}`, (value) => value],
          [`HTTP_AUTH_TOKEN_${url.host}`, (value) => `Bearer ${value}`],
        ];
  for (const [name, header] of ways) {
    const value = text(name);
    if (value !== undefined && value !== "" && !/[\r\n]/.test(value)) return header(value);
  }
  return undefined;
}

/** `--ssh default`, or the only one that was given. */
const sshSocket = ({ ssh }: Access): string | undefined =>
  ssh.get("default") ?? (ssh.size === 1 ? [...ssh.values()][0] : undefined);
