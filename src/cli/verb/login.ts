import type { Client } from "../../client/client.ts";
import { ApiError } from "../../client/client.ts";
import { type Credentials, findCredentials, keepCredentials, serverOf } from "../credentials/credentials.ts";
import { authConfig } from "../credentials/header.ts";
import { flag, text } from "../options/option.ts";
import { UsageError } from "../options/usage-error.ts";
import { printWarning } from "../print-error.ts";
import { askLine, askSecret } from "../terminal/ask.ts";
import { err, isTerminal, out } from "../terminal/output.ts";
import { verb } from "../verb.ts";

const options = {
  username: text("NAME", "Who logs in", { short: "u" }),
  password: text("PASSWORD", "The password; other users of this machine can see it", { short: "p" }),
  "password-stdin": flag("Read the password from standard input"),
};

interface Given {
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly "password-stdin": boolean;
}

export const login = verb({
  usage: "[OPTIONS] [SERVER]",
  options,
  args: [0, 1],
  examples: ["inro login", "pass show registry | inro login -u me --password-stdin registry.example.com"],
  async run({ client }, { options: given, args: [server = ""] }) {
    checkTogether(given);
    if (given.username === undefined && given.password === undefined && (await again(client, server)))
      return 0;
    const found = await ask(given);
    const credentials = await check(client, server, found);
    const path = await keepCredentials(server, credentials);
    if (path !== undefined)
      err(
        printWarning(
          `whoever reads ${path} can log in as you: a credential helper (credsStore) keeps it better`,
        ),
      );
    out("Login Succeeded\n");
    return 0;
  },
});

function checkTogether({ username, password, "password-stdin": piped }: Given): void {
  if (piped && password !== undefined) throw new UsageError("-p and --password-stdin exclude each other", 1);
  if (piped && username === undefined) throw new UsageError("--password-stdin needs -u", 1);
  if (password !== undefined)
    err(printWarning("a password on the command line can be seen by others: use --password-stdin"));
}

/** Tries what is kept. */
async function again(client: Client, server: string): Promise<boolean> {
  const kept = await findCredentials(server);
  if (kept === undefined) return false;
  err("Authenticating with the credentials that are kept …\n");
  try {
    await check(client, server, kept);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    err(printWarning(error));
    return false;
  }
  out("Login Succeeded\n");
  return true;
}

async function ask({ username, password, "password-stdin": piped }: Given) {
  if (piped) {
    const secret = (await new Response(Bun.stdin.stream()).text()).replace(/\r?\n$/, "");
    if (secret === "") throw new UsageError("standard input holds no password", 1);
    return { username: username ?? "", password: secret };
  }
  if ((username === undefined || password === undefined) && !isTerminal(0))
    throw new UsageError("nobody can be asked here: give -u and --password-stdin", 1);
  const name = username ?? askLine("Username: ");
  if (name === "") throw new UsageError("a user name is needed", 1);
  const secret = password ?? (await askSecret("Password: "));
  if (secret === "") throw new UsageError("a password is needed", 1);
  return { username: name, password: secret };
}

/** Asks the registry, through the engine. A token service may give a token that stands for the password from now on. */
async function check(client: Client, server: string, credentials: Credentials): Promise<Credentials> {
  const body = authConfig(serverOf(server), credentials);
  const answer = await client.json<{ readonly IdentityToken?: string }>({
    method: "POST",
    path: "/auth",
    body,
  });
  if (!answer.IdentityToken) return credentials;
  return { username: credentials.username, identityToken: answer.IdentityToken };
}
