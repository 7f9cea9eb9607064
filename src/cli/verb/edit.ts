import { at, type Client } from "../../client/client.ts";
import { type EditLine, editBody } from "../edit/body.ts";
import { edited } from "../edit/editor.ts";
import { editable, wordsBetween } from "../edit/lines.ts";
import { editOptions } from "../edit/options.ts";
import { parse } from "../options/parse.ts";
import { UsageError } from "../options/usage-error.ts";
import { type Change, changeList } from "../print/changes.ts";
import type { Config, ContainerRecord } from "../recover/record.ts";
import { recovered } from "../recover/settings.ts";
import { confirmed } from "../terminal/confirm.ts";
import { isTerminal, out } from "../terminal/output.ts";
import { ANY, verb } from "../verb.ts";

interface Answer {
  readonly When: "live" | "restart" | "next start";
  readonly Changes: readonly Change[];
}

export const edit = verb({
  usage: "[OPTIONS] CONTAINER [-- COMMAND [ARG...]]",
  options: editOptions,
  args: [1, ANY],
  examples: [
    "inro edit web -p 8080:80 --memory 1g --restart always",
    "inro edit web --env A=b --env-rm C --dry-run",
    "inro edit web -v data:/data -- nginx -g 'daemon off;'",
    "inro edit web --network back --network-rm bridge --cap-add NET_ADMIN --reset user",
    "inro edit web (in $EDITOR)",
  ],
  async run({ client }, line) {
    const { options, args, given } = line;
    const [name = "", ...command] = args;
    const isSaid = [...given].some((option) => option !== "force" && option !== "dry-run");
    if (isSaid || command.length > 0) return change(client, name, { options, command, given });
    if (!isTerminal(0) || !isTerminal(1))
      throw new UsageError("say what is to be changed (see the options)", 1);
    const words = await inEditor(client, name);
    const parsed = parse(editOptions, words, { interspersed: true });
    const own = { force: options.force, "dry-run": options["dry-run"] };
    return change(client, name, {
      ...parsed,
      options: { ...parsed.options, ...own },
      command: parsed.args,
    });
  },
});

async function change(client: Client, name: string, asked: EditLine): Promise<number> {
  const { options } = asked;
  const ask = (dryRun: boolean) =>
    client.json<Answer>({
      method: "POST",
      path: at`/inro/containers/${name}/edit`,
      query: { "dry-run": dryRun },
      body: editBody(asked),
    });
  const { When: when, Changes: changes } = await ask(true);
  out(changeList(changes, when === "next start"));
  if (options["dry-run"] || changes.length === 0) return 0;
  const asks = when === "restart" && !options.force && isTerminal(0) && isTerminal(2);
  if (asks && !confirmed(`Stop ${name} and start it as this?`)) return 1;
  await ask(false);
  out(`${options.name ?? name}\n`);
  return 0;
}

/** The container as text in the user's editor; the words that what is saved means. */
async function inEditor(client: Client, name: string): Promise<string[]> {
  const container = await client.json<ContainerRecord>({ method: "GET", path: at`/containers/${name}/json` });
  const image = await client.json<{ readonly Config: Config | null }>({
    method: "GET",
    path: at`/images/${container.Image}/json`,
  });
  const all = recovered(container, image.Config ?? {});
  const before = editable(all, container.Config.Cmd ?? []);
  return wordsBetween(before, edited(before));
}
