import { at, type Client } from "../../client/client.ts";
import { err } from "../terminal/output.ts";
import { composeText } from "./compose.ts";
import type { Config, ContainerRecord } from "./record.ts";
import { runText } from "./run.ts";
import { recovered } from "./settings.ts";

const forms = { run: runText, compose: composeText } as const;

export type Form = keyof typeof forms;

export const isForm = (text: string): text is Form => Object.hasOwn(forms, text);

/** What makes a container like this one: only what differs from its image and the defaults is said. */
export async function recoveredText(client: Client, form: Form, container: ContainerRecord): Promise<string> {
  const path = at`/images/${container.Image}/json`;
  const image = await client.json<{ readonly Config: Config | null }>({ method: "GET", path });
  if (container.HostConfig.SecurityOpt?.some((option) => option.startsWith("seccomp={")))
    err(
      "inro: its seccomp profile is told as seccomp.json: write it there first, as SecurityOpt of inspect has it\n",
    );
  return forms[form](recovered(container, image.Config ?? {}));
}
