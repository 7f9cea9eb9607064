import { copyFileSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

/** What the disk, overlays, networks, limits of block devices and of bandwidth, quotas and the translation of ports need; the rest of Debian's cloud kernel is built in. */
const wanted = [
  ...[
    "virtio_pci",
    "virtio_blk",
    "overlay",
    "veth",
    "bridge",
    "macvlan",
    "ipvlan",
    "8021q",
    "loop",
    "bfq",
    "xfs",
    "quota_v2",
  ],
  ...["ifb", "sch_tbf", "sch_fq_codel", "sch_ingress", "cls_u32", "act_mirred", "sch_netem"],
  ...[
    "nf_tables",
    "nf_nat",
    "nft_chain_nat",
    "nft_nat",
    "nft_masq",
    "nft_ct",
    "nft_fib_inet",
    "nft_reject_inet",
    "nft_reject_ipv4",
  ],
  ...["nf_conntrack_netlink", "sctp"],
];

/**
 * Copies the modules and all that they depend on into `target`.
 * @returns their file names, each after those it depends on: the order for insmod
 */
export function copyModules(modulesFolder: string, target: string): string[] {
  const files = new Map<string, string>();
  for (const path of readdirSync(modulesFolder, { recursive: true, encoding: "utf8" })) {
    if (path.endsWith(".ko")) files.set(nameOf(path), join(modulesFolder, path));
  }
  const ordered: string[] = [];
  const visit = (name: string) => {
    const file = files.get(name);
    // Built into the kernel, or in the list already.
    if (file === undefined || ordered.includes(basename(file))) return;
    for (const needed of dependencies(file)) visit(needed);
    copyFileSync(file, join(target, basename(file)));
    ordered.push(basename(file));
  };
  for (const name of wanted) visit(name);
  return ordered;
}

const nameOf = (path: string) => basename(path, ".ko").replaceAll("-", "_");

/** The section .modinfo holds `depends=a,b` between NULs; the package has no modules.dep (depmod makes it at installation). */
function dependencies(file: string): string[] {
  const text = readFileSync(file).toString("latin1");
  const list = /\0depends=([^\0]*)\0/.exec(text)?.[1] ?? "";
  return list.split(",").flatMap((name) => (name === "" ? [] : [name.replaceAll("-", "_")]));
}
