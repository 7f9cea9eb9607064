/** Who may enter Debian's docker-registry: a file of passwords, or a token service that signs (distribution, token/jwt). */
import { execFileSync } from "node:child_process";
import { createSign, randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";

import { join } from "node:path";
import { listening } from "./listening.ts";

/** The registry's configuration for one user, by basic authentication. */
export async function passwordFile(folder: string, user: string, password: string): Promise<object> {
  const path = join(folder, "htpasswd");
  writeFileSync(path, `${user}:${await Bun.password.hash(password, { algorithm: "bcrypt", cost: 4 })}\n`);
  return { htpasswd: { realm: "test", path } };
}

export interface TokenService extends AsyncDisposable {
  /** The registry's configuration. */
  readonly auth: object;
  /** What was asked for: `GET repository:team/app:pull,push`, and who asked. */
  readonly seen: readonly { readonly asked: string; readonly user: string }[];
}

interface Access {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

const part = (value: object | Uint8Array) =>
  Buffer.from(value instanceof Uint8Array ? value : JSON.stringify(value)).toString("base64url");

/** Gives tokens to `user`, and a refresh token that stands for the password. */
export async function tokenService(
  folder: string,
  user: { readonly name: string; readonly password: string },
): Promise<TokenService> {
  const [key, certificate] = [join(folder, "token.key"), join(folder, "token.pem")];
  const make = `req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=token -keyout ${key} -out ${certificate}`;
  execFileSync("openssl", make.split(" "), { stdio: "ignore" });
  const chain = readFileSync(certificate, "utf8").replace(/-----.*-----|\s/g, "");
  const lasting = randomUUID();
  const seen: { asked: string; user: string }[] = [];

  const sign = (access: readonly Access[]) => {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: "test", sub: user.name, aud: "registry", exp: now + 60, nbf: now - 5, iat: now };
    const head = { typ: "JWT", alg: "RS256", x5c: [chain] };
    const text = `${part(head)}.${part({ ...claims, jti: randomUUID(), access })}`;
    return `${text}.${part(createSign("RSA-SHA256").update(text).sign(readFileSync(key)))}`;
  };
  const accessOf = (scope: string): Access => {
    const [type = "", name = "", actions = ""] = scope.split(":");
    return { type, name, actions: actions.split(",") };
  };
  const server = createServer(async (request, answer) => {
    const url = new URL(`http://x${request.url}`);
    const body: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) body.push(chunk);
    const form = new URLSearchParams(Buffer.concat(body).toString());
    const [who = "", password] = atob(request.headers.authorization?.split(" ")[1] ?? "").split(":");
    const isPost = request.method === "POST";
    const known = isPost
      ? form.get("refresh_token") === lasting
      : who === user.name && password === user.password;
    const scopes = isPost ? (form.get("scope") ?? "").split(" ") : url.searchParams.getAll("scope");
    seen.push({ asked: `${request.method} ${scopes.join(" ")}`, user: isPost ? "refresh token" : who });
    if (!known) {
      answer.writeHead(401).end();
      return;
    }
    const token = sign(scopes.filter((scope) => scope !== "").map(accessOf));
    const refresh = url.searchParams.get("offline_token") === "true" ? { refresh_token: lasting } : {};
    answer.writeHead(200, { "content-type": "application/json" });
    answer.end(JSON.stringify({ token, access_token: token, expires_in: 60, ...refresh }));
  });
  const served = await listening(server);
  const realm = `http://${served.address}/token`;
  return {
    auth: { token: { realm, service: "registry", issuer: "test", rootcertbundle: certificate } },
    seen,
    [Symbol.asyncDispose]: () => served[Symbol.asyncDispose](),
  };
}
