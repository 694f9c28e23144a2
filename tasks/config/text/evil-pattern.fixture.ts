/** A regular expression that is tried on this text for longer than anybody lives. */
export const EVIL = /^(a+)+$/u
export const EVIL_TEXT = `${'a'.repeat(60)}b`
