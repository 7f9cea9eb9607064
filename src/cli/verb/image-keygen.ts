import { existsSync, writeFileSync } from "node:fs";
import { newKeyPair } from "../../oci/private-key.ts";
import { flag } from "../options/option.ts";
import { UsageError } from "../options/usage-error.ts";
import { passphraseFile, passphraseIn } from "../signing.ts";
import { askSecret } from "../terminal/ask.ts";
import { isTerminal, out } from "../terminal/output.ts";
import { verb } from "../verb.ts";

export const imageKeygen = verb({
  usage: "[OPTIONS] [NAME]",
  options: {
    "passphrase-file": passphraseFile,
    "no-passphrase": flag("Leave the private key unencrypted"),
  },
  args: [0, 1],
  examples: ["inro image keygen team", "inro image keygen --passphrase-file secret team"],
  async run(_, { options, args: [name = "image"] }) {
    const files = [`${name}.key`, `${name}.pub`] as const;
    // Never over a key that is there: what it signed could not be signed again.
    const there = files.find((file) => existsSync(file));
    if (there !== undefined) throw new UsageError(`${there} is there already: give the pair another name`, 1);
    const passphrase = options["no-passphrase"] ? undefined : await asked(options["passphrase-file"]);
    const { privatePem, publicPem } = newKeyPair(passphrase);
    writeFileSync(files[0], privatePem, { mode: 0o600, flag: "wx" });
    writeFileSync(files[1], publicPem, { mode: 0o644, flag: "wx" });
    out(`${files.join("\n")}\n`);
    return 0;
  },
});

async function asked(file: string | undefined): Promise<string> {
  const given = passphraseIn(file);
  if (given === undefined && !isTerminal(0))
    throw new UsageError("give --passphrase-file, or --no-passphrase", 1);
  const passphrase = given ?? (await askSecret("Passphrase: "));
  if (passphrase === "") throw new UsageError("the passphrase is empty (--no-passphrase leaves it out)", 1);
  if (given === undefined && (await askSecret("Again: ")) !== passphrase)
    throw new UsageError("the two differ", 1);
  return passphrase;
}
