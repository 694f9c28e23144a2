/** Error numbers as programs print them: "Invalid argument", "-22", "-EINVAL", "EINVAL (22)", "os error 22". */

/** Name, number (include/uapi/asm-generic/errno*.h, include/linux/errno.h), and the text of glibc's strerror(). */
const ERRNOS: readonly (readonly [name: string, number: number, text: string])[] = [
  ['EPERM', 1, 'operation not permitted'],
  ['ENOENT', 2, 'no such file or directory'],
  ['ESRCH', 3, 'no such process'],
  ['EINTR', 4, 'interrupted system call'],
  ['EIO', 5, 'input/output error'],
  ['ENXIO', 6, 'no such device or address'],
  ['E2BIG', 7, 'argument list too long'],
  ['ENOEXEC', 8, 'exec format error'],
  ['EBADF', 9, 'bad file descriptor'],
  ['EAGAIN', 11, 'resource temporarily unavailable'],
  ['ENOMEM', 12, 'cannot allocate memory'],
  ['EACCES', 13, 'permission denied'],
  ['EFAULT', 14, 'bad address'],
  ['EBUSY', 16, 'device or resource busy'],
  ['EEXIST', 17, 'file exists'],
  ['EXDEV', 18, 'invalid cross-device link'],
  ['ENODEV', 19, 'no such device'],
  ['EINVAL', 22, 'invalid argument'],
  ['EMFILE', 24, 'too many open files'],
  ['EFBIG', 27, 'file too large'],
  ['ENOSPC', 28, 'no space left on device'],
  ['EROFS', 30, 'read-only file system'],
  ['ERANGE', 34, 'numerical result out of range'],
  ['ENOSYS', 38, 'function not implemented'],
  ['ELOOP', 40, 'too many levels of symbolic links'],
  ['EBADSLT', 57, 'invalid slot'],
  ['EILSEQ', 84, 'invalid or incomplete multibyte or wide character'],
  ['EOPNOTSUPP', 95, 'operation not supported'],
  ['EADDRINUSE', 98, 'address already in use'],
  ['EADDRNOTAVAIL', 99, 'cannot assign requested address'],
  ['EALREADY', 114, 'operation already in progress'],
  ['EUCLEAN', 117, 'structure needs cleaning'],
  ['ENOKEY', 126, 'required key not available'],
  ['EKEYREJECTED', 129, 'key was rejected by service'],
  // Internal to the kernel, but system calls of BPF return it. strerror() only knows the number.
  ['ENOTSUPP', 524, 'unknown error 524'],
]

/** Other texts for the same numbers: musl, Go and Rust word a few of them differently. */
const OTHER_TEXTS: Readonly<Record<string, string>> = {
  'not supported': 'EOPNOTSUPP',
  'unknown error -524': 'ENOTSUPP',
  'errno 524': 'ENOTSUPP',
  'out of memory': 'ENOMEM',
  'argument list too long (os error 7)': 'E2BIG',
  'invalid or incomplete multibyte': 'EILSEQ',
  'address not available': 'EADDRNOTAVAIL',
}

const BY_NUMBER = new Map(ERRNOS.map(([name, number]) => [number, name]))
const BY_TEXT = new Map(ERRNOS.map(([name, , text]) => [text, name]))
const NAMES = new Set(ERRNOS.map(([name]) => name))

/**
 * "-22", "-22 (Invalid argument)", "os error 22", "code: 22", "errno 22", "unknown error (-524)",
 * "strerror_r(-524)=22".
 */
const NUMBER =
  /^-?(\d{1,3})(?=\s*(?:$|\())|\b(?:os error|errno:?|code:|err(?:or)?[ =:]|error|strerror_r)[ (=:]*-?(\d{1,3})\b|\(-(\d{1,3})\)/

/**
 * EINVAL of "Invalid argument", "invalid argument (os error 22)", "-22", "(-EINVAL)", ...; undefined where there is no
 * error in it.
 */
export function errnoOf(text: string): string | undefined {
  const plain = text.trim().toLowerCase()
  const name = /\be[0-9a-z]{3,12}\b/.exec(plain)?.[0].toUpperCase()
  if (name !== undefined && NAMES.has(name)) return name
  const known = BY_TEXT.get(plain.replace(/[\s.!]*(?:\(.*)?$/, '')) ?? OTHER_TEXTS[plain]
  if (known !== undefined) return known
  const number = NUMBER.exec(plain)
    ?.slice(1)
    .find((digits) => digits !== undefined)
  const numbered = number === undefined ? undefined : BY_NUMBER.get(Number(number))
  return numbered ?? [...BY_TEXT].find(([words]) => plain.startsWith(words))?.[1]
}

/** 22 of EINVAL. */
export const numberOf = (name: string): number | undefined => ERRNOS.find((row) => row[0] === name)?.[1]
