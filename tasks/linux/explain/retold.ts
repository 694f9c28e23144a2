/** Messages that somebody only writes about: that they do not see one, or no longer. */

/** "I don't see the message", "it no longer prints". A colon begins a new thought: what follows is quoted. */
const DENIED =
  /\b(?:do(?:es)?n['’]?t|do(?:es)? not|did(?:n['’]?t| not)|no longer|never|without|instead of) (?:see|get|have|print|show|report|find|be)(?:ing|s|ting)?\b[^.:!?]{0,120}$/i
/** Between the sentence and the message that it quotes, or where a sentence was wrapped. */
const QUOTE = /^[\s"'`“‘*>]*$/
const LONG = 300

/**
 * @param line the text of the line before the message
 * @param previous the line above, which counts where the message begins its own
 */
export function isDenied(line: string, previous: string): boolean {
  if (line.length > LONG) return false
  if (DENIED.test(line)) return true
  return QUOTE.test(line) && previous.length <= LONG && DENIED.test(previous)
}
