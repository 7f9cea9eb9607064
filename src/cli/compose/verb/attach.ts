import { flag, read } from "../../options/option.ts";
import { integer } from "../../options/readers.ts";
import { checkedKeys } from "../../session/detach-keys.ts";
import { attach as attachTo } from "../../verb/attach.ts";
import { running } from "../pick.ts";
import { composeVerb } from "../verb.ts";

export const attach = composeVerb({
  usage: "[OPTIONS] SERVICE",
  options: {
    "detach-keys": read("KEYS", checkedKeys, "Keys that leave it running (default ctrl-p,ctrl-q)"),
    index: read("NUMBER", integer, "Which of its containers"),
    "no-stdin": flag("Do not join its input"),
    "sig-proxy": flag("Hand it this process's signals (default true)", { default: true }),
  },
  args: [1, 1],
  cannotRehearse: true,
  async run(app, { options, args: [service = ""], given, verb }) {
    const { name } = await running(app, service, options.index);
    return attachTo.run(app.context, { options, args: [name], given, verb });
  },
});
