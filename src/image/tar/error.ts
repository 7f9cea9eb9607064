/** What is wrong with a tar; composed into an `InroError` by whoever knows which layer or archive it was. */
export class TarError extends Error {
  override readonly name = "TarError";
}
