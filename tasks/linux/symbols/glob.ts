/**
 * Whether a name fits a pattern as the kernel and libbpf have it: `*` is any text, `?` is any character. It takes at
 * most the product of both lengths, unlike a regular expression made of several `*`.
 */
export function globMatches(pattern: string, name: string): boolean {
  let at = 0
  let from = 0
  /** Where the last `*` is, and where the text that it stands for ends. */
  let star = -1
  let end = 0
  while (from < name.length) {
    if (pattern[at] === '*') {
      star = at++
      end = from
    } else if (pattern[at] === '?' || pattern[at] === name[from]) {
      at++
      from++
    } else if (star >= 0) {
      at = star + 1
      from = ++end
    } else return false
  }
  while (pattern[at] === '*') at++
  return at === pattern.length
}
