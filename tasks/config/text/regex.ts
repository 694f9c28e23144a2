/** How a regular expression is told from plain text, in every key of the lab file. */

/** Whether a text is a regular expression. A path such as "/data" is not: the last character decides. */
export const isRegex = (text: string): boolean => text.length > 2 && text.startsWith('/') && text.endsWith('/')
