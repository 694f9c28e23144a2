/**
 * The attach points of a bpftrace script, as sections of libbpf where they hook into the kernel. The kinds and their
 * short names are those of bpftrace's language reference ("Probes"); a script is not checked any further.
 */

export interface AttachPoint {
  /** As written: `kprobe:vfs_read`. */
  readonly written: string
  readonly line: number
  /** What libbpf would call it; undefined for what has no name of the kernel in it, and for patterns. */
  readonly section: string | undefined
}

const functionAfter =
  (section: string) =>
  (target: string): string =>
    // `kprobe:nf_tables:nft_do_chain` names the module, too.
    `${section}/${target.split(':').at(-1) ?? ''}`

/** Kinds by all of their names. */
const SECTIONS: Readonly<Record<string, (target: string) => string>> = {
  kprobe: functionAfter('kprobe'),
  k: functionAfter('kprobe'),
  kretprobe: functionAfter('kretprobe'),
  kr: functionAfter('kretprobe'),
  tracepoint: (target) => `tracepoint/${target.replace(':', '/')}`,
  t: (target) => `tracepoint/${target.replace(':', '/')}`,
  rawtracepoint: functionAfter('raw_tp'),
  rt: functionAfter('raw_tp'),
  fentry: functionAfter('fentry'),
  kfunc: functionAfter('fentry'),
  f: functionAfter('fentry'),
  fexit: functionAfter('fexit'),
  kretfunc: functionAfter('fexit'),
  fr: functionAfter('fexit'),
}

function sectionOf(written: string): string | undefined {
  const [kind = '', ...rest] = written.split(':')
  const target = rest.join(':')
  if (target === '' || /[*?[\]]/.test(target)) return undefined
  return Object.hasOwn(SECTIONS, kind) ? SECTIONS[kind]?.(target) : undefined
}

const blank = (text: string): string => text.replaceAll(/[^\n]/g, ' ')

/** Comments and strings, in which braces mean nothing; of the same length, so that lines stay where they are. */
const bare = (text: string): string =>
  text.replaceAll(/"(?:\\.|[^"\\\n])*"|\/\*[\s\S]*?\*\/|\/\/[^\n]*|^[ \t]*#[^\n]*/gm, blank)

/** Text outside of all braces, each piece with the place where it begins. */
function outside(text: string): { readonly piece: string; readonly at: number }[] {
  const pieces: { piece: string; at: number }[] = []
  let [depth, begin] = [0, 0]
  for (let at = 0; at < text.length; at++)
    if (text[at] === '{') {
      if (depth === 0) pieces.push({ piece: text.slice(begin, at), at: begin })
      depth += 1
    } else if (text[at] === '}') {
      depth = Math.max(0, depth - 1)
      begin = at + 1
    }
  return pieces
}

/**
 * A kind, a colon, and a target up to a blank, a comma or a brace: bpftrace takes a `/` that follows directly along.
 */
const POINT = /(?<=^|[\s,])([a-z]+:[^\s,{]+)/g

/** Every attach point of a script in which a name follows the kind; BEGIN, END and the like have none. */
export function attachPoints(script: string): AttachPoint[] {
  const text = bare(script)
  return outside(text).flatMap(({ piece, at }) => {
    // A filter stands after its points, and may hold anything.
    const points = piece.replace(/\s\/[\s\S]*\/\s*$/, blank)
    return [...points.matchAll(POINT)].map(({ 1: written = '', index }) => ({
      written,
      line: text.slice(0, at + index).split('\n').length,
      section: sectionOf(written),
    }))
  })
}

/** Points that look at nothing: a clock, and the script's own signals. */
const OWN = /^(?:interval|i|self):/

/** Whether a script hooks nothing: it has BEGIN, END or a clock, and no place of the kernel or of a program. */
export const hooksNothing = (script: string): boolean =>
  attachPoints(script).every(({ written }) => OWN.test(written)) &&
  outside(bare(script)).some(({ piece }) => /\b(?:BEGIN|END|begin|end)\b|(?<=^|[\s,])(?:interval|i|self):/.test(piece))
