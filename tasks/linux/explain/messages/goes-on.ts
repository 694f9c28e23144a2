/** Programs that report a failure and do without: it is no reason for what happens later. */
const GOES_ON =
  /\b(?:skipp(?:ing|ed)|ignor(?:ing|ed)|(?:falling|falls) back|fallback|optional|retrying|disabl(?:ing|ed)|best-effort)\b/i

/** The cause, and that the program goes on all the same where its line says so. */
export const goingOn = (cause: string, line: string): string =>
  GOES_ON.test(line) ? `${cause}. The program says that it goes on without it` : cause
