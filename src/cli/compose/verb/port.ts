import { bracketed } from "../../../oci/address.ts";
import { read, text } from "../../options/option.ts";
import { integer } from "../../options/readers.ts";
import { out } from "../../terminal/output.ts";
import { running } from "../pick.ts";
import { composeVerb } from "../verb.ts";

export const port = composeVerb({
  usage: "[OPTIONS] SERVICE PRIVATE_PORT",
  options: {
    protocol: text("NAME", "tcp (default) or udp", { words: ["tcp", "udp"] }),
    index: read("NUMBER", integer, "Which of its containers"),
  },
  args: [2, 2],
  async run(app, { options, args: [service = "", asked = ""] }) {
    const { name, ports } = await running(app, service, options.index);
    const [number = "", own] = asked.split("/");
    const protocol = own ?? options.protocol ?? "tcp";
    const found = ports.find(
      ({ PrivatePort, Type, PublicPort }) =>
        PublicPort !== undefined && String(PrivatePort) === number && Type === protocol,
    );
    if (found !== undefined) {
      out(`${bracketed(found.IP ?? "")}:${found.PublicPort}\n`);
      return 0;
    }
    const there = ports.flatMap(({ PrivatePort, Type, PublicPort }) =>
      PublicPort === undefined ? [] : `${PrivatePort}/${Type}`,
    );
    const others =
      there.length === 0 ? "it publishes none" : `it publishes ${[...new Set(there)].join(", ")}`;
    throw new Error(`no port ${number}/${protocol} for container ${name}: ${others}`);
  },
});
