/** A command line that cannot be understood. `status`: Docker's, 125 for an option, 64 for a template, 1 for the rest. */
export class UsageError extends Error {
  readonly status: 1 | 64 | 125;

  constructor(message: string, status: 1 | 64 | 125 = 125) {
    super(message);
    this.name = "UsageError";
    this.status = status;
  }
}
