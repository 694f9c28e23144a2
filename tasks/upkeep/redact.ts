/**
 * Takes out of a text what should not leave this machine: private keys, tokens and passwords, the directories of a
 * person, their name and that of the machine. No redaction finds a secret of an unknown form; who sends a bundle should
 * look at it first, and `lab doctor --bundle` says so.
 */
import { homedir, hostname, userInfo } from 'node:os'
import { realpathSync } from 'node:fs'

export interface Secrets {
  /** Path -> what stands for it. */
  readonly paths: Readonly<Record<string, string>>
  /** Word -> what stands for it; not replaced inside of longer words. */
  readonly words: Readonly<Record<string, string>>
  /** Value -> the name of the environment variable that holds it. */
  readonly values: Readonly<Record<string, string>>
}

/** Variables whose value is a secret, by their names. */
const SECRET_NAME = /TOKEN|SECRET|PASS|_?KEY|CREDENTIAL|AUTH|COOKIE|SESSION/i
/** Shorter values would be found everywhere. */
const SHORTEST = 6
/** Names of users that many machines have: they say nothing of a person, and are in many texts. */
const COMMON_USERS = new Set(['root', 'user', 'nobody', 'ubuntu', 'debian', 'runner', 'lab'])

type Rule = readonly [pattern: RegExp, replacement: string]

/** Secrets that are known by their form. Line ends may be escaped, since most of what is read is JSON. */
const FORMS: readonly Rule[] = [
  [
    /-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----[^]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|$)/g,
    '<private key>',
  ],
  // user:password@ and token@ of a URL
  [/([a-z][a-z0-9+.-]*:\/\/)[^\s/@"'<>]+@/gi, '$1<secret>@'],
  [/\b(Bearer|Basic|token)(\s+)[\w.~+/=-]{8,}/gi, '$1$2<secret>'],
  [/\b(gh[pousr]_|github_pat_|glpat-|npm_|xox[abprs]-|sk-|AKIA|ASIA|ya29\.|AIza)[\w.-]{8,}/g, '$1<secret>'],
  // JSON Web Tokens
  [/\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g, '<secret>'],
  [
    /((?:access|api|auth|secret|private)?[_-]?(?:token|password|passwd|passphrase|secret|api[_-]?key|access[_-]?key)["']?\s*[=:]\s*["']?)[^\s"'&,;}<]{3,}/gi,
    '$1<secret>',
  ],
  [/(?<![\w.+-])(?!git@)[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g, '<address>'],
]

const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`)

/** A function that takes these secrets out of a text. */
export function redactor({ paths, words, values }: Secrets): (text: string) => string {
  const longestFirst = (all: Readonly<Record<string, string>>) =>
    Object.entries(all).toSorted(([a], [b]) => b.length - a.length)
  const rules: Rule[] = [
    ...longestFirst(values).map(([value, name]): Rule => [new RegExp(escaped(value), 'g'), `<value of ${name}>`]),
    ...FORMS,
    ...longestFirst(paths).map(([path, name]): Rule => [new RegExp(`${escaped(path)}(?![\\w-])`, 'g'), name]),
    ...longestFirst(words).map(([word, name]): Rule => [
      new RegExp(`(?<![\\p{L}\\p{N}])${escaped(word)}(?![\\p{L}\\p{N}])`, 'giu'),
      name,
    ]),
  ]
  return (text) => rules.reduce((rest, [pattern, replacement]) => rest.replaceAll(pattern, replacement), text)
}

/** A path as it is written, and as the file system knows it. */
function bothWays(path: string, name: string): [string, string][] {
  const real = (() => {
    try {
      return realpathSync(path)
    } catch {
      return path
    }
  })()
  // "/" would be everywhere.
  return [...new Set([path, real])].filter((path) => path.length > 1).map((path) => [path, name])
}

/** JSON writes some characters as escapes; a value is looked for in both forms. */
const asJson = (text: string): string => JSON.stringify(text).slice(1, -1)

/** What is secret here. @param places directories of this command and what stands for them: the lab, the cache */
export function secretsOf(
  env: Readonly<Record<string, string | undefined>>,
  places: Readonly<Record<string, string>>,
): Secrets {
  const user = (() => {
    try {
      return userInfo().username
    } catch {
      // No entry for this uid, as in some containers.
      return ''
    }
  })()
  const users = [user, env['USER'], env['LOGNAME'], env['SUDO_USER']].flatMap((name) => name ?? [])
  const values = Object.entries(env).flatMap(([name, value]): [string, string][] =>
    value !== undefined && value.length >= SHORTEST && SECRET_NAME.test(name) && !value.startsWith('/')
      ? [...new Set([value, asJson(value)])].map((form) => [form, name])
      : [],
  )
  return {
    paths: Object.fromEntries([
      ...[homedir(), env['HOME'] ?? ''].flatMap((home) => bothWays(home, '~')),
      ...Object.entries(places).flatMap(([name, path]) => bothWays(path, `<${name}>`)),
    ]),
    words: Object.fromEntries([
      ...users.filter((name) => name.length > 1 && !COMMON_USERS.has(name)).map((name) => [name, '<user>']),
      ...(hostname().length > 2 && hostname() !== 'localhost' ? [[hostname(), '<host>']] : []),
    ]),
    values: Object.fromEntries(values),
  }
}
