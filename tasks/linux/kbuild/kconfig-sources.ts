/** Under which conditions a Kconfig file is read: the `if` blocks and menus around the line that names it. */
import { withoutHelp } from './kconfig.ts'

/** Of `source "PATH"` in a text; undefined where the text has no such line. `$(SRCARCH)` is x86. */
export function conditionsOfSource(text: string, path: string): string[] | undefined {
  const blocks: string[][] = []
  let open: string[] | undefined
  for (const raw of withoutHelp(text)) {
    const line = raw.replace(/\s+#.*$/, '').trim()
    const [word = '', ...rest] = line.split(/\s+/)
    const tail = rest.join(' ')
    if (word === 'if') blocks.push([tail])
    else if (word === 'menu' || word === 'choice') blocks.push((open = []))
    else if (/^end(?:if|menu|choice)$/.test(word)) blocks.pop()
    else if (word === 'config' || word === 'menuconfig' || word === 'comment') open = undefined
    else if (word === 'depends') open?.push(tail.replace(/^on\s+/, ''))
    else if (word === 'source' && tail.replaceAll('"', '').replaceAll(/\$\(?SRCARCH\)?/g, 'x86') === path)
      return blocks.flat()
  }
  return undefined
}
