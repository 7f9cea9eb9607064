import { type Client, openClient } from "../../client/client.ts";
import { meet, OURS } from "../../client/peer.ts";
import { connectUnix } from "../../platform/unix-stream.ts";
import { complete as candidatesFor } from "../completion/complete.ts";
import { lookAt } from "../completion/look.ts";
import { scripts } from "../completion/scripts.ts";
import { parse } from "../options/parse.ts";
import { UsageError } from "../options/usage-error.ts";
import { globalOptions, placeOf } from "../place.ts";
import { out } from "../terminal/output.ts";
import { ANY, type Context, verb } from "../verb.ts";

export const completion = verb({
  usage: "bash|zsh|fish",
  options: {},
  args: [1, 1],
  examples: [
    "source <(inro completion bash)",
    "inro completion zsh >/usr/local/share/zsh/site-functions/_inro",
    "inro completion fish >~/.config/fish/completions/inro.fish",
  ],
  async run(_context, { args: [shell = ""] }) {
    if (!Object.hasOwn(scripts, shell))
      throw new UsageError(`"${shell}" is not a shell that is known: write bash, zsh or fish`, 1);
    out(scripts[shell as keyof typeof scripts]);
    return 0;
  },
});

/** What the scripts ask; it never starts an engine, and says nothing where none answers. */
export const complete = verb({
  usage: "-- WORD...",
  options: {},
  args: [0, ANY],
  async run(context, { args }) {
    const { candidates, files } = await candidatesFor(args, lookAt(quietClient(context, args)));
    out(candidates.map(({ word, about }) => `${word}\t${about}\n`).join(""));
    if (files) out(":files\n");
    if (candidates.length > 0 && candidates.every(({ open }) => open === true)) out(":open\n");
    return 0;
  },
});

/** Of the engine that the line means, if it listens. */
function quietClient(context: Context, words: readonly string[]): Client {
  const { options, given } = globalsOf(words.slice(0, -1));
  const place = () => (given.size === 0 ? context.place : placeOf(options));
  const connect = async () => connectUnix(place().socket);
  return openClient(connect, async () => (place().startable ? OURS : meet(await connect())));
}

function globalsOf(words: readonly string[]) {
  try {
    return parse(globalOptions, words, { interspersed: false });
  } catch {
    // Half a line.
    return parse(globalOptions, [], { interspersed: false });
  }
}
