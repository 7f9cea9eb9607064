/** What a build's context, or ADD's source, is by its text: a folder, a repository, or something to download. */
import { InroError } from "../../oci/error.ts";

export type Remote = GitRemote | { readonly kind: "http"; readonly url: string };

export interface GitRemote {
  readonly kind: "git";
  /** As git(1) is given it, without the fragment. */
  readonly repository: string;
  /** Branch, tag or commit; "" for the repository's own HEAD. */
  readonly ref: string;
  /** Folder of the repository; "" for all of it. */
  readonly subfolder: string;
}

/** ssh's short form: `git@host:path`. */
const scp = /^[A-Za-z0-9][A-Za-z0-9._-]*@[A-Za-z0-9[][A-Za-z0-9.:\][-]*:(?!\/\/)[^\s]+$/;

/**
 * Undefined for what is a local path. As docker tells them apart: `git://`, `ssh://`, `git@host:…` and `github.com/…` are
 * repositories, and `http(s)://` is one where its path ends in `.git`. GIT_URL_INVALID
 */
export function remoteOf(text: string): Remote | undefined {
  const at = text.indexOf("#");
  const [place, fragment] = at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
  if (/^(git|ssh):\/\//i.test(place) || scp.test(place)) return git(text, place, fragment);
  if (place.startsWith("github.com/")) return git(text, `https://${place}`, fragment);
  if (!/^https?:\/\//i.test(text)) return undefined;
  if (!URL.canParse(text)) throw invalid(text, "it is no URL");
  const { pathname, search } = new URL(place);
  if (pathname.replace(/\/$/, "").endsWith(".git") && search === "") return git(text, place, fragment);
  return { kind: "http", url: text };
}

/** What git(1) could take for an option or a program never reaches it (`ext::`, `--upload-pack=…`). */
function git(text: string, repository: string, fragment: string): GitRemote {
  const colon = fragment.indexOf(":");
  const [ref, subfolder] = colon < 0 ? [fragment, ""] : [fragment.slice(0, colon), fragment.slice(colon + 1)];
  if (/[\x00-\x20\x7f]/.test(text)) throw invalid(text, "it holds blanks or control characters");
  if (!scp.test(repository) && !URL.canParse(repository)) throw invalid(text, "it is no URL");
  if (/:\/\/(?:[^/@]*@)?-/.test(repository)) throw invalid(text, "its host begins with a -");
  // git-check-ref-format(1)
  if (/^-|\.\.|[~^:?*[\\]|@\{|\.lock$|\/$|^\/|\/\//.test(ref))
    throw invalid(text, `"${ref}" is no name of a branch, tag or commit`);
  if (subfolder.split("/").includes("..")) throw invalid(text, "its folder leads upwards");
  return { kind: "git", repository, ref, subfolder };
}

/** Without the password, for people. */
export const shown = (url: string): string => url.replace(/(:\/\/[^/@:]*):[^/@]*@/, "$1:xxxxx@");

const invalid = (text: string, why: string) =>
  new InroError("GIT_URL_INVALID", {
    what: `cannot use ${JSON.stringify(shown(text.slice(0, 300)))} as a repository`,
    why,
    hint: "write https://HOST/PATH.git#REF:FOLDER",
  });
