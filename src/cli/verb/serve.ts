import { flag, list, text } from "../options/option.ts";
import { UsageError } from "../options/usage-error.ts";
import { ANY, verb } from "../verb.ts";

/** Here for its help only: the composition root starts the engine before the command line is loaded. */
export const serve = verb({
  usage: "[OPTIONS]",
  options: {
    "data-root": text("FOLDER", "Where the engine keeps everything (default /var/lib/inro)"),
    "exec-root": text("FOLDER", "Where it keeps what a reboot may lose (default /run/inro)"),
    host: text("ADDRESS", "The socket to serve (default unix:///run/inro/inro.sock)", { short: "H" }),
    group: text("GROUP", "A group that may use the socket beside root", { short: "G" }),
    "storage-driver": text("NAME", "overlay, btrfs or copy (default the first that works there)"),
    registries: text("FILE", "Mirrors and rewrites of registries (default /etc/inro/registries.json)"),
    trust: text("FILE", "Which images may be pulled and run (default /etc/inro/trust.json)"),
    "cdi-spec-dir": list("FOLDER", "Where devices are described (default /etc/cdi and /var/run/cdi)"),
    "firewall-foreign": text(
      "POLICY",
      "tell (default) of other firewalls' chains that drop containers' packets, or allow: add one rule there",
    ),
    ip: text("ADDRESS", "Where ports are published that name no address (default every address)"),
    bip: text("CIDR", "The host's address in the network bridge, such as 10.1.0.1/24 (default a free block)"),
    bip6: text("CIDR", "The same of IPv6, such as fd00:1::1/64"),
    ipv6: flag("Addresses of IPv6 in the network bridge, too"),
    "builder-keep-storage": text(
      "SIZE",
      "What the build cache may take after a build (default a tenth of the disk, at least 10 GB; 0: anything)",
    ),
    debug: flag("Tell more of what goes on", { short: "D" }),
  },
  args: [0, ANY],
  examples: ["inro serve --data-root /srv/inro --exec-root /run/inro-2"],
  run: async () => {
    throw new UsageError("write the verb after the engine's own options only");
  },
});
