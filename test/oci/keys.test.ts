import { describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import {
  isEncrypted,
  newKeyPair,
  parsePrivateKey,
  publicHalf,
  signBytes,
} from "../../src/oci/private-key.ts";
import { isSignedBy, parsePublicKey } from "../../src/oci/public-key.ts";
import cosign from "../image/signed-by-cosign.json";

const openssl = (...words: string[]) => execFileSync("openssl", words, { encoding: "utf8", stdio: "pipe" });

describe("private keys", () => {
  test("of cosign open with their password, and with no other", () => {
    const forms = [cosign.privateKey, cosign.privateKey.replaceAll("SIGSTORE", "COSIGN")];
    for (const pem of forms) {
      expect(isEncrypted(pem)).toBe(true);
      expect(publicHalf(parsePrivateKey(pem, cosign.password)).pem).toBe(cosign.key.trim());
      for (const wrong of ["", "Secret"])
        expect(() => parsePrivateKey(pem, wrong)).toThrow("the passphrase does not open it");
    }
  });

  test("whose file asks for a GiB of memory, or is cut or changed, are refused", () => {
    const [head = "", tail = ""] = ["-----BEGIN", "-----END"].map(
      (mark) => `${mark} ENCRYPTED SIGSTORE PRIVATE KEY-----`,
    );
    const json = Buffer.from(cosign.privateKey.split("-----")[2] ?? "", "base64").toString();
    const pem = (text: string) => `${head}\n${Buffer.from(text).toString("base64")}\n${tail}\n`;
    expect(publicHalf(parsePrivateKey(pem(json), cosign.password)).pem).toBe(cosign.key.trim());
    const changed = [
      json.replace('"N":65536', '"N":1048576'),
      json.replace('"N":65536', '"N":65535'),
      json.replace('"scrypt"', '"md5"'),
      json.replace('"nonce":"', '"nonce":"A'),
      json.replace('"ciphertext":"d', '"ciphertext":"e'),
      json.slice(0, -20),
      "{}",
    ];
    for (const text of changed) {
      expect(text).not.toBe(json);
      expect(() => parsePrivateKey(pem(text), cosign.password)).toThrow("cannot use the private key");
    }
  });

  test("of openssl, plain, encrypted and in its old form", () => {
    const plain = openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout");
    const forms = [
      ["ec -aes128 -passout pass:word", "word"],
      ["pkcs8 -topk8 -passout pass:word", "word"],
      ["pkcs8 -topk8 -nocrypt", undefined],
    ] as const;
    const half = publicHalf(parsePrivateKey(plain, undefined)).pem;
    for (const [words, passphrase] of forms) {
      const pem = execFileSync("openssl", words.split(" "), {
        input: plain,
        encoding: "utf8",
        stdio: "pipe",
      });
      expect([words, isEncrypted(pem)]).toEqual([words, passphrase !== undefined]);
      expect(publicHalf(parsePrivateKey(pem, passphrase)).pem).toBe(half);
    }
  });

  test("that are made sign what their public half verifies", () => {
    const { privatePem, publicPem } = newKeyPair("word");
    expect(isEncrypted(privatePem)).toBe(true);
    expect(() => parsePrivateKey(privatePem, "other")).toThrow("the passphrase does not open it");
    const signature = signBytes(Buffer.from("text"), parsePrivateKey(privatePem, "word"));
    expect(isSignedBy(Buffer.from("text"), signature, parsePublicKey(publicPem))).toBe(true);
    expect(isSignedBy(Buffer.from("Text"), signature, parsePublicKey(publicPem))).toBe(false);
  });
});
