import { at, type Client, collect } from "../../client/client.ts";
import { InroError } from "../../oci/error.ts";
import { demultiplexer } from "../../oci/stream-frames.ts";
import type { Hook, Service } from "../model/project.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** `post_start` or `pre_stop`: one after the other, in a container that runs. COMPOSE_HOOK_FAILED. */
export async function runHooks(
  client: Client,
  container: string,
  service: Service,
  moment: "post_start" | "pre_stop",
  env: Env,
): Promise<void> {
  for (const hook of service[moment] ?? []) await runHook(client, container, hook, { service, moment, env });
}

interface Calling {
  readonly service: Service;
  readonly moment: string;
  readonly env: Env;
}

async function runHook(client: Client, container: string, hook: Hook, { service, moment, env }: Calling) {
  const made = await client.json<{ readonly Id: string }>({
    method: "POST",
    path: at`/containers/${container}/exec`,
    body: {
      Cmd: hook.command,
      AttachStdout: true,
      AttachStderr: true,
      ...(hook.user === undefined ? {} : { User: hook.user }),
      ...(hook.privileged === undefined ? {} : { Privileged: hook.privileged }),
      ...(hook.working_dir === undefined ? {} : { WorkingDir: hook.working_dir }),
      Env: Object.entries(hook.environment ?? {}).flatMap(([name, given]) => {
        const value = given ?? env[name];
        return value === undefined ? [] : [`${name}=${value}`];
      }),
    },
  });
  const answer = await client.send({
    method: "POST",
    path: at`/exec/${made.Id}/start`,
    body: { Detach: false, Tty: false },
  });
  const said: Uint8Array[] = [];
  demultiplexer((_stream, bytes) => said.push(bytes))(await collect(answer.body));
  const { ExitCode: code } = await client.json<{ readonly ExitCode: number | null }>({
    method: "GET",
    path: at`/exec/${made.Id}/json`,
  });
  if (code === 0) return;
  const text = Buffer.concat(said).toString("utf8").trim();
  throw new InroError("COMPOSE_HOOK_FAILED", {
    what: `cannot run the ${moment} hook ${JSON.stringify(hook.command.join(" "))} of the service "${service.name}"`,
    why: `it ended with code ${code}${text === "" ? "" : `: ${text.slice(-500)}`}`,
    hint: `in the container "${container}"`,
  });
}
