/** A Debian root file system as a tar archive, and a tree as an ext4 image; both work without root. */
import { existsSync } from 'node:fs'
import { chmod, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { labError } from '../engine/error.ts'
import { hashText } from '../engine/fingerprint.ts'
import { undoAtForcedEnd } from '../engine/interruption.ts'
import { printable } from '../engine/printable.ts'
import { makeScratch } from '../engine/scratch.ts'
import { diskFull } from '../engine/disk.ts'
import { saysNoSpace } from '../engine/outside-words.ts'
import { debianMirror } from './apt.ts'
import { setImageTimes } from './ext4-times.ts'
import { has, run, start } from './sh.ts'
import { inNamespaces, withParent, type Namespaces } from './with-parent.ts'

export interface Bootstrap {
  readonly suite: string
  readonly variant: string
  readonly packages: readonly string[]
  /** Path patterns that dpkg leaves out. */
  readonly exclude: readonly string[]
  /** Login shell of root. */
  readonly shell: string
  /** apt_preferences(5) that choose versions; a file, or none. */
  readonly preferences?: string | undefined
  /** Fills a new directory with an archive that is taken instead of a mirror (debian/local-archive.ts). */
  readonly archive?: ((dir: string) => Promise<void>) | undefined
  readonly tar: string
  readonly log: string
  readonly place: string
  readonly signal: AbortSignal
  readonly onPhase: (phase: string) => void
}

/** Without root, files of other users need the user's subordinate ids (util-linux >= 2.38 maps all of them). */
const asRoot = (): readonly string[] =>
  process.getuid?.() === 0 ? [] : ['unshare', '--map-root-user', '--map-auto', '--']

/**
 * As root, mmdebstrap mounts /proc, /sys and more below its directory, where everybody sees them, and goes on for a
 * while when it is told to end alone. In namespaces of its own that end with us, whatever ends us, neither mounts nor
 * programs of it can stay.
 */
const CONTAINED: readonly Namespaces[] = [
  { options: ['--mount'], mountProc: true },
  // Below a chroot no mount namespace can be made private, since its root is no mount. What a killed lab leaves
  // mounted, `lab gc` takes away.
  { options: [] },
]

/** A container's root may make no namespaces; nor can it mount, and mmdebstrap does without. */
async function contained(signal: AbortSignal): Promise<readonly string[]> {
  if (process.getuid?.() !== 0) return []
  const accept = Array.from({ length: 256 }, (_, code) => code)
  for (const namespaces of CONTAINED) {
    const words = withParent('KILL', inNamespaces(namespaces))
    if ((await run([...words, 'true'], { signal, accept })).status === 0) return words
  }
  return []
}

/** Where something is mounted below a directory, the innermost first (proc(5): blanks and the like are octal). */
async function mountsBelow(dir: string): Promise<string[]> {
  const table = await readFile('/proc/self/mounts', 'utf8')
  return table
    .split('\n')
    .map((line) =>
      (line.split(' ')[1] ?? '').replaceAll(/\\([0-7]{3})/g, (_, code: string) =>
        String.fromCharCode(Number.parseInt(code, 8)),
      ),
    )
    .filter((mount) => mount.startsWith(`${dir}/`))
    .toReversed()
}

/** Any exit status: whether a directory is gone is asked of the directory. */
const ANY = Array.from({ length: 256 }, (_, status) => status)

/**
 * Removes a directory, and no file system that is mounted in it. Without root some of its files may belong to the
 * user's subordinate ids; what is the user's own goes also where such ids cannot be had.
 * @returns whether it is gone
 */
export async function removeScratch(dir: string): Promise<boolean> {
  for (const mount of await mountsBelow(dir)) await run(['umount', '--lazy', '--', mount], { accept: ANY })
  for (const as of [[], asRoot()]) {
    await run([...as, 'rm', '-rf', '--one-file-system', '--', dir], { accept: ANY })
    if (!existsSync(dir)) return true
  }
  return false
}

/**
 * Has a directory removed when the command ends by force, which waits for nothing: without root, by a program that
 * outlives us and has the user's subordinate ids. For root, whoever made the directory has registered it.
 * @returns takes it back
 */
export function removeAfterForcedEnd(dir: string): () => void {
  const as = asRoot()
  if (as.length === 0) return () => undefined
  const argv = [...as, 'rm', '-rf', '--one-file-system', '--', dir]
  return undoAtForcedEnd(() => void start(argv, { cwd: '/', stderrFile: '/dev/null', dieWithUs: false }))
}

/** mmdebstrap's own wrapper of gpgv, which takes signatures of keys that have expired since. */
const EXPIRED_KEYS = '/usr/libexec/mmdebstrap/gpgvnoexpkeysig'

/** Where an image has the list of its packages (linux/package-list.ts). */
const PACKAGES = 'usr/share/lab-packages'

/**
 * Writes the list while apt still knows the hashes. A hook is a line of shell, which is mmdebstrap's way; $1 is the
 * tree. Nothing in it comes from anybody but us.
 */
const LIST_PACKAGES = [
  'export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"',
  `apt-cache show --no-all-versions $(dpkg-query --admindir="$1/var/lib/dpkg" --show --showformat '\${Package}=\${Version} ') > "$1/${PACKAGES}.apt"`,
  `awk '/^Package: /{p=$2} /^Version: /{v=$2} /^Architecture: /{a=$2} /^Filename: /{f=$2} /^SHA256: /{h=$2} /^$/{if (h) print p, v, a, h, f; h=""} END{if (h) print p, v, a, h, f}' "$1/${PACKAGES}.apt" | LC_ALL=C sort -u > "$1/${PACKAGES}"`,
  `rm "$1/${PACKAGES}.apt"`,
].join(' && ')

/** Variable with the file that has the patterns of what is left out, a line each. */
const EXCLUDED = 'LAB_EXCLUDED'

/**
 * Tells dpkg what to leave out once the first packages are unpacked, and removes what they brought of it. With
 * --dpkgopt=path-exclude mmdebstrap sends each of those packages through a filter in Python, which takes as long as all
 * else that it does to them (7.2 s instead of 3.2 s). What mmdebstrap mounted below (proc, sys) is not looked into:
 * without root much of it cannot be read, and find would fail.
 */
export const EXCLUDE = [
  `sed "s/^/path-exclude=/" "$${EXCLUDED}" > "$1/etc/dpkg/dpkg.cfg.d/lab-exclude"`,
  'cd "$1"',
  `while IFS= read -r pattern; do find . -xdev -depth -path ".$pattern" "(" ! -type d -o -empty ")" -delete; done < "$${EXCLUDED}"`,
].join(' && ')

/** Preferences are apt's while it installs, and no part of the image. */
const withPreferences = (file: string | undefined): string[] =>
  file === undefined
    ? []
    : [
        '--setup-hook=mkdir -p "$1/etc/apt/preferences.d"',
        `--setup-hook=copy-in "${file}" /etc/apt/preferences.d`,
        `--customize-hook=rm "$1/etc/apt/preferences.d/${basename(file)}"`,
      ]

/** Runs mmdebstrap against the mirror of the host's apt, or an archive of given packages. */
export async function bootstrap(wanted: Bootstrap): Promise<void> {
  const scratch = await makeScratch('image')
  const removed = removeAfterForcedEnd(scratch)
  try {
    // apt fetches as a user of its own.
    await chmod(scratch, 0o755)
    await mmdebstrap(wanted, scratch)
  } finally {
    await removeScratch(scratch)
    removed()
  }
}

/** A mirror as it was on one day, or of suites that left the others: what it has was signed long ago. */
const OF_THE_PAST = /\/\d{8}T\d{6}Z\/?$|^https?:\/\/archive\.debian\.org\//

/**
 * What a line of sources.list says of keys that are not Debian's, with a blank at its end. apt reads a copy, as a user
 * of its own.
 */
async function signedBy(scratch: string): Promise<string> {
  const own = process.env['LAB_DEBIAN_KEYRING']
  if (!own) return ''
  const copy = join(scratch, 'keyring.gpg')
  await copyFile(own, copy)
  await chmod(copy, 0o644)
  return `[signed-by=${copy}] `
}

/**
 * Options and the line of sources.list for where the packages are. Files that were hashed by us need no signature. Of a
 * mirror of the past, the date until which its index was valid, and that of the key, are over; the signature still has
 * to be one of a key that the host knows.
 */
async function sourceOf({ suite, archive, signal }: Bootstrap, scratch: string): Promise<string[]> {
  if (archive !== undefined) {
    const dir = join(scratch, 'archive')
    await archive(dir)
    return [`deb [trusted=yes] copy:${dir} ${suite} main`]
  }
  const mirror = await debianMirror(signal)
  const line = `deb ${await signedBy(scratch)}${mirror} ${suite} main`
  if (!(OF_THE_PAST.test(mirror) || process.env['LAB_DEBIAN_ARCHIVE'] === mirror)) return [line]
  const past = ['Acquire::Check-Valid-Until "false"', `APT::Key::gpgvcommand "${EXPIRED_KEYS}"`]
  return [line, ...past.map((option) => `--aptopt=${option}`)]
}

async function mmdebstrap(wanted: Bootstrap, scratch: string): Promise<void> {
  const { suite, variant, packages, exclude, shell, tar, log, place, signal } = wanted
  if (process.getuid?.() !== 0 && !(await has('newuidmap')))
    throw labError({
      place,
      fact: 'building an image without root needs newuidmap',
      wayOut: 'install the package uidmap, or run as root',
    })
  const excluded = join(scratch, 'excluded')
  const source = await sourceOf(wanted, scratch)
  await writeFile(excluded, exclude.map((pattern) => `${pattern}\n`).join(''))
  await run(
    [
      ...(await contained(signal)),
      'mmdebstrap',
      `--variant=${variant}`,
      '--format=tar',
      '--aptopt=Acquire::Languages "none"',
      `--customize-hook=chroot "$1" usermod --shell ${shell} root`,
      `--customize-hook=${LIST_PACKAGES}`,
      ...withPreferences(wanted.preferences),
      `--extract-hook=${EXCLUDE}`,
      // Whoever interrupts this gets no image: nothing has to survive a loss of power.
      '--dpkgopt=force-unsafe-io',
      '--include',
      packages.join(','),
      suite,
      tar,
      ...source,
    ],
    {
      signal,
      log,
      place,
      env: { SOURCE_DATE_EPOCH: '0', TMPDIR: scratch, [EXCLUDED]: excluded },
      onLine: (line) => {
        const phase = /^I: (.{3,60}?)\.*$/.exec(line)?.[1]
        if (phase) wanted.onPhase(phase)
      },
      wayOut: "the log has apt's own words; a mirror without this suite needs LAB_DEBIAN_MIRROR",
    },
  )
}

/** All times in an image: of its files, and of when it was made. Seconds since 1970; 0 would be "now" to mke2fs. */
const IMAGE_TIME = 1
/** libext2fs takes the time from the one, since 1.47.1 from the other. */
const TIME_ENV = { E2FSPROGS_FAKE_TIME: String(IMAGE_TIME), SOURCE_DATE_EPOCH: String(IMAGE_TIME) }

/** ext4 without what only costs time in a disk that is thrown away; the same tree gives the same bytes. */
const mke2fs = (uuid: string) => [
  'mke2fs',
  '-q',
  '-F',
  '-t',
  'ext4',
  '-U',
  uuid,
  '-E',
  'lazy_itable_init=1,root_owner=0:0,hash_seed=4c414200-0000-4000-8000-000000000002',
]
const ROOT_UUID = '4c414200-0000-4000-8000-000000000001'

/** The same for a disk of the same name, and another than that of the root disk or of a disk beside it. */
function uuidOf(name: string): string {
  const hash = hashText(`disk ${name}`)
  return `4c414200-${hash.slice(0, 4)}-4${hash.slice(4, 7)}-8${hash.slice(7, 10)}-${hash.slice(10, 22)}`
}

/** From here on blocks of 4 KiB leave room for a journal. Bytes. */
const LARGE_ENOUGH = 16 * 2 ** 20

export interface DataImage {
  /** The tree that it holds. */
  readonly dir: string
  readonly image: string
  readonly sizeBytes: number
  /** Of the disk: its UUID follows from it. */
  readonly name: string
  /** Further words for mke2fs. */
  readonly words: readonly string[]
}

/** Without checksums over the metadata: its times are set afterwards. */
const NO_CHECKSUMS = '^metadata_csum'

export interface RootImage {
  readonly tar: string
  /** Directories that are laid over the tree, in order. */
  readonly overlays: readonly string[]
  readonly sizeBytes: number
  readonly image: string
  readonly log: string
  readonly place: string
  readonly signal: AbortSignal
}

/**
 * Lays a directory's entries over a tree. Modes are those that git knows, 755 and 644; directories that are there stay
 * as they are (/tmp is for everybody), also behind a link (/sbin is /usr/sbin).
 */
async function layOver(
  overlay: string,
  root: string,
  archive: string,
  options: Pick<RootImage, 'signal' | 'log' | 'place'>,
): Promise<void> {
  const owned = ['--owner=0', '--group=0', '--mode=u=rwX,go=rX']
  try {
    await run(['tar', '--create', '--file', archive, ...owned, '--directory', overlay, '.'], options)
    const kept = ['--no-overwrite-dir', '--keep-directory-symlink']
    await run([...asRoot(), 'tar', '--extract', '--file', archive, ...kept, '--directory', root], options)
  } finally {
    await rm(archive, { force: true })
  }
}

/**
 * Unpacks an archive, lays overlays over it and makes an ext4 image of the result. Returns the image's package list.
 */
export async function rootImage({ tar, overlays, sizeBytes, image, log, place, signal }: RootImage): Promise<string> {
  const root = `${image}.root`
  const options = { signal, log, place }
  const as = asRoot()
  await mkdir(root, { recursive: true })
  const removed = removeAfterForcedEnd(root)
  try {
    await run([...as, 'tar', '--extract', '--file', tar, '--directory', root, '--exclude=./dev/*'], options)
    for (const overlay of overlays) await layOver(overlay, root, `${image}.overlay`, options)
    const listed = await readFile(join(root, PACKAGES), 'utf8')
    await run(['truncate', '-s', String(sizeBytes), image], options)
    // No journal: the overlay of a VM never outlives it.
    await run([...as, ...mke2fs(ROOT_UUID), '-O', `^has_journal,${NO_CHECKSUMS}`, '-d', root, image], {
      ...options,
      env: TIME_ENV,
      wayOut: 'is `size:` of the recipe large enough?',
    })
    await setImageTimes(image, IMAGE_TIME)
    return listed
  } finally {
    await removeScratch(root)
    removed()
  }
}

/** Makes an ext4 image of a directory's files, owned by root, with a journal as a real disk has one. */
export async function dataImage(
  { dir, image, sizeBytes, name, words }: DataImage,
  place: string,
  signal: AbortSignal,
): Promise<void> {
  await run(['truncate', '-s', String(sizeBytes), image], { signal, place })
  // mke2fs gives small file systems blocks of 1 KiB; disks of people have 4 KiB, and one page is then one block.
  const blocks = sizeBytes >= LARGE_ENOUGH && !words.includes('-b') ? ['-b', '4096'] : []
  await run([...mke2fs(uuidOf(name)), '-O', NO_CHECKSUMS, ...blocks, ...words, '-d', dir, image], {
    signal,
    place,
    env: TIME_ENV,
    wayOut:
      words.length > 0
        ? 'does mke2fs(8) know the words of `mkfs:`? is `size:` of the disk large enough for its files?'
        : 'is `size:` of the disk large enough for its files?',
  })
  await setImageTimes(image, IMAGE_TIME)
}

/** What debugfs says where nothing is wrong: its version, and that without root nobody may give a file to others. */
const NO_PROBLEM = /^debugfs \d|: Operation not permitted while changing ownership of /

/**
 * Brings the files of an ext4 image into a new directory, without mounting it. Owners are lost where we are not root.
 * @throws a lab's Failure for an image that cannot be read to its end
 */
export async function readTree(image: string, to: string, place: string, signal: AbortSignal): Promise<void> {
  await mkdir(to, { recursive: true })
  // debugfs reads its commands as words; ours have no blanks as long as the cache's path has none.
  const { stderr } = await run(['debugfs', '-R', `rdump / "${to}"`, image], { signal, place })
  // It ends with status 0 whatever happens (e2fsprogs 1.47): what it says is all there is to go by.
  const problems = stderr.split('\n').filter((line) => line.trim() !== '' && !NO_PROBLEM.test(line))
  if (problems.length === 0) return
  if (problems.some(saysNoSpace))
    throw diskFull(
      place,
      problems.slice(0, 3).map((line) => printable(line, 200)),
      { near: [to] },
    )
  throw labError({
    place,
    fact: `the image cannot be read: ${image}`,
    lines: problems.slice(0, 10).map((line) => printable(line, 200)),
    wayOut: 'remove its directory, and it is built again',
  })
}
