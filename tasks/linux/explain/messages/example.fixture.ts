/**
 * A line for each row of the tables, in the form in which its program prints it; the rule that answers it, and what the
 * answer must say.
 */
export type Example = readonly [line: string, rule: string, says: RegExp]
