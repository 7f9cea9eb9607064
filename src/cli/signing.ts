/** Keys in files, as the verbs of signing take them. */
import type { KeyObject } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { isEncrypted, parsePrivateKey } from "../oci/private-key.ts";
import { unreadable } from "./input-file.ts";
import { text } from "./options/option.ts";
import { UsageError } from "./options/usage-error.ts";
import { printWarning } from "./print-error.ts";
import { askSecret } from "./terminal/ask.ts";
import { err, isTerminal } from "./terminal/output.ts";

export const passphraseFile = text("FILE", "Holds the private key's passphrase in its first line");

/** A key's or a passphrase's file. */
export function readKey(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`cannot read "${path}": ${unreadable(error)}`, 1);
  }
}

/** The passphrase of a file's first line; undefined where none is given. */
export const passphraseIn = (file: string | undefined): string | undefined =>
  file === undefined ? undefined : readKey(file).split(/\r?\n/)[0];

/** Reads the private key of a file; asks for its passphrase where it needs one and a terminal is there. */
export async function readPrivateKey(path: string, file: string | undefined): Promise<KeyObject> {
  const pem = readKey(path);
  if ((statSync(path).mode & 0o077) !== 0)
    err(printWarning(`others than its owner can read the private key ${path}: chmod 600 it`));
  if (!isEncrypted(pem)) return parsePrivateKey(pem, undefined);
  const { COSIGN_PASSWORD: handed } = process.env;
  const passphrase = passphraseIn(file) ?? handed;
  if (passphrase !== undefined) return parsePrivateKey(pem, passphrase);
  if (!isTerminal(0))
    throw new UsageError(`${path} is encrypted: give --passphrase-file, or COSIGN_PASSWORD`, 1);
  return parsePrivateKey(pem, await askSecret(`Passphrase of ${path}: `));
}
