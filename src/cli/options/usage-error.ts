/** A command line that cannot be understood. `status`: Docker's, 125 for an option, 1 for the rest. */
export class UsageError extends Error {
  readonly status: 1 | 125;

  constructor(message: string, status: 1 | 125 = 125) {
    super(message);
    this.name = "UsageError";
    this.status = status;
  }
}
